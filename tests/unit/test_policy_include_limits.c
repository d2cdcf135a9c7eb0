/* SPDX-License-Identifier: GPL-2.0-only */
/* What can't be included: what is no file, what is too deep, too many or too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/lib/load.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"

#define RULE(name, port)                                                                           \
	"rules: [{name: " name ", direction: in, protocol: tcp, ports: " port "}]\n"
#define A_FAR_HINT                                                                                 \
	"files are looked for from the folder of the one that includes them; "                     \
	"`edgegate policies` lists what is shipped\n"

static char *repeated(char byte, size_t count)
{
	struct text text = { 0 };

	text_add_repeated(&text, byte, count);
	return text_take(&text);
}

/* One include of `what`, which fails as `why` says; the file is one.yaml. */
static void assert_refused(const char *what, const char *why, const char *hint, int status)
{
	autofree char *policy = text_print("policy: one\ninclude: [%s]\n", what);
	autofree char *line = repeated('~', strlen(what) - 1);
	autofree char *expected = text_print("edgegate: one.yaml:2:11: %s\n   2 | include: [%s]\n"
					     "     |           ^%s\n%s\n",
					     why, what, line, hint);

	load_write("one.yaml", policy);
	{
		struct load failed autoload = load_policies(NAMES("one.yaml"), NULL, 0);

		assert_string_equal(failed.printed, expected);
		assert_int_equal(failed.status, status);
	}
}

/* ---- what can't be included -------------------------------------------------------------------- */

