// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which flows live, and whose they are, as the loader lists them: the same as the programs say, for many
 * policies that overlap in every way. Flows begin under a policy that allows all; then another comes
 * into force, and each flow is asked for twice: by the list, and by a reply that the programs judge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/prog.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/flows.h"
#include "user/kernel/readback.h"
#include "user/kernel/state.h"

#define POLICIES 40u
#define FLOWS 200u
#define RULES 14u

/* All that flows have: each port is an entry that publishing writes and reads back. */
#define PORTS "[100-119, 150-170, 199-210, 300, 65535]"

static const char all[] =
	"policy: all\n"
	"rules:\n"
	"  - {name: tcp, direction: out, protocol: tcp, ports: " PORTS "}\n"
	"  - {name: udp, direction: out, protocol: udp, ports: " PORTS "}\n"
	"  - {name: sctp, direction: out, protocol: sctp, ports: " PORTS "}\n"
	"  - {name: gre, direction: out, protocol: 47}\n"
	"  - {name: icmp, direction: out, protocol: icmp, types: echo-request}\n"
	"  - {name: six, direction: out, protocol: icmpv6, types: echo-request}\n";

/* Few of each, so that much overlaps. */
static const char *const protocols[] = { "tcp", "udp", "sctp", "47", "icmp", "icmpv6" };
static const char *const ports[] = { "100-199", "150", "[100, 160-170, 300]", PORTS, "200-400" };
static const char *const peers[] = { "150", "[1-120, 300-65535]", "199-200" };
static const char *const sets[] = { "any",  "192.0.2.0/28",      "[192.0.2.10, \"2001:db8::10\"]",
				    "blue", "\"2001:db8::/32\"", "198.51.100.0/24" };
static const char *const hosts[] = { "192.0.2.10", "192.0.2.200" };
static const char *const others[] = { "198.51.100.7", "203.0.113.9", "192.0.2.3" };
static const char *const hosts6[] = { "2001:db8::10", "2001:db9::10" };
static const char *const others6[] = { "2001:db8:1::7", "2001:db9::7" };
static const unsigned int flow_ports[] = { 100, 119, 150, 165, 199, 200, 300, 65535 };

static uint32_t random_state;

/* A generator of its own: the same order on every machine. */
static uint32_t pick(uint32_t count)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 16) % count;
}
#define ONE_OF(list) ((list)[pick((uint32_t)PROG_COUNT(list))])

static char *a_policy(void)
{
	static const char *const roles[] = { "destination", "source", "either" };
	struct text text = { 0 };

	text_format(&text, "policy: some\ngroups: {blue: [192.0.2.200, 203.0.113.0/24]}\nrules:\n");
	for (unsigned int i = 0; i < RULES; i++) {
		const char *protocol = protocols[pick(12) < 8 ? pick(3) : pick(6)];
		bool has_ports = protocol[0] != '4' && protocol[0] != 'i';
		uint32_t role = pick(3);

		text_format(&text, "  - {name: r%u, direction: out, protocol: %s", i, protocol);
		if (has_ports)
			text_format(&text, ", ports: %s, port-of: %s", ONE_OF(ports), roles[role]);
		else if (protocol[0] == 'i')
			text_add(&text, pick(3) ? ", types: echo-request" : ", types: 13");
		if (has_ports && role != 2 && !pick(3))
			text_format(&text, ", peer-ports: %s", ONE_OF(peers));
		if (pick(3))
			text_format(&text, ", from: %s", ONE_OF(sets));
		if (pick(3))
			text_format(&text, ", to: %s", ONE_OF(sets));
		text_add(&text, "}\n");
	}
	text_format(&text, "essentials: {ping: %s}\n", pick(2) ? "true" : "false");
	return text_take(&text);
}

/* A flow in words, as the host's packet and as the reply to it. */
struct conversation {
	char out[160], in[160];
	struct flow_ends ends;
};

