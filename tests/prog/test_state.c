/* SPDX-License-Identifier: GPL-2.0-only */
/* Deadlines and emergencies in the state word: what the programs do by themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog.h"

#define NO_RULE OUTCOME_DROP_NO_RULE
#define BLOCKED OUTCOME_DROP_BLOCKED
#define DEADLINE_SECONDS 60u

static const char former[] = "policy: former\n"
			     "rules:\n"
			     "  - {name: ssh-in, direction: in, protocol: tcp, ports: 22}\n"
			     "  - {name: dns-out, direction: out, protocol: udp, ports: 53}\n";
static const char live[] = "policy: live\n"
			   "essentials: {ping: true}\n"
			   "rules:\n"
			   "  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n"
			   "  - {name: dns-out, direction: out, protocol: udp, ports: 53}\n"
			   "  - {name: media-in, direction: in, protocol: udp, ports: 3478}\n"
			   "  - {name: ssh-out, direction: out, protocol: tcp, ports: 22}\n";

PROG_FIXTURE(NULL);

/* Milliseconds, on the clock that the programs are told. */
static uint64_t told_ms(const struct prog *told)
{
	return told->now * 1000 / PROG_HZ;
}

/* `live` in monitor mode, unless it is confirmed; else `former`, enforced. */
static void pending(struct prog *told)
{
	struct state state;

	prog_policy(told, former);
	prog_policy(told, live);
	prog_reset(told);
	state = prog_state(told);
	state.is_pending = true;
	state.mode = MODE_MONITOR;
	state.moment = told_ms(told) + 1000ull * DEADLINE_SECONDS;
	prog_set_state(told, &state);
}

static const struct {
	const char *words;
	enum outcome before;
	enum outcome after;
	const char *rule; /* of the one that is one */
} expirers[] = {
	{ "in tcp PEER:9 > HOST:443 syn", OUTCOME_RULE, NO_RULE, "web-in" },
	{ "in tcp PEER:9 > HOST:22 syn", NO_RULE, OUTCOME_RULE, "ssh-in" },
	{ "out tcp HOST:22 > PEER:9 ack", NO_RULE, OUTCOME_REPLY, "ssh-in" },
	{ "in tcp PEER:9 > HOST:22 ack data=12 FIRST", NO_RULE, OUTCOME_RULE, "ssh-in" },
};

/* The first packet past the deadline is judged by the former policy, whichever packet it is, and makes that final. */
static void tell_deadline(struct prog *told)
{
	for (size_t i = 0; i < PROG_COUNT(expirers); i++) {
		const char *rule = expirers[i].rule;
		struct state then;
		struct state before;

		pending(told);
		before = prog_state(told);
		prog_wait(told, DEADLINE_SECONDS - 1);
		prog_expect(told, expirers[i].words, expirers[i].before,
			    expirers[i].before == NO_RULE ? NULL : rule);
		then = prog_state(told);
		assert_int_equal(state_pack(&then), state_pack(&before));
		prog_wait(told, 1);
		prog_expect(told, expirers[i].words, expirers[i].after,
			    expirers[i].after == NO_RULE ? NULL : rule);
		then = prog_state(told);
		assert_int_equal(then.live, before.former);
		assert_int_equal(then.former, before.live);
		assert_int_equal(then.mode, MODE_ENFORCE);
		assert_int_equal(then.former_mode, MODE_MONITOR);
		assert_false(then.is_pending);
		assert_true(then.was_rolled_back);
		assert_true(then.has_expired);
		assert_int_equal(then.moment, before.moment);
		/* and stays so, also if the clock were to go back */
		told->now = PROG_BEGIN;
		prog_expect(told, expirers[i].words, expirers[i].after,
			    expirers[i].after == NO_RULE ? NULL : rule);
	}
}

static void a_deadline_brings_the_former_policy_back(void **state)
{
	(void)state;
	prog_tell(&prog, tell_deadline);
}

/* What the host opened under the policy that is gone goes on under one that allows it too. */
static void tell_flow(struct prog *told)
{
	pending(told);
	prog_expect(told, "out udp HOST:9 > PEER:53", OUTCOME_RULE, "dns-out");
	prog_expect(told, "out tcp HOST:9 > PEER:22 syn", OUTCOME_RULE, "ssh-out");
	prog_wait(told, DEADLINE_SECONDS);
	prog_expect(told, "in udp PEER:53 > HOST:9", OUTCOME_REPLY, "dns-out");
	prog_expect(told, "in tcp PEER:22 > HOST:9 syn ack", NO_RULE, NULL);
}

static void flows_outlive_a_deadline(void **state)
{
	(void)state;
	prog_tell(&prog, tell_flow);
}

