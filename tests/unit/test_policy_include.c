/* SPDX-License-Identifier: GPL-2.0-only */
/* `include`: in which order texts are read, that each is read once, and where files are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/load.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/policy/expect.h"

#define RULE(name, port)                                                                           \
	"rules: [{name: " name ", direction: in, protocol: tcp, ports: " port "}]\n"
#define A_FAR_HINT                                                                                 \
	"files are looked for from the folder of the one that includes them; "                     \
	"`edgegate policies` lists what is shipped\n"

/* ---- order ------------------------------------------------------------------------------------- */

static void included_texts_stand_first(void **state)
{
	(void)state;
	load_write("a.yaml",
		   "include: [b.yaml, d.yaml]\ndescription: A\npolicy: a\n" RULE("a", "1"));
	load_write("b.yaml", "policy: b\ndescription: B\n" RULE("b", "2") "include: [c.yaml]\n");
	load_write("c.yaml", "policy: c\n" RULE("c", "3"));
	load_write("d.yaml", "policy: d\n" RULE("d", "4"));
	load_write("e.yaml", "policy: e\ninclude: [f.yaml]\n" RULE("e", "5"));
	load_write("f.yaml", "policy: f\n" RULE("f", "6"));
	assert_loads("a", "c b d a", "a.yaml");
	assert_loads("a", "c b d a f e", "a.yaml", "e.yaml");
	assert_loads("e", "f e c b d a", "e.yaml", "a.yaml");
	{
		struct load loaded autoload = load_policies(NAMES("a.yaml", "e.yaml"), NULL, 0);

		assert_string_equal(loaded.policy->description, "A");
		assert_string_equal(loaded.policy->sources[0]->name, "a.yaml");
		assert_int_equal(loaded.policy->source_count, 6);
	}
}

static void a_text_is_read_once(void **state)
{
	autofree char *absolute = text_print("%s/base.yaml", load_folder());
	autofree char *policy = text_print("policy: z\ninclude: [link.yaml, %s, hard, ./base.yaml, "
					   "./base.yaml]\n" RULE("z", "9"),
					   absolute);

	(void)state;
	load_write("base.yaml", "policy: base\n" RULE("base", "1"));
	assert_int_equal(symlink("base.yaml", "link.yaml"), 0);
	assert_int_equal(link("base.yaml", "hard"), 0);
	load_write("l.yaml", "policy: l\ninclude: [base.yaml]\n" RULE("l", "2"));
	load_write("r.yaml", "policy: r\ninclude: [base.yaml]\n" RULE("r", "3"));
	load_write("top.yaml", "policy: top\ninclude: [l.yaml, r.yaml]\n" RULE("top", "4"));
	load_write("z.yaml", policy);
	assert_loads("top", "base l r top", "top.yaml");
	/* one that includes, from two, is no circle */
	load_write("m.yaml", "policy: m\ninclude: [r.yaml, top.yaml, l.yaml]\n" RULE("m", "5"));
	assert_loads("m", "base r l top m", "m.yaml");
	assert_loads("z", "base z", "z.yaml");
	/* what is given counts too, in whichever order */
	assert_loads("base", "base l", "base.yaml", "l.yaml");
	assert_loads("l", "base l", "l.yaml", "base.yaml", absolute);
	load_write("own.yaml", "policy: own\ninclude: [host-basics]\n" RULE("own", "5"));
	assert_loads("own", "dns-udp-out dns-tcp-out ntp-out http-revocation-out own", "own.yaml",
		     "host-basics");
}

/* ---- where files are --------------------------------------------------------------------------- */

static void files_are_where_the_includer_is(void **state)
{
	autofree char *absolute = text_print("%s/sub/x.yaml", load_folder());
	autofree char *to_absolute =
		text_print("policy: w\ninclude: [%s/sub/deep/y]\n", load_folder());

	(void)state;
	assert_int_equal(mkdir("sub", 0700), 0);
	assert_int_equal(mkdir("sub/deep", 0700), 0);
	load_write("x.yaml", "policy: x\n" RULE("outer", "1"));
	load_write("sub/x.yaml", "policy: x\ninclude: [deep/y, ../x.yaml]\n" RULE("inner", "2"));
	load_write("sub/deep/y", "policy: y\n" RULE("deep", "3"));
	load_write("top.yaml", "policy: top\ninclude: [sub/x.yaml]\n");
	assert_loads("top", "deep outer inner", "top.yaml");
	assert_loads("x", "deep outer inner", absolute);
	load_write("sub/z.yaml", "policy: z\ninclude: [deep/y]\n");
	assert_loads("z", "deep", "sub/z.yaml");
	load_write("sub/w.yaml", to_absolute);
	assert_loads("w", "deep", "sub/w.yaml");
	/* by the name that a file has been reached by, not by what a link leads to */
	assert_int_equal(symlink("../z.yaml", "sub/deep/z.yaml"), 0);
	assert_fails(load_policies(NAMES("sub/deep/z.yaml"), NULL, 0),
		     "edgegate: sub/deep/z.yaml:2:11: sub/deep/deep/y: No such file or directory\n"
		     "   2 | include: [deep/y]\n"
		     "     |           ^~~~~~\n" A_FAR_HINT);
}

static void shipped_ones_come_before_files(void **state)
{
	(void)state;
	load_write("host-basics", "policy: mine\n" RULE("mine", "1"));
	load_write("plain", "policy: plain\n" RULE("plain", "2"));
	load_write("a.yaml", "policy: a\ninclude: [plain, host-basics]\n");
	load_write("b.yaml", "policy: b\ninclude: [./host-basics, plain]\n");
	assert_loads("a", "plain dns-udp-out dns-tcp-out ntp-out http-revocation-out", "a.yaml");
	assert_loads("b", "mine plain", "b.yaml");
}