static void only_files_are_read(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	static const char path_hint[] = "is this the right path?";
	static const char file_hint[] =
		"only files can be included; give the command itself other things";

	(void)state;
	assert_int_equal(mkdir("some", 0700), 0);
	assert_int_equal(mkfifo("fifo.yaml", 0600), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(symlink("loop.yaml", "loop.yaml"), 0);
	assert_int_equal(symlink("nowhere", "dangling.yaml"), 0);
	load_write("large.yaml", "policy: large\n");
	assert_int_equal(truncate("large.yaml", (16 << 20) + 1), 0);
	assert_refused("some", "some: this is a directory", "give the policy file in it", 2);
	/* nobody will ever write to it: one that waits for that is ended by alarm() */
	alarm(20);
	assert_refused("fifo.yaml", "fifo.yaml: this is a FIFO, not a file", file_hint, 2);
	alarm(0);
	assert_refused("./socket", "./socket: this is a socket, not a file", file_hint, 2);
	assert_refused("/dev/zero", "/dev/zero: this is a device, not a file", file_hint, 2);
	assert_refused("loop.yaml", "loop.yaml: Too many levels of symbolic links", path_hint, 2);
	assert_refused("dangling.yaml", "dangling.yaml: No such file or directory",
		       "files are looked for from the folder of the one that includes them; "
		       "`edgegate policies` lists what is shipped",
		       2);
	assert_refused("large.yaml", "large.yaml: larger than 16 MiB, which no policy is",
		       "is this the right file?", 2);
	/* what even root isn't given is not the policy's fault */
	assert_refused("/proc/self/mem", "/proc/self/mem: cannot be read: Input/output error",
		       "look at edgegate status, then try again", 1);
}

/* Names in a text that isn't there are not missed one by one; other texts' errors are said. */
static void all_that_is_missing_is_said(void **state)
{
	(void)state;
	load_write("a.yaml",
		   "policy: a\ninclude: [b.yaml, c.yaml]\nrules:\n"
		   "- {name: a, direction: in, protocol: tcp, ports: 1, from: far, to: wide}\n");
	load_write("c.yaml", "policy: c\ngroups: {wide: []}\ninclude: [d.yaml]\n");
	assert_fails(load_policies(NAMES("a.yaml"), NULL, 0),
		     "edgegate: a.yaml:2:11: b.yaml: No such file or directory\n"
		     "   2 | include: [b.yaml, c.yaml]\n"
		     "     |           ^~~~~~\n" A_FAR_HINT
		     "edgegate: c.yaml:3:11: d.yaml: No such file or directory\n"
		     "   3 | include: [d.yaml]\n"
		     "     |           ^~~~~~\n" A_FAR_HINT
		     "edgegate: c.yaml:2:10: group 'wide' is empty\n"
		     "   2 | groups: {wide: []}\n"
		     "     |          ^~~~\n"
		     "give it addresses, or [any]\n");
}

/* ---- limits ------------------------------------------------------------------------------------ */

/* 0.yaml includes 1.yaml, and so on; the last one nothing. */
static void write_chain(unsigned int length)
{
	for (unsigned int i = 0; i <= length; i++) {
		autofree char *name = text_print("%u.yaml", i);
		autofree char *text = i < length ?
					      text_print("policy: p\ninclude: [%u.yaml]\n", i + 1) :
					      text_print("policy: p\n" RULE("last", "1"));

		load_write(name, text);
	}
}

static void sixteen_deep(void **state)
{
	(void)state;
	write_chain(16);
	assert_loads("p", "last", "0.yaml");
	write_chain(17);
	assert_fails(load_policies(NAMES("0.yaml"), NULL, 0),
		     "edgegate: 16.yaml:2:10: includes lead more than 16 deep\n"
		     "   2 | include: [17.yaml]\n"
		     "     |          ^\n"
		     "include it from a file nearer to the one that is given\n");
	/* which helps: it is the way that counts */
	load_write("top.yaml", "policy: p\ninclude: [9.yaml, 0.yaml]\n");
	assert_loads("p", "last", "top.yaml");
}

/* top.yaml includes that many. */
static void write_many(unsigned int count)
{
	autotext struct text text = { 0 };

	text_add(&text, "policy: top\ninclude:\n");
	for (unsigned int i = 1; i <= count; i++) {
		autofree char *name = text_print("%u.yaml", i);

		load_write(name, "policy: p\n");
		text_format(&text, "  - %s\n", name);
	}
	load_write("top.yaml", text.bytes);
}

static void so_many_and_so_much(void **state)
{
	(void)state;
	write_many(255);
	assert_loads("top", "", "top.yaml");
	write_many(300);
	assert_fails(
		load_policies(NAMES("top.yaml"), NULL, 0),
		"edgegate: top.yaml:258:5: 256.yaml: more than 256 policies and included files\n"
		" 258 |   - 256.yaml\n"
		"     |     ^~~~~~~~\n"
		"leave out what isn't needed, or put several into one file\n");
	/* comments, which don't take long to read */
	for (unsigned int i = 1; i <= 2; i++) {
		autofree char *name = text_print("%u.yaml", i);
		autofree char *filler = repeated('#', 8 << 20);
		autofree char *text = text_print("policy: p\n%s\n", filler);

		load_write(name, text);
	}
	load_write("top.yaml", "policy: top\ninclude: [1.yaml, 2.yaml]\n");
	assert_fails(load_policies(NAMES("top.yaml"), NULL, 0),
		     "edgegate: top.yaml:2:19: 2.yaml: with it, the texts are larger than 16 MiB, "
		     "which no policy is\n"
		     "   2 | include: [1.yaml, 2.yaml]\n"
		     "     |                   ^~~~~~\n"
		     "leave out what isn't needed, or put several into one file\n");
	assert_fails(
		load_policies(NAMES("1.yaml", "2.yaml"), NULL, 0),
		"edgegate: 2.yaml: with it, the texts are larger than 16 MiB, which no policy is\n"
		"leave out what isn't needed, or put several into one file\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(only_files_are_read, load_empty_folder),
		cmocka_unit_test_teardown(all_that_is_missing_is_said, load_empty_folder),
		cmocka_unit_test_teardown(sixteen_deep, load_empty_folder),
		cmocka_unit_test_teardown(so_many_and_so_much, load_empty_folder),
	};

	return cmocka_run_group_tests(tests, load_enter_folder, load_leave_folder);
}