static void a_conversation(struct conversation *talk)
{
	const char *protocol = ONE_OF(protocols);
	bool six = strcmp(protocol, "icmpv6") == 0 || (strcmp(protocol, "icmp") != 0 && pick(2));
	const char *host = six ? ONE_OF(hosts6) : ONE_OF(hosts);
	const char *other = six ? ONE_OF(others6) : ONE_OF(others);
	unsigned int sport = ONE_OF(flow_ports), dport = ONE_OF(flow_ports);
	const char *open = six ? "[" : "", *close = six ? "]" : "";

	*talk = (struct conversation){ .ends = { .family = six ? 6 : 4 } };
	inet_pton(six ? AF_INET6 : AF_INET, host, talk->ends.local);
	inet_pton(six ? AF_INET6 : AF_INET, other, talk->ends.remote);
	if (protocol[0] == 'i') {
		talk->ends.protocol = six ? 58 : 1;
		talk->ends.local_port = htons((uint16_t)sport);
		snprintf(talk->out, sizeof(talk->out), "out %s %s > %s type=%d echo=%u", protocol,
			 host, other, six ? 128 : 8, sport);
		snprintf(talk->in, sizeof(talk->in), "in %s %s > %s type=%d echo=%u", protocol,
			 other, host, six ? 129 : 0, sport);
		return;
	}
	if (protocol[0] == '4') {
		talk->ends.protocol = 47;
		snprintf(talk->out, sizeof(talk->out), "out 47 %s > %s", host, other);
		snprintf(talk->in, sizeof(talk->in), "in 47 %s > %s", other, host);
		return;
	}
	talk->ends.protocol = protocol[0] == 't' ? 6 : protocol[0] == 'u' ? 17 : 132;
	talk->ends.local_port = htons((uint16_t)sport);
	talk->ends.remote_port = htons((uint16_t)dport);
	snprintf(talk->out, sizeof(talk->out), "out %s %s%s%s:%u > %s%s%s:%u%s", protocol, open,
		 host, close, sport, open, other, close, dport, protocol[0] == 't' ? " ack" : "");
	snprintf(talk->in, sizeof(talk->in), "in %s %s%s%s:%u > %s%s%s:%u%s", protocol, open, other,
		 close, dport, open, host, close, sport, protocol[0] == 't' ? " ack" : "");
}

static int keep(const struct flows_entry *entry, void *data)
{
	struct flows *flows = data;

	assert_true(flows->count < PROG_FLOWS_MAX);
	flows->list[flows->count++] = *entry;
	return 0;
}

static int inner(const struct prog *prog, enum object_map outer, unsigned int slot)
{
	uint32_t id = 0;

	return bpf_map_lookup_elem(prog->object.maps[outer], &slot, &id) ? -1 :
									   bpf_map_get_fd_by_id(id);
}

/* What the loader says lives under the policy in force. */
static void list(const struct prog *prog, struct flows *flows)
{
	unsigned int slot = state_unpack(state_read(prog->word)).live;
	autoclose int tuples = inner(prog, MAP_TUPLES, slot);
	autoclose int four = inner(prog, MAP_PREFIXES4, slot);
	autoclose int six = inner(prog, MAP_PREFIXES6, slot);
	cleanup(image_free) struct image image = { 0 };
	cleanup(lookup_end) struct lookup rules = { 0 };
	const struct flows_source source = {
		.tables = { prog->object.maps[MAP_FLOWS4], prog->object.maps[MAP_FLOWS6] },
		.rules = &rules,
		.now = prog->now,
		.hz = PROG_HZ,
	};

	assert_return_code(readback_maps(&state_memory(prog->word)->generations[slot], tuples, four,
					 six, &image),
			   0);
	assert_return_code(lookup_begin(&rules, &image), 0);
	flows->count = 0;
	assert_return_code(flows_walk(&source, keep, flows), 0);
}

static bool is_the_same(const struct flow_ends *one, const struct flow_ends *two)
{
	return memcmp(one->local, two->local, sizeof(one->local)) == 0 &&
	       memcmp(one->remote, two->remote, sizeof(one->remote)) == 0 &&
	       one->local_port == two->local_port && one->remote_port == two->remote_port &&
	       one->family == two->family && one->protocol == two->protocol;
}

static const struct flows_entry *find(const struct flows *flows, const struct flow_ends *ends)
{
	for (size_t i = 0; i < flows->count; i++)
		if (is_the_same(&flows->list[i].ends, ends))
			return &flows->list[i];
	return NULL;
}