/* A policy of that name, with `fd` as standard input. */
static struct load load_piped(const char *name, int fd)
{
	int saved = dup(STDIN_FILENO);
	struct load load;

	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
	load = load_policies(&name, 1, NULL, 0);
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	close(saved);
	return load;
}

static void from_standard_input(void **state)
{
	static const char text[] = "policy: piped\ninclude: [sub/x.yaml]\n" RULE("piped", "1");
	const char *const names[] = { "-", "/dev/stdin" };

	(void)state;
	assert_int_equal(mkdir("sub", 0700), 0);
	load_write("sub/x.yaml", "policy: x\n" RULE("x", "2"));
	for (size_t i = 0; i < 2; i++) {
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
		close(ends[1]);
		{
			struct load piped autoload = load_piped(names[i], ends[0]);

			assert_string_equal(piped.printed, "");
			assert_string_equal(piped.policy->rules[0].name, "x");
		}
	}
	load_write("circle.yaml", "policy: circle\ninclude: [./circle.yaml]\n");
	assert_fails(load_piped("-", open("circle.yaml", O_RDONLY)),
		     "edgegate: standard input:2:11: a circle of includes: standard input -> "
		     "standard input\n"
		     "   2 | include: [./circle.yaml]\n"
		     "     |           ^~~~~~~~~~~~~\n"
		     "leave one of these includes out\n");
}

/* ---- circles ----------------------------------------------------------------------------------- */

static void circles_are_named(void **state)
{
	(void)state;
	load_write("top.yaml", "policy: top\ninclude: [host-basics, a.yaml]\n");
	load_write("a.yaml", "policy: a\ninclude: [fine.yaml, b.yaml]\n");
	load_write("b.yaml", "policy: b\ninclude:\n  - fine.yaml\n  - link.yaml\n");
	load_write("fine.yaml", "policy: fine\n");
	assert_int_equal(symlink("a.yaml", "link.yaml"), 0);
	assert_fails(load_policies(NAMES("top.yaml"), NULL, 0),
		     "edgegate: b.yaml:4:5: a circle of includes: a.yaml -> b.yaml -> a.yaml\n"
		     "   4 |   - link.yaml\n"
		     "     |     ^~~~~~~~~\n"
		     "leave one of these includes out\n");
	/* a policy that was given twice is none, nor are two that share one */
	load_write("c.yaml", "policy: c\ninclude: [fine.yaml]\n");
	assert_loads("c", "", "c.yaml", "fine.yaml", "c.yaml");
}

/* ---- expectations, and texts in memory ----------------------------------------------------------- */

/* What a shipped policy expects to be dropped is void beside another; a file's lines are not. */
static void expectations_are_kept(void **state)
{
	(void)state;
	load_write("host-basics", "policy: mine\nexpect:\n"
				  "  - drop in tcp 198.51.100.7:40000 > 192.0.2.10:22\n");
	load_write("a.yaml", "policy: a\ninclude: [host-basics, ./host-basics]\n");
	{
		struct load alone autoload = load_policies(NAMES("host-basics"), NULL, 0);
		struct load with autoload = load_policies(NAMES("a.yaml"), NULL, 0);
		size_t pass = 0, drop = 0;

		assert_string_equal(with.printed, "");
		for (size_t i = 0; i < alone.policy->expectation_count; i++)
			pass += alone.policy->expectations[i].pass;
		assert_true(pass > 0 && pass < alone.policy->expectation_count);
		assert_int_equal(with.policy->expectation_count, pass + 1);
		for (size_t i = 0; i <= pass; i++)
			drop += !with.policy->expectations[i].pass;
		assert_int_equal(drop, 1);
		assert_string_equal(with.policy->expectations[pass].place.source->name,
				    "./host-basics");
	}
}

static void a_text_in_memory_reads_no_file(void **state)
{
	static const char shipped[] = "policy: a\ninclude: [host-basics]\n";
	static const char file[] = "policy: a\ninclude: [there.yaml]\n";
	cleanup(diags_clear) struct diags diags = { 0 };
	struct policy *policy = NULL;
	autofree char *printed = NULL;

	(void)state;
	load_write("there.yaml", "policy: there\n");
	assert_int_equal(policy_parse("text", shipped, strlen(shipped), &policy, &diags), 0);
	assert_int_equal(policy->rule_count, 4);
	policy_free(policy);
	assert_int_not_equal(policy_parse("text", file, strlen(file), &policy, &diags), 0);
	printed = diag_text_all(&diags);
	assert_string_equal(printed,
			    "edgegate: text:2:11: 'there.yaml' is no shipped policy, and files "
			    "are not read here\n"
			    "   2 | include: [there.yaml]\n"
			    "     |           ^~~~~~~~~~\n"
			    "`edgegate policies` lists what is shipped\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(included_texts_stand_first, load_empty_folder),
		cmocka_unit_test_teardown(a_text_is_read_once, load_empty_folder),
		cmocka_unit_test_teardown(files_are_where_the_includer_is, load_empty_folder),
		cmocka_unit_test_teardown(shipped_ones_come_before_files, load_empty_folder),
		cmocka_unit_test_teardown(from_standard_input, load_empty_folder),
		cmocka_unit_test_teardown(circles_are_named, load_empty_folder),
		cmocka_unit_test_teardown(expectations_are_kept, load_empty_folder),
		cmocka_unit_test_teardown(a_text_in_memory_reads_no_file, load_empty_folder),
	};

	return cmocka_run_group_tests(tests, load_enter_folder, load_leave_folder);
}
