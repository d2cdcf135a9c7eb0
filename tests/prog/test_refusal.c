// SPDX-License-Identifier: GPL-2.0-only
/* What is said when the kernel doesn't take the programs: the verifier's own last word, on one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "tests/lib/harness.h"
#include "tests/lib/prog.h"
#include "user/base/cleanup.h"
#include "user/kernel/object.h"
#include "user/kernel/refusal.h"

static struct prog prog;

static int open_refusal(void **state)
{
	(void)state;
	prog_open(&prog, false);
	return 0;
}

static int close_refusal(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

/* Counters of 8 bytes, of which the programs want more. */
static void the_verifier_gives_its_reason(void **state)
{
	int maps[MAP_COUNT];
	const struct object_wish wish = {
		.xdp = { true, false }, .hz = PROG_HZ, .flows_max = PROG_FLOWS_MAX, .map_fds = maps
	};
	autoclose int small =
		bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "rule_counts", 4, 8, RULE_SLOTS, NULL);
	autofree char *said = NULL;
	struct diags diags = { 0 };
	struct object object;

	(void)state;
	assert_true(small >= 0);
	memcpy(maps, prog.object.maps, sizeof(maps));
	maps[MAP_RULE_COUNTS] = small;
	assert_int_equal(object_load(&wish, &object, "apply to gate0", &diags), -EACCES);
	said = diag_text_all(&diags);
	diags_clear(&diags);
	assert_ptr_equal(strstr(said, "edgegate: apply to gate0: the kernel refuses the programs: "
				      "edgegate_in: "),
			 said);
	assert_non_null(strstr(said, "invalid access to map value, value_size=8 "));
	assert_non_null(strstr(said, "\nthis kernel's verifier does not take them: "));
	/* two lines */
	assert_ptr_equal(strchr(strchr(said, '\n') + 1, '\n'), said + strlen(said) - 1);
}

/* Each is refused for what it is loaded over: what is said is of one of them, the first one, each time. */
static void of_several_programs_the_first_is_told(void **state)
{
	int maps[MAP_COUNT];
	const struct object_wish wish = { .xdp = { true, true },
					  .tc = { true, true },
					  .hz = PROG_HZ,
					  .flows_max = PROG_FLOWS_MAX,
					  .map_fds = maps };
	autoclose int small =
		bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "rule_counts", 4, 8, RULE_SLOTS, NULL);

	(void)state;
	assert_true(small >= 0);
	memcpy(maps, prog.object.maps, sizeof(maps));
	maps[MAP_RULE_COUNTS] = small;
	for (int i = 0; i < 5; i++) {
		autofree char *said = NULL;
		struct diags diags = { 0 };
		struct object object;

		assert_int_equal(object_load(&wish, &object, "apply to gate0", &diags), -EACCES);
		said = diag_text_all(&diags);
		diags_clear(&diags);
		assert_non_null(strstr(said, ": edgegate_in: invalid access to map value, "));
	}
}

#define LOG(text)                                                                                  \
	"libbpf: prog 'edgegate_in': -- BEGIN PROG LOAD LOG --\n" text "-- END PROG LOAD LOG --\n"

/* What libbpf says of a program that is refused, in turn, and what is left of it. */
static void of_a_log_the_last_line_that_says_something(void **state)
{
	static const struct {
		const char *log, *reason;
	} cases[] = {
		{ LOG("0: R1=ctx() R10=fp0\nmath between map_value pointer and 3 is not allowed\n"
		      "verification time 1234 usec\nstack depth 432+8\n"
		      "processed 70 insns (limit 1000000) max_states_per_insn 0\n"),
		  "edgegate_in: math between map_value pointer and 3 is not allowed" },
		{ LOG("1: R1=pkt(off=0,r=0)\ninvalid access to packet, off=12 size=2, "
		      "R1(id=0,off=12,r=0)\nR1 offset is outside of the packet\nprocessed 1 insns\n"),
		  "edgegate_in: invalid access to packet, off=12 size=2, R1(id=0,off=12,r=0): "
		  "R1 offset is outside of the packet" },
		{ LOG("one\n\nprocessed 1 insns\n\n"), "edgegate_in: one" },
		{ LOG("one\n"), "edgegate_in: one" },
		{ LOG("\n"), "prog 'edgegate_in': BPF program load failed: Permission denied" },
		{ LOG(""), "prog 'edgegate_in': BPF program load failed: Permission denied" },
		{ LOG("processed 1 insns\n"),
		  "prog 'edgegate_in': BPF program load failed: Permission denied" },
		/* cut off */
		{ "libbpf: prog 'edgegate_in': -- BEGIN PROG LOAD LOG --\none\n",
		  "prog 'edgegate_in': BPF program load failed: Permission denied" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct refusal refusal = { 0 };

		refusal_hear(&refusal, "libbpf: prog 'edgegate_in': BPF program load failed: "
				       "Permission denied\n");
		refusal_hear(&refusal, "libbpf: permission error while running as root; try "
				       "raising 'ulimit -l'? current value: 64.0 KiB\n");
		refusal_hear(&refusal, cases[i].log);
		refusal_hear(&refusal, "libbpf: prog 'edgegate_in': failed to load: -13\n");
		refusal_hear(&refusal, "libbpf: failed to load object 'edgegate_xdp'\n");
		refusal_hear(&refusal, "libbpf: failed to load BPF skeleton 'edgegate_xdp': -13\n");
		assert_string_equal(refusal.reason, cases[i].reason);
	}
}

static void without_a_log_the_map_that_failed(void **state)
{
	struct refusal refusal = { 0 };

	(void)state;
	refusal_hear(&refusal, "libbpf: Error in bpf_create_map_xattr(flows4):Cannot allocate "
			       "memory(-12). Retrying without BTF.\n");
	refusal_hear(&refusal,
		     "libbpf: map 'flows4': failed to create: Cannot allocate memory(-12)\n");
	refusal_hear(&refusal, "libbpf: failed to load object 'edgegate_xdp'\n");
	refusal_hear(&refusal, "libbpf: failed to load BPF skeleton 'edgegate_xdp': -12\n");
	assert_string_equal(refusal.reason,
			    "map 'flows4': failed to create: Cannot allocate memory(-12)");
	assert_false(refusal.from_verifier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verifier_gives_its_reason),
		cmocka_unit_test(of_several_programs_the_first_is_told),
		cmocka_unit_test(of_a_log_the_last_line_that_says_something),
		cmocka_unit_test(without_a_log_the_map_that_failed),
	};

	return cmocka_run_group_tests(tests, open_refusal, close_refusal);
}
