/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose bucket it is (spec 3.6): the rule's, or one for each address outside. And what a flood of spoofed
 * sources does to those who behave: nothing with `per: source`; with `per: rule` it starves them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <string.h>

#include "tests/lib/prog.h"

#define LIMITED OUTCOME_DROP_RATE_LIMIT
#define SPOOFED 200000u

static struct prog prog;

static int open_gate(void **state)
{
	(void)state;
	prog_open(&prog, false);
	return 0;
}

static int close_gate(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

static void apply(const char *limit)
{
	char text[768];

	snprintf(text, sizeof(text),
		 "policy: sources\n"
		 "rules:\n"
		 "  - {name: dns-in, direction: in, protocol: udp, ports: 53, limit: {%s}}\n"
		 "  - {name: dns-out, direction: out, protocol: udp, ports: 53, limit: {%s}}\n"
		 "  - {name: ntp-in, direction: in, protocol: udp, ports: 123, limit: {%s}}\n"
		 "  - {name: web-in, direction: in, protocol: tcp, ports: 443, limit: {%s}}\n",
		 limit, limit, limit, limit);
	prog_policy(&prog, text);
}

/* ---- which packets share one ------------------------------------------------------------------- */

/* A sender and others, who share its bucket or have their own. `in` and `out` are each other's mirror. */
struct sharing {
	const char *one, *other;
	bool share;
};

static const struct sharing sharings[] = {
	{ "198.51.100.7", "198.51.100.7", true },
	{ "198.51.100.7", "198.51.100.6", false },
	{ "198.51.100.7", "198.51.101.7", false },
	{ "198.51.100.7", "70.51.100.7", false },
	/* of IPv6 the first 64 bits, to the bit */
	{ "[2001:db8:f::7]", "[2001:db8:f::7]", true },
	{ "[2001:db8:f::7]", "[2001:db8:f::8]", true },
	{ "[2001:db8:f::7]", "[2001:db8:f::ffff:ffff:ffff:ffff]", true },
	{ "[2001:db8:f::7]", "[2001:db8:f:0:8000::7]", true },
	{ "[2001:db8:f::7]", "[2001:db8:f:1::7]", false },
	{ "[2001:db8:f::7]", "[2001:db8:e::7]", false },
	{ "[2001:db8:f::7]", "[2003:db8:f::7]", false },
	/* the same bits, of the other family */
	{ "32.1.13.184", "[2001:db8::7]", false },
};

static void send_words(char *words, size_t size, bool out, const char *outside, unsigned int host)
{
	char inside[64];

	snprintf(inside, sizeof(inside), *outside == '[' ? "[2001:db8::%x]" : "192.0.2.%u",
		 *outside == '[' ? 0x10 + host : 10 + host);
	snprintf(words, size, out ? "out udp %s:4000 > %s:53" : "in udp %s:4000 > %s:53",
		 out ? inside : outside, out ? outside : inside);
}

static void tell_sharing(struct prog *told)
{
	char words[200];

	if (told->family == 6)
		return; /* the addresses say it themselves */
	for (size_t i = 0; i < PROG_COUNT(sharings); i++) {
		for (int out = 0; out < 2; out++) {
			const char *rule = out ? "dns-out" : "dns-in";

			prog_forget_limits(told);
			send_words(words, sizeof(words), out, sharings[i].one, 0);
			assert_int_equal(prog_offer(told, words, 10, rule), 3);
			/* whom it is between inside makes no difference */
			send_words(words, sizeof(words), out, sharings[i].other, 1);
			if (prog_offer(told, words, 10, rule) != (sharings[i].share ? 0 : 3))
				fail_msg("%s and %s", sharings[i].one, sharings[i].other);
			assert_int_equal(prog_limit_sources(told), sharings[i].share ? 1 : 2);
			send_words(words, sizeof(words), out, sharings[i].one, 0);
			prog_expect(told, words, LIMITED, NULL);
		}
	}
}

static void each_address_outside(void **state)
{
	(void)state;
	apply("rate: 1/m, burst: 3, per: source");
	prog_tell(&prog, tell_sharing);
}

static void tell_rules_apart(struct prog *told)
{
	assert_int_equal(prog_offer(told, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 3);
	assert_int_equal(prog_offer(told, "in udp PEER:4000 > HOST:123", 10, "ntp-in"), 3);
	assert_int_equal(prog_offer(told, "out udp HOST:4000 > PEER:53", 10, "dns-out"), 3);
	assert_int_equal(prog_offer(told, "in tcp PEER:4000 > HOST:443 syn", 10, "web-in"), 3);
	prog_expect(told, "in udp PEER:4001 > HOST:53 tag=8100", LIMITED, NULL);
}

static void each_rule(void **state)
{
	(void)state;
	apply("rate: 1/m, burst: 3, per: source");
	prog_tell(&prog, tell_rules_apart);
	apply("rate: 1/m, burst: 3, per: rule");
	prog_tell(&prog, tell_rules_apart);
}

/* All that a rule takes, of both families. */
static void tell_one_for_all(struct prog *told)
{
	assert_int_equal(prog_offer(told, "in udp 198.51.100.7:4000 > 192.0.2.10:53", 2, "dns-in"),
			 2);
	assert_int_equal(prog_offer(told, "in udp [2001:db8:f::7]:4000 > [2001:db8::10]:53", 9,
				    "dns-in"),
			 1);
	prog_expect(told, "in udp 203.0.113.9:1 > 192.0.2.11:53", LIMITED, NULL);
	assert_int_equal(prog_limit_sources(told), 0);
}

static void one_for_all_of_a_rule(void **state)
{
	(void)state;
	apply("rate: 1/m, burst: 3");
	prog_tell(&prog, tell_one_for_all);
}

/* An apply keeps them too. */
static void tell_apply(struct prog *told)
{
	apply("rate: 50/s, burst: 5, per: source");
	assert_int_equal(prog_offer(told, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 5);
	apply("rate: 50/s, burst: 5, per: source");
	assert_int_equal(prog_offer(told, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 0);
	/* the rule's own is another one */
	apply("rate: 50/s, burst: 5, per: rule");
	assert_int_equal(prog_offer(told, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 5);
	prog_rollback(told);
	assert_int_equal(prog_offer(told, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 0);
	told->now += 5;
	assert_int_equal(prog_offer(told, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 1);
	/* a debt of five minutes isn't waited for under a higher rate */
	apply("rate: 1/m, burst: 5, per: source");
	told->now += 300 * PROG_HZ;
	assert_int_equal(prog_offer(told, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 5);
	apply("rate: 50/s, burst: 5, per: source");
	assert_int_equal(prog_offer(told, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 0);
	told->now += 5;
	assert_int_equal(prog_offer(told, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 1);
}

static void an_apply_keeps_them(void **state)
{
	(void)state;
	prog_tell(&prog, tell_apply);
}

/* ---- floods ------------------------------------------------------------------------------------ */

/* A datagram to the limited service, whose source can be made another one. */
struct spoofer {
	struct frame_bytes frame;
	bool six;
};

static void spoofer_init(struct spoofer *spoofer, bool six)
{
	spoofer->six = six;
	frame_write(six ? "in udp [2001:db8:ffff::7]:4000 > [2001:db8::10]:53" :
			  "in udp 10.0.0.1:4000 > 192.0.2.10:53",
		    &spoofer->frame);
}

/* One packet of source `number`: another address, or another /64. */
static void spoofer_send(struct spoofer *spoofer, uint32_t number)
{
	uint32_t word = htonl((spoofer->six ? 0 : 0x0a000000u) + number);

	/* IPv4: the source; IPv6: the second word of it; both stand at the same place */
	memcpy(spoofer->frame.bytes + 14 + 12, &word, sizeof(word));
	prog_repeat(&prog, PROG_XDP, &spoofer->frame, 1);
	prog.packets++;
}

static void flood(unsigned int from, unsigned int count)
{
	static struct spoofer spoofers[2];

	for (int six = 0; six < 2; six++) {
		spoofer_init(&spoofers[six], six);
		prog_set_clock(&prog, PROG_SHORT);
		for (unsigned int i = 0; i < count / 2; i++)
			spoofer_send(&spoofers[six], from + i);
	}
	prog_check_sum(&prog);
}

/* Once each tenth of a second, while each tenth of a second a thousand others come. */
static unsigned int passed_during_flood(void)
{
	unsigned int passed = 0;

	prog_reset(&prog);
	for (unsigned int sent = 0; sent < SPOOFED; sent += 1000) {
		flood(sent, 1000);
		passed += prog_offer(&prog, "in udp PEER:4000 > HOST:53", 1, "dns-in");
		prog.now += PROG_HZ / 10;
	}
	return passed;
}

static void a_flood_of_sources_starves_nobody(void **state)
{
	(void)state;
	apply("rate: 10/s, per: source");
	assert_int_equal(passed_during_flood(), SPOOFED / 1000);
	/* of the flood each source is a new one: this limit doesn't stop it */
	assert_true(prog.rules[prog_slot_of(&prog, "dns-in")].forward.packets >= SPOOFED);
	assert_true(prog_limit_sources(&prog) <= LIMIT_SOURCES_MAX);
	assert_true(prog_limit_sources(&prog) > LIMIT_SOURCES_MAX / 2);
	assert_int_equal(prog_flows(&prog), 0);
}

/* With the one bucket of a rule it takes them all: of 10,000 a second 10 pass, whoever they are. */
static void one_bucket_for_all_starves(void **state)
{
	(void)state;
	apply("rate: 10/s, per: rule");
	assert_int_equal(passed_during_flood(), 0);
	assert_int_equal(prog_limit_sources(&prog), 0);
}

static void forget(const char *address)
{
	struct limit_key key = { .slot = (uint16_t)prog_slot_of(&prog, "dns-in"), .family = 4 };

	assert_int_equal(inet_pton(AF_INET, address, key.address), 1);
	assert_return_code(bpf_map_delete_elem(prog.object.maps[MAP_LIMIT_SOURCES], &key), 0);
}

/*
 * A bucket that was thrown out begins anew: its source has more, never less. The kernel throws those out
 * first that were made and not asked for again, so that a flood of ever new ones goes round itself.
 */
static void what_is_thrown_out_begins_anew(void **state)
{
	(void)state;
	apply("rate: 1/m, burst: 3, per: source");
	prog_reset(&prog);
	assert_int_equal(prog_offer(&prog, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 3);
	assert_int_equal(prog_offer(&prog, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 0);
	flood(0, SPOOFED);
	assert_int_equal(prog_offer(&prog, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 0);
	forget("198.51.100.7");
	assert_int_equal(prog_offer(&prog, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 3);
	assert_int_equal(prog_offer(&prog, "in udp PEER:4000 > HOST:53", 10, "dns-in"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_outside),
		cmocka_unit_test(each_rule),
		cmocka_unit_test(one_for_all_of_a_rule),
		cmocka_unit_test(an_apply_keeps_them),
		cmocka_unit_test(a_flood_of_sources_starves_nobody),
		cmocka_unit_test(one_bucket_for_all_starves),
		cmocka_unit_test(what_is_thrown_out_begins_anew),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