static void tell_first(struct prog *told)
{
	struct state state;

	prog_policy(told, live);
	prog_reset(told);
	state = prog_state(told);
	state.former = SLOT_NONE;
	state.is_pending = true;
	state.moment = told_ms(told) + 1000;
	prog_set_state(told, &state);
	prog_expect(told, "in tcp PEER:9 > HOST:22 syn", NO_RULE, NULL);
	prog_wait(told, 1);
	prog_expect(told, "in tcp PEER:9 > HOST:22 syn", OUTCOME_UNDECIDED, NULL);
	state = prog_state(told);
	assert_int_equal(state.live, SLOT_NONE);
	assert_true(state.has_expired);
	/* blocked, it goes by the essentials of the policy that was taken back */
	state.emergency = EMERGENCY_BLOCK;
	prog_set_state(told, &state);
	prog_expect(told, "in tcp PEER:9 > HOST:443 syn", BLOCKED, NULL);
	prog_expect(told, "in tcp PEER:9 > HOST:22 syn", NO_RULE, NULL);
	prog_expect(told, "in arp", OUTCOME_PASS_ARP, NULL);
	prog_no_policy(told);
}

static void a_first_apply_falls_back_to_no_policy(void **state)
{
	(void)state;
	prog_tell(&prog, tell_first);
}

static void emergency(struct prog *told, enum emergency which, unsigned int session)
{
	struct state state = prog_state(told);

	state.emergency = which;
	state.session = session;
	prog_set_state(told, &state);
}

/* Blocked: rules, replies and fragments are dropped, essentials and what was dropped before are as ever. */
static void tell_block(struct prog *told)
{
	prog_policy(told, live);
	prog_reset(told);
	prog_expect(told, "out udp HOST:9 > PEER:53", OUTCOME_RULE, "dns-out");
	prog_expect(told, "in udp PEER:53 > HOST:9 FIRST", OUTCOME_REPLY, "dns-out");
	emergency(told, EMERGENCY_BLOCK, 0);
	prog_expect(told, "in tcp PEER:9 > HOST:443 syn", BLOCKED, NULL);
	prog_expect(told, "out tcp HOST:443 > PEER:9 syn ack", BLOCKED, NULL);
	prog_expect(told, "in udp PEER:53 > HOST:9", BLOCKED, NULL);
	prog_expect(told, "in udp PEER:53 > HOST:9 LATER=16", BLOCKED, NULL);
	prog_expect(told, "in udp PEER:9 > HOST:3478 FIRST id=7", BLOCKED, NULL);
	prog_expect(told, "in udp PEER:9 > HOST:3478 LATER=16 id=7", OUTCOME_DROP_FRAGMENT, NULL);
	prog_expect(told, "out udp HOST:10 > PEER:53", BLOCKED, NULL);
	prog_expect(told, "in tcp PEER:9 > HOST:23 syn", NO_RULE, NULL);
	prog_expect(told, "in tcp PEER:9 > HOST:443 syn fin", OUTCOME_DROP_BAD_TCP_FLAGS, NULL);
	prog_expect(told, "in arp", OUTCOME_PASS_ARP, NULL);
	prog_expect(told, "out PING HOST > PEER type=REQUEST echo=5", OUTCOME_PASS_PING, NULL);
	prog_expect(told, "in PING PEER > HOST type=REPLY echo=5", OUTCOME_PASS_PING, NULL);
	prog_expect(told, "in PING PEER > HOST type=UNREACHABLE quote{ udp HOST:9 > PEER:53 }",
		    OUTCOME_PASS_ICMP_ERROR, NULL);
	/* the DNS flow of before and the ping's: what was blocked has made none */
	assert_int_equal(prog_flows(told), 2);
	/* monitor mode beneath it lets nothing more pass */
	prog_mode(told, MODE_MONITOR);
	prog_expect(told, "in tcp PEER:9 > HOST:443 syn", BLOCKED, NULL);
	prog_expect(told, "in tcp PEER:9 > HOST:23 syn", NO_RULE, NULL);
	prog_mode(told, MODE_ENFORCE);
	emergency(told, EMERGENCY_NONE, 0);
	prog_expect(told, "in udp PEER:53 > HOST:9", OUTCOME_REPLY, "dns-out");
	prog_expect(told, "in udp PEER:53 > HOST:10", NO_RULE, NULL);
}

static void blocked_only_essentials_pass(void **state)
{
	(void)state;
	prog_tell(&prog, tell_block);
}

/* Whatever it is counted as. */
static void blocks(struct prog *told, const char *words)
{
	static struct frame_bytes frame;
	struct prog_verdict verdict;
	char varied[FRAME_TEXT_MAX];

	frame_vary(words, told->family, "", varied);
	frame_write(varied, &frame);
	assert_true(prog_run(told, PROG_XDP, PROG_SHORT, &frame, NULL, &verdict));
	if (verdict.passed)
		fail_msg("%s passes", varied);
}

