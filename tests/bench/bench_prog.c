// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet costs, for each way that it can end: one hot packet after another like it, against a
 * program that does nothing but drop; beside it what the least that a gate could do would cost
 * (tests/lib/minimal.bpf.c), and what it costs while both CPUs do it. How it is measured: measure.h.
 *
 *	build/bench/bench_prog [--rounds N] [--repeats N] [--json FILE]
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/measure.h"

#define ROUNDS 25u
#define REPEATS 100000u
#define NEW_FEWER 5u /* a new flow costs ten to twenty times what another packet does */
#define MINIMAL "build/tests/lib/minimal.bpf.o"
#define SERVICE 3478u /* the port that minimal's table has */

/* The targets: nanoseconds above the bare program. */
#define RULE_HIT 6
#define REPLY_HIT 28
#define CLOSED 8
#define KNOWN_FLOW 34
#define SENT_ANSWER 10
#define NEW_FLOW 600

/* The default policy with addresses, as a real edge has it: rules then go by candidate lists. */
static const struct policy_group_override edge_groups[] = {
	{ "access-edge", "192.0.2.10,2001:db8::10" },
	{ "av-edge", "192.0.2.10,2001:db8::10" },
};

/* What rules may ask more; on ports 2 and 4 nearly nothing passes. And ping, which is off by default. */
static const char more_policy[] =
	"policy: more\n"
	"essentials: {ping: true}\n"
	"rules:\n"
	"  - {name: rule, direction: in, protocol: udp, ports: 1,\n"
	"     limit: {rate: 10000000/s, burst: 10000000}}\n"
	"  - {name: rule-over, direction: in, protocol: udp, ports: 2, limit: {rate: 1/m}}\n"
	"  - {name: source, direction: in, protocol: udp, ports: 3,\n"
	"     limit: {rate: 10000000/s, burst: 10000000, per: source}}\n"
	"  - {name: source-over, direction: in, protocol: udp, ports: 4,\n"
	"     limit: {rate: 1/m, per: source}}\n"
	"  - {name: opening, direction: in, protocol: tcp, ports: 1, limit: {rate: 1/m}}\n"
	"  - {name: peer-ports, direction: in, protocol: udp, ports: 5, peer-ports: 4000}\n";

/* Gates: the default policy, with addresses, what rules may ask more, one for new flows alone. */
enum gate { DEFAULT, GROUPS, MORE, FRESH, GATES, NO_GATE = GATES };

/* Programs that are no gate's. */
enum other {
	BARE_XDP,
	BARE_TC,
	TOUCH,
	PARSE,
	TABLE,
	COUNT,
	PORTS,
	FLOW,
	ANSWER,
	SENT,
	KEEP,
	OTHERS
};

/* What a case runs: a gate's program, or another one. */
enum hook { XDP_IN, XDP_OUT, TC_OUT, OTHER };

/* A case, as this file writes them. */
struct prog_row {
	const char *name;
	enum hook hook;
	unsigned int of; /* enum gate or enum other */
	enum outcome outcome;
	const char *words;
	const char *first; /* what goes before; NULL: nothing */
	double most;       /* target: nanoseconds above the bare program; 0: none */
};

#define UDP4 "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16"
#define TCP4 "in tcp 198.51.100.7:4000 > 192.0.2.10:5061 ack"
#define TCP6 "in tcp [2001:db8::7]:4000 > [2001:db8::10]:5061 ack"
#define UDP6 "in udp [2001:db8::7]:4000 > [2001:db8::10]:3478 data=16"
#define SENT4 "out udp 192.0.2.10:40000 > 198.51.100.7:3478 data=16"
#define SENT6 "out tcp [2001:db8::10]:40000 > [2001:db8::7]:5061 ack"
#define ANSWERED "out tcp 192.0.2.10:443 > 198.51.100.7:4000 ack"
#define CLOSED4 "in udp 198.51.100.7:4000 > 192.0.2.10:9999 data=16"
#define REFUSED4 "out udp 192.0.2.10:4000 > 198.51.100.7:9999 data=16"
#define FRAGMENT "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16 id=7 mf"
#define OF_SENT4 "quote{ udp 192.0.2.10:40000 > 198.51.100.7:3478 }"

