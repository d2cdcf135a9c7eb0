/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading texts, and finding places in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/base/text.h"

#define LIMIT (16u << 20)

static char folder[] = "/tmp/edgegate-test-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static char *in_folder(const char *name)
{
	return text_print("%s/%s", folder, name);
}

static void write_file(const char *path, const char *text, size_t size)
{
	autofclose FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
}

/* What is said of a file that can't be read. */
static void assert_refused(const char *path, size_t limit, int error, enum diag_kind kind,
			   const char *said)
{
	struct source *source = (struct source *)&path;
	struct diags diags = { 0 };
	autofree char *printed = NULL;

	assert_int_equal(source_read(path, limit, &source, &diags), error);
	assert_ptr_equal(source, (struct source *)&path);
	assert_int_equal(diags.count, 1);
	assert_int_equal(diags.list[0].kind, kind);
	printed = diag_text_all(&diags);
	assert_non_null(strstr(printed, said));
	diags_clear(&diags);
}

static void files_are_read_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 1000000 };
	autofree char *path = in_folder("file");
	autofree char *bytes = malloc(1000000);

	(void)state;
	for (size_t i = 0; i < 1000000; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct source *source = NULL;
		struct diags diags = { 0 };

		write_file(path, bytes, sizes[i]);
		assert_int_equal(source_read(path, LIMIT, &source, &diags), 0);
		assert_int_equal(source->size, sizes[i]);
		assert_memory_equal(source->text, bytes, sizes[i]);
		assert_int_equal(source->text[sizes[i]], '\0');
		assert_string_equal(source->name, path);
		assert_int_equal(diags.count, 0);
		source_release(source);
	}
	unlink(path);
}

static void sizes_are_limited(void **state)
{
	autofree char *path = in_folder("large");
	struct source *source = NULL;
	struct diags diags = { 0 };

	(void)state;
	write_file(path, "0123456789", 10);
	assert_int_equal(source_read(path, 10, &source, &diags), 0);
	source_release(source);
	assert_refused(path, 9, -EFBIG, DIAG_POLICY, "larger than");
	/* 100 GB that nobody reads */
	assert_int_equal(truncate(path, 100000000000), 0);
	assert_refused(path, LIMIT, -EFBIG, DIAG_POLICY, "larger than 16 MiB");
	unlink(path);
	/* without a size, and without an end */
	assert_refused("/dev/zero", LIMIT, -EFBIG, DIAG_POLICY, "larger than 16 MiB");
}

static void other_things_are_refused(void **state)
{
	autofree char *path = in_folder("file");

	(void)state;
	assert_refused(folder, LIMIT, -EISDIR, DIAG_POLICY, "this is a directory");
	assert_refused("/", LIMIT, -EISDIR, DIAG_POLICY, "this is a directory");
	assert_refused(path, LIMIT, -ENOENT, DIAG_POLICY, "No such file");
	assert_refused("/dev/null/file", LIMIT, -ENOTDIR, DIAG_POLICY, "Not a directory");
	/* what even root isn't given */
	assert_refused("/proc/self/mem", LIMIT, -EIO, DIAG_SYSTEM, "cannot be read");
}

static void standard_input_is_read(void **state)
{
	static const char text[] = "policy: from-a-pipe\n";
	struct source *source = NULL;
	struct diags diags = { 0 };
	int ends[2], saved = dup(STDIN_FILENO);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, sizeof(text) - 1), sizeof(text) - 1);
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(source_read(NULL, LIMIT, &source, &diags), 0);
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	close(saved);
	assert_string_equal(source->text, text);
	assert_string_equal(source->name, "standard input");
	source_release(source);
}

/* Only what is a file, by whatever name, and its errors stand where the name does. */
static void files_that_a_text_names(void **state)
{
	const struct source text = { .name = (char *)"text", .text = (char *)"x" };
	const struct place place = { .source = &text, .line = 1, .column = 1, .length = 1 };
	static const char *const refused[] = { "/dev/zero", "/dev/null", "/", "/nowhere",
					       "/proc/self/mem" };
	autofree char *path = in_folder("file");
	autofree char *other = in_folder("link");
	struct source *source = NULL, *same = NULL;
	struct diags diags = { 0 };
	struct stat status;

	(void)state;
	write_file(path, "abc", 3);
	assert_int_equal(symlink("file", other), 0);
	assert_int_equal(source_read_named(path, &place, 3, &source, &diags), 0);
	assert_int_equal(source_read_named(other, &place, 3, &same, &diags), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(source->inode, status.st_ino);
	assert_int_equal(source->device, status.st_dev);
	assert_int_equal(same->inode, source->inode);
	assert_int_equal(same->device, source->device);
	assert_string_equal(same->text, "abc");
	assert_int_equal(diags.count, 0);
	source_release(source);
	source_release(same);
	assert_int_equal(source_read_named(path, &place, 2, &source, &diags), -EFBIG);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_true(source_read_named(refused[i], &place, 3, &source, &diags) < 0);
	assert_int_equal(diags.count, 6);
	for (size_t i = 0; i < diags.count; i++) {
		assert_ptr_equal(diags.list[i].place.source, &text);
		assert_non_null(diags.list[i].hint);
	}
	assert_non_null(strstr(diags.list[1].why, "/dev/zero: this is a device"));
	diags_clear(&diags);
	unlink(path);
	unlink(other);
}

static void places_in_any_order(void **state)
{
	static const char text[] = "\xef\xbb\xbf"
				   "ab\n\xc3\xa4"
				   "b\r\n\rx\n";
	static const struct expected {
		size_t offset;
		unsigned int line;
		unsigned int column;
	} expected[] = {
		{ 3, 1, 1 },  { 5, 1, 3 },  { 6, 2, 1 },  { 8, 2, 2 },  { 9, 2, 3 },
		{ 11, 3, 1 }, { 12, 4, 1 }, { 13, 4, 2 }, { 14, 5, 1 }, { 99, 5, 1 },
	};
	const size_t count = sizeof(expected) / sizeof(expected[0]);
	struct source *source = source_new("text", text, sizeof(text) - 1);
	struct source_cursor cursor;

	(void)state;
	source_cursor_begin(&cursor, source);
	/* every step from one to the other, both ways */
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			struct place place = source_cursor_place(&cursor, expected[i].offset, 0);

			assert_int_equal(place.line, expected[i].line);
			assert_int_equal(place.column, expected[i].column);
			place = source_cursor_place(&cursor, expected[j].offset, 1000);
			assert_int_equal(place.line, expected[j].line);
			assert_int_equal(place.column, expected[j].column);
			assert_true(place.offset + place.length <= source->size);
		}
	}
	source_release(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_whole),
		cmocka_unit_test(sizes_are_limited),
		cmocka_unit_test(other_things_are_refused),
		cmocka_unit_test(standard_input_is_read),
		cmocka_unit_test(files_that_a_text_names),
		cmocka_unit_test(places_in_any_order),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
