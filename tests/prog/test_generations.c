/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * No sequence of applies, confirms, rollbacks, emergencies, deadlines and kills fills a slot that is live
 * or is what a rollback returns to: random ones, of the maps themselves, with publishers that are killed at
 * any moment. test_state_word has every sequence of the state word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/prog.h"
#include "user/base/cleanup.h"
#include "user/kernel/change.h"
#include "user/kernel/drift.h"
#include "user/kernel/publish.h"
#include "user/kernel/state.h"
#include "user/policy/policy.h"

/* ---- the maps: random sequences ---------------------------------------------------------------- */

#define POLICIES 4
#define STEPS_DEFAULT 80
#define NAME_NONE "none"

/* A gate that is attached to nothing, and the policies that are put into it. */
static struct prog prog;
static struct gate gate;
static struct image images[POLICIES];
static uint64_t chance;

static uint32_t next_chance(uint32_t below)
{
	/* Knuth's MMIX generator; the upper bits are the good ones */
	chance = chance * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(chance >> 33) % below;
}

static void compile(int number)
{
	char text[400];
	struct diags diags = { 0 };
	const struct image_running fresh = { 0 };
	struct policy *policy;

	snprintf(
		text, sizeof(text),
		"policy: number-%d\n"
		"rules:\n"
		"  - {name: web-in, direction: in, protocol: tcp, ports: %d-%d, from: 198.51.%d.0/24}\n"
		"  - {name: dns-out, direction: out, protocol: udp, ports: 53, to: [\"2001:db8:%d::/48\"],\n"
		"     limit: {rate: %d/s}}\n",
		number, 1000 * number + 1, 1000 * number + 900, number, number, number + 1);
	assert_int_equal(policy_parse("test.yaml", text, strlen(text), &policy, &diags), 0);
	assert_int_equal(image_compile(policy, &fresh, &images[number], &diags), 0);
	policy_free(policy);
}

static int open_unattached(void **state)
{
	(void)state;
	prog_open(&prog, false);
	gate = (struct gate)GATE_CLOSED;
	snprintf(gate.directory, sizeof(gate.directory), PINS_BPFFS "/edgegate-test-%d", getpid());
	assert_int_equal(pins_make(gate.directory), 0);
	memcpy(gate.maps, prog.object.maps, sizeof(gate.maps));
	gate.word = prog.word;
	gate.stamp.flows_max = PROG_FLOWS_MAX;
	for (int i = 0; i < POLICIES; i++)
		compile(i);
	return 0;
}

static int close_unattached(void **state)
{
	(void)state;
	pins_remove(gate.directory);
	for (int i = 0; i < POLICIES; i++)
		image_free(&images[i]);
	prog_close(&prog);
	return 0;
}

/* What is in a slot, by its listing. */
static void name_of(unsigned int slot, char name[32])
{
	autofree struct listing_header *listing = NULL;

	assert_int_equal(gate_listing(&gate, slot, &listing), 0);
	snprintf(name, 32, "%s", listing ? listing_string(listing, listing->policy) : NAME_NONE);
}

/* A slot that is in use holds what was applied, to the last byte. */
static void is_whole(unsigned int slot, const char *which, uint64_t word)
{
	uint32_t parts;

	if (slot == SLOT_NONE)
		return;
	assert_int_equal(drift_find_slot(&gate, slot, &parts), 0);
	if (parts && state_settled(gate.word) == word)
		fail_msg("%s slot %u was written to: %#x", which, slot, parts);
}

/* What is in force and what a rollback returns to, checked and named. */
struct both {
	uint64_t word;
	char live[32], former[32];
};

static struct both look(void)
{
	struct both both;
	struct state state;

	do {
		both.word = state_settled(gate.word);
		state = state_unpack(both.word);
		assert_true(state_is_sound(both.word));
		is_whole(state.live, "live", both.word);
		is_whole(state.former, "former", both.word);
		name_of(state.live, both.live);
		name_of(state.former, both.former);
	} while (both.word != state_settled(gate.word));
	return both;
}

static void pause_us(uint32_t microseconds)
{
	const struct timespec time = { .tv_nsec = microseconds * 1000l };

	nanosleep(&time, NULL);
}

/* What commands can do while an apply is at work. */
static void meddle(void)
{
	struct state before;

	switch (next_chance(6)) {
	case 0:
		change_confirm(&gate, &before);
		break;
	case 1:
		change_rollback(&gate, &before);
		break;
	case 2:
		change_emergency(&gate, (enum emergency)next_chance(3), NULL, &before);
		break;
	default: /* most often nothing: time passes */
		break;
	}
}

/* In a process of its own, which may be killed at any moment. */
static pid_t apply(int number, enum mode mode, uint64_t confirm)
{
	pid_t child = fork();
	uint64_t deadline;

	assert_true(child >= 0);
	if (!child) {
		struct diags diags = { 0 };

		_exit(publish(&gate, &images[number], mode, confirm, &deadline, &prog.object,
			      "test", &diags) != 0);
	}
	return child;
}