static const struct prog_row in_rows[] = {
	{ "bare XDP_DROP", OTHER, BARE_XDP, 0, UDP4, NULL, 0 },
	{ "least: touch", OTHER, TOUCH, 0, UDP4, NULL, 0 },
	{ "least: touch, parse", OTHER, PARSE, 0, UDP4, NULL, 0 },
	{ "least: touch, parse, table", OTHER, TABLE, 0, UDP4, NULL, 0 },
	{ "least: touch, parse, table, count", OTHER, COUNT, 0, UDP4, NULL, 0 },
	{ "least: touch, parse, both ports' tables, count", OTHER, PORTS, 0, CLOSED4, NULL, 0 },
	{ "least: touch, parse, flow", OTHER, FLOW, 0, UDP4, NULL, 0 },

	{ "rule hit, UDP/IPv4", XDP_IN, DEFAULT, OUTCOME_RULE, UDP4, NULL, RULE_HIT },
	{ "rule hit, TCP/IPv4", XDP_IN, DEFAULT, OUTCOME_RULE, TCP4, NULL, RULE_HIT },
	{ "rule hit, UDP/IPv6", XDP_IN, DEFAULT, OUTCOME_RULE, UDP6, NULL, RULE_HIT },
	{ "rule hit, TCP/IPv6", XDP_IN, DEFAULT, OUTCOME_RULE, TCP6, NULL, RULE_HIT },
	{ "rule hit, one tag", XDP_IN, DEFAULT, OUTCOME_RULE, UDP4 " tag=8100", NULL, RULE_HIT },
	{ "rule hit, two tags", XDP_IN, DEFAULT, OUTCOME_RULE, UDP4 " tag=88a8 tag=8100", NULL, 0 },
	{ "rule hit, IPv4 options", XDP_IN, DEFAULT, OUTCOME_RULE, UDP4 " options=01010101", NULL,
	  0 },
	{ "rule hit, two IPv6 extension headers", XDP_IN, DEFAULT, OUTCOME_RULE, TCP6 " hop dst",
	  NULL, 0 },
	{ "rule hit, addresses", XDP_IN, GROUPS, OUTCOME_RULE, TCP4, NULL, 0 },
	{ "rule hit, addresses, IPv6", XDP_IN, GROUPS, OUTCOME_RULE, TCP6, NULL, 0 },
	{ "rule for others' addresses", XDP_IN, GROUPS, OUTCOME_DROP_ADDRESS,
	  "in tcp 198.51.100.7:4000 > 192.0.2.11:5061 ack", NULL, 0 },
	{ "rule hit, peer-ports", XDP_IN, MORE, OUTCOME_RULE,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:5 data=16", NULL, 0 },
	{ "rule hit, limit per rule", XDP_IN, MORE, OUTCOME_RULE,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:1 data=16", NULL, 0 },
	{ "rule hit, limit per source", XDP_IN, MORE, OUTCOME_RULE,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:3 data=16", NULL, 0 },
	{ "rule hit, limit, TCP goes on", XDP_IN, MORE, OUTCOME_RULE,
	  "in tcp 198.51.100.7:4000 > 192.0.2.10:1 ack", NULL, 0 },
	{ "over a limit per rule", XDP_IN, MORE, OUTCOME_DROP_RATE_LIMIT,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:2 data=16", NULL, 0 },
	{ "over a limit per source", XDP_IN, MORE, OUTCOME_DROP_RATE_LIMIT,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:4 data=16", NULL, 0 },

	{ "reply by flow, UDP/IPv4", XDP_IN, DEFAULT, OUTCOME_REPLY,
	  "in udp 198.51.100.7:3478 > 192.0.2.10:40000 data=16", SENT4, REPLY_HIT },
	{ "reply by flow, TCP/IPv6", XDP_IN, DEFAULT, OUTCOME_REPLY,
	  "in tcp [2001:db8::7]:5061 > [2001:db8::10]:40000 ack", SENT6, REPLY_HIT },
	{ "forged reply, UDP/IPv4", XDP_IN, DEFAULT, OUTCOME_DROP_NO_RULE,
	  "in udp 198.51.100.7:3478 > 192.0.2.10:9999 data=16", NULL, 0 },
	{ "facing inside: service answer", XDP_OUT, DEFAULT, OUTCOME_REPLY, ANSWERED, NULL, 0 },
	{ "facing inside: known flow", XDP_OUT, DEFAULT, OUTCOME_RULE, SENT4, SENT4, 0 },

	{ "closed port, UDP/IPv4", XDP_IN, DEFAULT, OUTCOME_DROP_NO_RULE, CLOSED4, NULL, CLOSED },
	{ "closed port, SYN/IPv4", XDP_IN, DEFAULT, OUTCOME_DROP_NO_RULE,
	  "in tcp 198.51.100.7:4000 > 192.0.2.10:22 syn", NULL, CLOSED },
	{ "closed port, SYN/IPv6", XDP_IN, DEFAULT, OUTCOME_DROP_NO_RULE,
	  "in tcp [2001:db8::7]:4000 > [2001:db8::10]:22 syn", NULL, CLOSED },
	{ "random tuple, ACK/IPv4", XDP_IN, DEFAULT, OUTCOME_DROP_NO_RULE,
	  "in tcp 203.0.113.77:51413 > 192.0.2.10:23709 ack", NULL, CLOSED },
	{ "protocol without a rule (GRE)", XDP_IN, DEFAULT, OUTCOME_DROP_NO_RULE,
	  "in 47 198.51.100.7 > 192.0.2.10 data=16", NULL, 0 },
	{ "first fragment", XDP_IN, DEFAULT, OUTCOME_RULE, FRAGMENT, NULL, 0 },
	{ "later fragment", XDP_IN, DEFAULT, OUTCOME_PASS_FRAGMENT,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16 id=7 offset=24", FRAGMENT, 0 },
	{ "later fragment of nothing", XDP_IN, DEFAULT, OUTCOME_DROP_FRAGMENT,
	  "in udp 198.51.100.7:4000 > 192.0.2.10:3478 data=16 id=8 offset=24", NULL, 0 },

	{ "ARP", XDP_IN, DEFAULT, OUTCOME_PASS_ARP, "in arp", NULL, 0 },
	{ "neighbor solicitation", XDP_IN, DEFAULT, OUTCOME_PASS_NEIGHBOR_DISCOVERY,
	  "in icmpv6 fe80::1 > fe80::2 type=135 ttl=255 transport=24", NULL, 0 },
	{ "DHCP answer", XDP_IN, DEFAULT, OUTCOME_PASS_DHCP,
	  "in udp 192.0.2.1:67 > 192.0.2.10:68 data=240",
	  "out udp 0.0.0.0:68 > 255.255.255.255:67 data=240", 0 },
	{ "ping, request", XDP_IN, MORE, OUTCOME_PASS_PING,
	  "in icmp 198.51.100.7 > 192.0.2.10 type=8 echo=7", NULL, 0 },
	{ "ping, reply", XDP_IN, MORE, OUTCOME_PASS_PING,
	  "in icmp 198.51.100.7 > 192.0.2.10 type=0 echo=7",
	  "out icmp 192.0.2.10 > 198.51.100.7 type=8 echo=7", 0 },
	{ "ICMP error about a flow", XDP_IN, DEFAULT, OUTCOME_PASS_ICMP_ERROR,
	  "in icmp 198.51.100.1 > 192.0.2.10 type=3 code=3 " OF_SENT4, SENT4, 0 },
	{ "ICMP error about nothing", XDP_IN, DEFAULT, OUTCOME_DROP_UNRELATED_ICMP,
	  "in icmp 198.51.100.1 > 192.0.2.10 type=3 code=3 "
	  "quote{ udp 192.0.2.10:40001 > 198.51.100.7:3478 }",
	  NULL, 0 },
	{ "martian source", XDP_IN, DEFAULT, OUTCOME_DROP_MARTIAN,
	  "in udp 127.0.0.1:4000 > 192.0.2.10:3478 data=16", NULL, 0 },
};

static const struct prog_row out_rows[] = {
	{ "bare tc drop", OTHER, BARE_TC, 0, SENT4, NULL, 0 },
	{ "least: touch, parse, table, flow, count", OTHER, SENT, 0, SENT4, NULL, 0 },
	{ "least: touch, parse, both ports' tables, count", OTHER, ANSWER, 0, REFUSED4, NULL, 0 },
	{ "known flow, UDP/IPv4", TC_OUT, DEFAULT, OUTCOME_RULE, SENT4, SENT4, KNOWN_FLOW },
	{ "known flow, TCP/IPv6", TC_OUT, DEFAULT, OUTCOME_RULE, SENT6, SENT6, KNOWN_FLOW },
	{ "service answer, TCP/IPv4", TC_OUT, DEFAULT, OUTCOME_REPLY, ANSWERED, NULL, SENT_ANSWER },
	{ "service answer, UDP/IPv6", TC_OUT, DEFAULT, OUTCOME_REPLY,
	  "out udp [2001:db8::10]:3478 > [2001:db8::7]:4000 data=16", NULL, SENT_ANSWER },
	{ "service answer, addresses", TC_OUT, GROUPS, OUTCOME_REPLY, ANSWERED, NULL, 0 },
	{ "rejected, SYN/IPv4", TC_OUT, DEFAULT, OUTCOME_DROP_NO_RULE,
	  "out tcp 192.0.2.10:4000 > 198.51.100.7:443 syn", NULL, SENT_ANSWER },
	{ "rejected, UDP/IPv4", TC_OUT, DEFAULT, OUTCOME_DROP_NO_RULE, REFUSED4, NULL,
	  SENT_ANSWER },
	{ "ARP", TC_OUT, DEFAULT, OUTCOME_PASS_ARP, "out arp", NULL, 0 },
};

#define ROWS(list) (sizeof(list) / sizeof(*(list)))

/* All that is measured. */
struct bench {
	struct measure measure;
	struct object gates[GATES];
	struct bpf_object *minimal;
	int others[OTHERS];
};

static void bench_load_minimal(struct bench *bench)
{
	static const char *const names[OTHERS] = {
		[TOUCH] = "minimal_touch",   [PARSE] = "minimal_parse",  [TABLE] = "minimal_table",
		[COUNT] = "minimal_count",   [PORTS] = "minimal_closed", [FLOW] = "minimal_flow",
		[ANSWER] = "minimal_answer", [SENT] = "minimal_sent",    [KEEP] = "minimal_keep",
	};
	struct bpf_map *memory;
	uint16_t *table;
	size_t size = 0;

	bench->minimal = bpf_object__open_file(MINIMAL, NULL);
	if (!bench->minimal)
		measure_fail("open " MINIMAL, errno);
	memory = bpf_object__find_map_by_name(bench->minimal, ".bss");
	table = memory ? (uint16_t *)bpf_map__initial_value(memory, &size) : NULL;
	if (size <= SERVICE * sizeof(*table))
		measure_fail("find the table in " MINIMAL, ENOENT);
	table[SERVICE] = 1;
	if (bpf_object__load(bench->minimal))
		measure_fail("load " MINIMAL, errno);
	for (int i = TOUCH; i < OTHERS; i++)
		bench->others[i] =
			bpf_program__fd(bpf_object__find_program_by_name(bench->minimal, names[i]));
}

static void bench_load(struct bench *bench)
{
	const struct measure_gate gates[GATES] = {
		[DEFAULT] = { .tc = true },
		[GROUPS] = { .groups = edge_groups, .group_count = ROWS(edge_groups), .tc = true },
		[MORE] = { .policy = more_policy },
		[FRESH] = { .tc = true },
	};

	for (int i = 0; i < GATES; i++)
		measure_load(&gates[i], &bench->gates[i]);
	bench->others[BARE_XDP] = measure_bare_xdp(XDP_DROP);
	bench->others[BARE_TC] = measure_bare_tc(TC_ACT_SHOT);
	bench_load_minimal(bench);
}

static struct measure_case bench_case(const struct bench *bench, const struct prog_row *row)
{
	const struct object *gate = row->hook == OTHER ? NULL : &bench->gates[row->of];
	struct measure_case one = {
		.name = row->name,
		.words = row->words,
		.first = row->first,
		.outcome = row->outcome,
		.object = gate,
		.target = row->most > 0 ? RESULTS_ADDED_MOST : RESULTS_NO_TARGET,
		.target_value = row->most,
	};

	if (!gate) {
		one.program = bench->others[row->of];
		return one;
	}
	one.program = row->hook == XDP_IN  ? gate->xdp[DIRECTION_IN] :
		      row->hook == XDP_OUT ? gate->xdp[DIRECTION_OUT] :
					     gate->tc[DIRECTION_OUT];
	if (row->first)
		one.first_program = gate->xdp[row->first[0] == 'i' ? DIRECTION_IN : DIRECTION_OUT];
	return one;
}

static void bench_rows(struct bench *bench, const char *title, const struct prog_row *rows,
		       size_t count)
{
	struct measure_case *cases = calloc(count, sizeof(*cases));

	if (!cases)
		measure_fail("measure", ENOMEM);
	for (size_t i = 0; i < count; i++)
		cases[i] = bench_case(bench, &rows[i]);
	measure_table(&bench->measure, title, cases, count, 0);
	free(cases);
}

/* Each packet is another conversation: the table is full, and another one has to go for it. */
static void bench_new_flows(struct bench *bench)
{
	const struct shuffle tuples = { .count = 1u << 30, .out = 1, .remote = SERVICE };
	struct measure_case cases[] = {
		{ .name = "bare tc drop, behind what changes packets",
		  .program = bench->others[BARE_TC] },
		{ .name = "least: touch, parse, keep a flow",
		  .program = bench->others[KEEP],
		  .fewer = NEW_FEWER },
		{ .name = "new flow, UDP/IPv4",
		  .program = bench->gates[FRESH].tc[DIRECTION_OUT],
		  .fewer = NEW_FEWER,
		  .outcome = OUTCOME_RULE,
		  .object = &bench->gates[FRESH],
		  .target = RESULTS_ADDED_MOST,
		  .target_value = NEW_FLOW },
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		cases[i].words = SENT4;
		cases[i].change = MEASURE_SENT;
		cases[i].shuffle = tuples;
		/* others than those that are to be new */
		cases[i].shuffle.first = tuples.count;
		measure_run(&cases[i], FLOWS_MAX_DEFAULT + FLOWS_MAX_DEFAULT / 4);
		cases[i].shuffle.first = 0;
	}
	printf("flows in the table: %zu of %u\n", measure_flows(&bench->gates[FRESH]),
	       FLOWS_MAX_DEFAULT);
	measure_table(&bench->measure, "new flow each packet, table full, sent by tc", cases,
		      ROWS(cases), 0);
}

static void bench_both(struct bench *bench)
{
	static const struct {
		const char *title;
		struct prog_row row;
		bool has_target;
	} rows[] = {
		{ "both CPUs at once: bare XDP_DROP",
		  { "bare XDP_DROP", OTHER, BARE_XDP, 0, UDP4, NULL, 0 },
		  false },
		{ "both CPUs at once: rule hit",
		  { "rule hit, UDP/IPv4", XDP_IN, DEFAULT, OUTCOME_RULE, UDP4, NULL, 0 },
		  true },
		{ "both CPUs at once: reply by flow",
		  { "reply by flow, UDP/IPv4", XDP_IN, DEFAULT, OUTCOME_REPLY,
		    "in udp 198.51.100.7:3478 > 192.0.2.10:40000 data=16", SENT4, 0 },
		  true },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct measure_case one = bench_case(bench, &rows[i].row);

		measure_both(&bench->measure, rows[i].title, &one, rows[i].has_target);
	}
}

int main(int argc, char **argv)
{
	struct bench bench;
	int status;

	measure_open(&bench.measure, "prog", ROUNDS, REPEATS, argc, argv);
	bench_load(&bench);
	bench_rows(&bench, "one hot packet, received (XDP)", in_rows, ROWS(in_rows));
	bench_rows(&bench, "one hot packet, sent (tc)", out_rows, ROWS(out_rows));
	bench_new_flows(&bench);
	bench_both(&bench);
	for (int i = 0; i < GATES; i++)
		object_close(&bench.gates[i]);
	bpf_object__close(bench.minimal);
	status = measure_close(&bench.measure);
	return status;
}