static void tell_session(struct prog *told)
{
	static const char *const strangers[] = {
		"in tcp PEER:41 > HOST:22 ack",
		"in tcp PEER:40 > HOST:23 ack",
		"in tcp OTHER:40 > HOST:22 ack",
		"in tcp PEER:22 > HOST:40 ack",
		"in udp PEER:40 > HOST:22",
		"out tcp HOST:22 > PEER:41 ack",
		"out tcp HOST:40 > OTHER:22 ack",
		"out tcp HOST:23 > PEER:40 ack",
		"in tcp PEER:40 > HOST:22 ack data=12 FIRST",
	};

	prog_policy(told, live); /* has no rule for it */
	prog_reset(told);
	prog_session(told, 2, "in tcp PEER:40 > HOST:22 ack");
	for (unsigned int place = 1; place <= 2; place++) {
		struct prog_verdict verdict;
		char varied[FRAME_TEXT_MAX];
		static struct frame_bytes frame;

		emergency(told, EMERGENCY_BLOCK, place);
		prog_session(told, place, "in tcp PEER:40 > HOST:22 ack");
		prog_session(told, 3 - place, "in tcp PEER:41 > HOST:23 ack");
		/* counted as the policy says, and let pass (prog_run() sees to that) */
		for (int direction = 0; direction < 2; direction++) {
			frame_vary(direction ? "out tcp HOST:22 > PEER:40 ack psh" :
					       "in tcp PEER:40 > HOST:22 ack psh",
				   told->family, "", varied);
			frame_write(varied, &frame);
			for (unsigned int hook = PROG_XDP; hook <= PROG_TC; hook++) {
				assert_true(
					prog_run(told, hook, PROG_SHORT, &frame, NULL, &verdict));
				assert_int_equal(verdict.outcome, NO_RULE);
				assert_true(verdict.passed);
			}
		}
		for (size_t i = 0; i < PROG_COUNT(strangers); i++)
			blocks(told, strangers[i]);
	}
	/* the same words of the other family are somebody else's */
	state_memory(told->word)->sessions[1].family = told->family == 4 ? 6 : 4;
	prog_session(told, 1, "in tcp PEER:41 > HOST:23 ack");
	emergency(told, EMERGENCY_BLOCK, 2);
	blocks(told, "in tcp PEER:40 > HOST:22 ack");
	/* by a rule it counts for the rule */
	prog_session(told, 1, "in tcp PEER:40 > HOST:443 ack");
	emergency(told, EMERGENCY_BLOCK, 1);
	prog_expect(told, "in tcp PEER:40 > HOST:443 ack", OUTCOME_RULE, "web-in");
	prog_expect(told, "out tcp HOST:443 > PEER:40 ack", OUTCOME_REPLY, "web-in");
	prog_expect(told, "in tcp PEER:41 > HOST:443 ack", BLOCKED, NULL);
	emergency(told, EMERGENCY_NONE, 0);
}

static void blocked_one_session_goes_on(void **state)
{
	(void)state;
	prog_tell(&prog, tell_session);
}

/* Open: judged and counted as ever, nothing is dropped (prog_run() sees to that). */
static void tell_open(struct prog *told)
{
	prog_policy(told, live);
	prog_reset(told);
	emergency(told, EMERGENCY_OPEN, 0);
	prog_expect(told, "in tcp PEER:9 > HOST:443 syn", OUTCOME_RULE, "web-in");
	prog_expect(told, "in tcp PEER:9 > HOST:23 syn", NO_RULE, NULL);
	prog_expect(told, "in tcp PEER:9 > HOST:443 syn fin", OUTCOME_DROP_BAD_TCP_FLAGS, NULL);
	prog_expect(told, "out udp HOST:9 > PEER:53", OUTCOME_RULE, "dns-out");
	emergency(told, EMERGENCY_NONE, 0);
	prog_expect(told, "in udp PEER:53 > HOST:9", OUTCOME_REPLY, "dns-out");
	prog_expect(told, "in tcp PEER:9 > HOST:23 syn", NO_RULE, NULL);
}

static void open_nothing_is_dropped(void **state)
{
	(void)state;
	prog_tell(&prog, tell_open);
}

/* A rollback by the deadline leaves an emergency and its session as they are. */
static void tell_both(struct prog *told)
{
	struct state state;

	pending(told);
	emergency(told, EMERGENCY_BLOCK, 2);
	prog_wait(told, DEADLINE_SECONDS);
	prog_expect(told, "in tcp PEER:9 > HOST:22 syn", BLOCKED, NULL);
	state = prog_state(told);
	assert_true(state.has_expired);
	assert_int_equal(state.emergency, EMERGENCY_BLOCK);
	assert_int_equal(state.session, 2);
	emergency(told, EMERGENCY_NONE, 0);
	prog_expect(told, "in tcp PEER:9 > HOST:22 syn", OUTCOME_RULE, "ssh-in");
}

static void an_emergency_outlasts_a_deadline(void **state)
{
	(void)state;
	prog_tell(&prog, tell_both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deadline_brings_the_former_policy_back),
		cmocka_unit_test(flows_outlive_a_deadline),
		cmocka_unit_test(a_first_apply_falls_back_to_no_policy),
		cmocka_unit_test(blocked_only_essentials_pass),
		cmocka_unit_test(blocked_one_session_goes_on),
		cmocka_unit_test(open_nothing_is_dropped),
		cmocka_unit_test(an_emergency_outlasts_a_deadline),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
