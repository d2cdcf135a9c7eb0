/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any text as a policy: parsed, compiled, shown, freed. Beside memory safety and leaks: a text gives a
 * policy or errors; an error has a place and an advice; a policy compiles twice to the same bytes, in
 * which is what its rules say (policy_image.h); every rule is shown (policy_report.h).
 */
#include <errno.h>
#include <sanitizer/lsan_interface.h>

#include "tests/fuzz/policy_image.h"
#include "tests/fuzz/policy_report.h"
#include "tests/fuzz/policy_tree.h"

/* The line of an offset: lines end with LF, CR LF or CR. */
static unsigned int line_of(const char *text, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n' ? !i || text[i - 1] != '\r' : text[i] == '\r';
	return line;
}

static void check_place(const struct diag *diag)
{
	const struct place *place = &diag->place;

	require(place->source, "no place: %s", diag->why);
	if (!place->line)
		return;
	require(place->column >= 1 && place->offset <= place->source->size &&
			place->length <= place->source->size - place->offset,
		"column %u, %zu bytes from %zu: %s", place->column, place->length, place->offset,
		diag->why);
	require(place->line == line_of(place->source->text, place->offset), "line %u: %s",
		place->line, diag->why);
}

static void check_diags(const struct diags *diags)
{
	char *printed = diag_text_all(diags);
	size_t errors = 0;

	require(printed, "nothing is printed");
	report_is_printable(printed);
	free(printed);
	require(diags->count <= DIAGS_KEPT, "%zu kept", diags->count);
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->list[i];

		require(diag->why && *diag->why, "it doesn't say why");
		if (diag->kind == DIAG_WARNING)
			continue;
		errors++;
		require(diag->kind == DIAG_POLICY, "not the text's fault: %s", diag->why);
		check_place(diag);
		require(diag->hint && *diag->hint, "no advice: %s", diag->why);
	}
	require(!errors == !diags->failed, "%zu errors", errors);
	require(diags_exit_status(diags) == (diags->failed ? 2 : 0), "exit status %d",
		diags_exit_status(diags));
}

/* Compiles; `before` is what the same text gave the first time, or NULL. */
static void compile(const struct policy *policy, const struct image *before, struct image *image)
{
	struct image_running running = { .kept = { before ? before->listing : NULL, NULL } };
	struct diags diags = { 0 };
	int error = image_compile(policy, &running, image, &diags);

	require(!error == !diags.failed, "error %d", error);
	check_diags(&diags);
	if (error)
		require(!image->generation && !image->listing, "something is left of it");
	else if (!before)
		image_check(policy, image);
	diags_clear(&diags);
}

/* Gives all that was said, the caller's to free. No image: there is no policy, or one too large. */
static char *run(const uint8_t *data, size_t size, const struct image *before, struct image *image)
{
	uint8_t *text = oracle_copy(data, size, 0);
	struct policy *policy = NULL;
	struct diags diags = { 0 };
	int error = policy_parse("fuzz.yaml", (const char *)text, size, &policy, &diags);
	char *said;

	oracle_free(text, 0);
	require(!error == !!policy && !error == !diags.failed && error != -ENOMEM, "error %d",
		error);
	check_diags(&diags);
	if (policy)
		compile(policy, before, image);
	if (policy && !before) {
		tree_check(policy);
		report_check_policy(policy);
	}
	policy_free(policy);
	said = diag_text_all(&diags);
	diags_clear(&diags);
	return said;
}

/* The second time as over a running gate with the same policy: its rules keep their counters. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image = { 0 }, again = { 0 };
	char *said = run(data, size, NULL, &image);
	char *said_again = run(data, size, image.listing ? &image : NULL, &again);

	require(!image.listing == !again.listing, "the same text is a policy once");
	if (image.listing)
		images_equal(&image, &again);
	require(!strcmp(said, said_again), "the same text has two faults: %s%s", said, said_again);
	image_free(&image);
	image_free(&again);
	free(said);
	free(said_again);
	return 0;
}

/*
 * libfyaml 0.7 loses 8 KiB where a quoted text has hundreds of escapes (fy_token_get_text, where the list of
 * its pieces grows). That we give everything back ourselves is what unit tests see to.
 */
const char *__lsan_default_suppressions(void) /* NOLINT(bugprone-reserved-identifier) */
{
	return "leak:libfyaml.so";
}