static void a_flow_belongs_to_the_rule_whose_reply_it_lets_in(void **unused)
{
	static struct conversation talks[FLOWS];
	static struct frame_bytes frame;
	static struct flows_entry room[PROG_FLOWS_MAX];
	struct flows flows = { .list = room };
	size_t by_rule = 0, by_ping = 0, dead = 0, not_first = 0;
	struct prog prog;

	(void)unused;
	random_state = 1;
	prog_open(&prog, true);
	for (unsigned int n = 0; n < POLICIES; n++) {
		autofree char *text = a_policy();

		prog_reset(&prog);
		prog_policy(&prog, all);
		for (size_t i = 0; i < FLOWS; i++) {
			a_conversation(&talks[i]);
			frame_write(talks[i].out, &frame);
			assert_int_equal(
				DECISION_OUTCOME(prog_decide(&prog, PROG_TC, PROG_SHORT, &frame)),
				OUTCOME_RULE);
		}
		list(&prog, &flows);
		assert_int_equal(flows.count, prog_flows(&prog));
		prog_policy(&prog, text);
		list(&prog, &flows);
		for (size_t i = 0; i < FLOWS; i++) {
			const struct flows_entry *entry = find(&flows, &talks[i].ends);
			uint32_t decision;

			frame_write(talks[i].in, &frame);
			decision = prog_decide(&prog, PROG_TC, PROG_SHORT, &frame);
			if (DECISION_OUTCOME(decision) == OUTCOME_REPLY) {
				if (!entry || entry->rule != DECISION_SLOT(decision))
					fail_msg("%s: rule %d, but the program says %u, in\n%s",
						 talks[i].out, entry ? entry->rule : -1,
						 DECISION_SLOT(decision), text);
				by_rule++;
				not_first += entry->rule > RULE_SLOTS_PER_DIRECTION + RULES / 2;
			} else if (DECISION_OUTCOME(decision) == OUTCOME_PASS_PING) {
				assert_true(entry && entry->rule == 0);
				by_ping++;
			} else {
				if (entry)
					fail_msg("%s: rule %u, but the program drops it, in\n%s",
						 talks[i].out, entry->rule, text);
				dead++;
			}
		}
	}
	/* or it would show nothing */
	assert_true(by_rule > 1000 && by_ping > 100 && dead > 1000 && not_first > 100);
	prog_close(&prog);
}

/* Timeouts are those of the policy in force; ages are from the first packet. */
static void a_flow_is_listed_until_its_timeout(void **unused)
{
	static const char text[] =
		"policy: times\n"
		"flows: {max: 1024, timeouts: {tcp: 1h, tcp-transitory: 2m, udp: 90s, icmp: 30s,\n"
		"        other: 40s}}\n"
		"rules:\n"
		"  - {name: tcp, direction: out, protocol: tcp, ports: 80}\n"
		"  - {name: udp, direction: out, protocol: udp, ports: 53}\n"
		"  - {name: gre, direction: out, protocol: 47}\n"
		"  - {name: icmp, direction: out, protocol: icmp, types: echo-request}\n";
	static const struct {
		const char *words;
		uint32_t left;
	} cases[] = {
		{ "out tcp HOST:1000 > PEER:80 ack", 3600 },
		{ "out tcp HOST:1000 > PEER:80 syn", 120 },
		{ "out udp HOST:1000 > PEER:53", 90 },
		{ "out 47 HOST > PEER", 40 },
		{ "out icmp HOST > PEER type=8 echo=7", 30 },
	};
	static struct frame_bytes frame;
	static struct flows_entry room[PROG_FLOWS_MAX];
	struct flows flows = { .list = room };
	struct prog prog;

	(void)unused;
	prog_open(&prog, true);
	prog_policy(&prog, text);
	for (size_t i = 0; i < PROG_COUNT(cases); i++) {
		char varied[FRAME_TEXT_MAX];

		prog_reset(&prog);
		frame_vary(cases[i].words, 4, "", varied);
		frame_write(varied, &frame);
		prog_decide(&prog, PROG_TC, PROG_SHORT, &frame);
		list(&prog, &flows);
		assert_int_equal(flows.count, 1);
		assert_int_equal(flows.list[0].age, 0);
		assert_int_equal(flows.list[0].left, cases[i].left);
		prog_wait(&prog, cases[i].left - 1);
		list(&prog, &flows);
		assert_int_equal(flows.count, 1);
		assert_int_equal(flows.list[0].age, cases[i].left - 1);
		assert_int_equal(flows.list[0].left, 1);
		prog.now += PROG_HZ - 1;
		list(&prog, &flows);
		assert_int_equal(flows.count, 1);
		prog.now += 1;
		list(&prog, &flows);
		assert_int_equal(flows.count, 0);
		/* it still stands in the table */
		assert_int_equal(prog_flows(&prog), 1);
	}
	prog_close(&prog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_belongs_to_the_rule_whose_reply_it_lets_in),
		cmocka_unit_test(a_flow_is_listed_until_its_timeout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