/* An apply, with commands meanwhile, killed or not. Returns the policy that it was to put into force. */
static int apply_somehow(void)
{
	int number = (int)next_chance(POLICIES), status;
	uint64_t confirm = next_chance(2) ? 1 + next_chance(60) : 0;
	uint32_t life = next_chance(2) ? next_chance(60000) : UINT32_MAX;
	pid_t child = apply(number, (enum mode)next_chance(2), confirm);
	uint64_t end = state_now() + life / 1000;

	if (life < 5000)
		pause_us(life);
	while (life == UINT32_MAX || state_now() < end) {
		pid_t done = waitpid(child, &status, WNOHANG);

		assert_true(done >= 0);
		if (done) {
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
			return number;
		}
		meddle();
		look();
		pause_us(next_chance(3000));
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	return number;
}

/* Nobody else is at work: a command does what it says. */
static void command(const struct both *before)
{
	struct both after;
	struct state found;
	int error;

	if (next_chance(2)) {
		error = change_rollback(&gate, &found);
		after = look();
		/* a deadline may have passed between the two: then there was nothing to take back */
		if (!error) {
			assert_string_equal(after.live, before->former);
			assert_string_equal(after.former, before->live);
		}
		return;
	}
	error = change_confirm(&gate, &found);
	after = look();
	if (!error) {
		assert_string_equal(after.live, before->live);
		assert_string_equal(after.former, before->former);
		assert_false(state_unpack(after.word).is_pending);
	}
}

static bool is_one_of(const char *name, const struct both *before, int number)
{
	char applied[32];

	snprintf(applied, sizeof(applied), "number-%d", number);
	return strcmp(name, before->live) == 0 || strcmp(name, before->former) == 0 ||
	       strcmp(name, applied) == 0;
}

static void no_sequence_writes_to_a_slot_in_use(void **state)
{
	const char *given = getenv("GENERATIONS_STEPS");
	unsigned long steps = given ? strtoul(given, NULL, 10) : STEPS_DEFAULT;
	unsigned long killed = 0, rolled_back = 0, applied = 0;

	(void)state;
	given = getenv("GENERATIONS_SEED");
	chance = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	print_message("GENERATIONS_SEED=%llu\n", (unsigned long long)chance);
	for (unsigned long i = 0; i < steps; i++) {
		struct both before = look(), after;
		int number = apply_somehow();

		after = look();
		if (!is_one_of(after.live, &before, number) ||
		    !is_one_of(after.former, &before, number))
			fail_msg("live %s and former %s after %s, %s and number-%d", after.live,
				 after.former, before.live, before.former, number);
		applied += after.word != before.word;
		killed += after.word == before.word;
		if (next_chance(2))
			command(&after);
		after = look();
		rolled_back += state_unpack(after.word).was_rolled_back;
	}
	/* or it would show nothing */
	if (steps >= STEPS_DEFAULT) {
		assert_true(applied > steps / 10);
		assert_true(killed > steps / 100);
		assert_true(rolled_back > steps / 10);
	}
}

/* Were a slot written to, look() would say so: every hashed part that is memory, and one that is a map. */
static void a_slot_that_is_written_to_is_seen(void **state)
{
	uint64_t deadline;
	struct diags diags = { 0 };
	struct generation *generation;
	const struct tuple more = { .protocol = 6, .port = 1500 };
	const uint16_t entry = 1;
	char path[PINS_PATH_SIZE];
	autoclose int fd = -1;
	unsigned int slot;
	uint32_t parts;

	(void)state;
	assert_int_equal(publish(&gate, &images[1], MODE_ENFORCE, 0, &deadline, &prog.object,
				 "test", &diags),
			 0);
	slot = state_unpack(*gate.word).live;
	generation = &state_memory(gate.word)->generations[slot];
	const struct {
		uint32_t part;
		void *byte;
	} places[] = {
		{ PART_SETTINGS, &generation->settings.flags },
		{ PART_SCOPES, &generation->scopes[RULE_SLOTS - 1].to },
		{ PART_EXTRAS, &generation->extras[RULE_SLOTS - 1].tolerance },
		{ PART_PEERS, &generation->peers[PEERS_MAX - 1].last },
		{ PART_LISTS, &generation->lists[LISTS_MAX - 1] },
		{ PART_CANDIDATES, &generation->candidates[CANDIDATES_MAX - 1] },
		{ PART_TABLE, &generation->table[TABLE_ENTRIES - 1] },
	};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		*(uint8_t *)places[i].byte ^= 1;
		assert_int_equal(drift_find_slot(&gate, slot, &parts), 0);
		assert_int_equal(parts, PART_BIT(places[i].part));
		*(uint8_t *)places[i].byte ^= 1;
	}
	is_whole(slot, "live", state_settled(gate.word));
	pins_path(path, gate.directory, "slot%u-tuples", slot);
	fd = bpf_obj_get(path);
	assert_int_equal(bpf_map_update_elem(fd, &more, &entry, BPF_EXIST), 0);
	assert_int_equal(drift_find_slot(&gate, slot, &parts), 0);
	assert_int_equal(parts, PART_BIT(PART_TUPLES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_sequence_writes_to_a_slot_in_use,
						open_unattached, close_unattached),
		cmocka_unit_test_setup_teardown(a_slot_that_is_written_to_is_seen, open_unattached,
						close_unattached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
