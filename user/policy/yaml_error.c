/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/yaml_error.h"

#include <errno.h>
#include <libfyaml.h>
#include <string.h>

/* What some of its messages mean to someone who writes a policy. */
static const struct advice {
	const char *message; /* a part of it */
	const char *hint;
} advices[] = {
	{ "without a closing brac", "close it with its counterpart" },
	{ "without closing quote", "close the quote" },
	{ " tab ", "indent with spaces, not with tabs" },
	{ "tab character", "indent with spaces, not with tabs" },
	{ "quoted scalar", "is the quote closed?" },
	{ "invalid multiline plain key",
	  "keys of one map begin in the same column: look at this line and the next" },
	{ "nested block mapping on the same line",
	  "one 'key: value' a line; text that holds ': ' needs quotes" },
	{ "did not find expected key",
	  "keys of one map begin in the same column: look at this line and the one before" },
	{ "wrong indentation", "items of one list and keys of one map begin in the same column" },
	{ "invalid indentation", "items of one list and keys of one map begin in the same column" },
	{ "end of block", "items of one list and keys of one map begin in the same column" },
	{ "invalid escape", "a backslash in double quotes is \\\\; in single quotes it is itself" },
	{ "extra closing", "take it out" },
	{ "plain scalar cannot start", "text that begins so needs quotes" },
	{ "could not find expected ':'", "a key is followed by ': '" },
};

struct fy_diag *yaml_error_collector(void)
{
	struct fy_diag_cfg config;
	struct fy_diag *diag;

	fy_diag_cfg_default(&config);
	config.fp = NULL;
	config.colorize = false;
	diag = fy_diag_create(&config);
	if (diag)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

/* The bracket that was never closed says more than the end of the file does. */
static const struct place *unclosed(const struct yaml_builder *builder)
{
	for (unsigned int i = builder->depth; i-- > 0;) {
		const struct place *place = &builder->stack[i]->place;

		if (place->length && strchr("[{", place->source->text[place->offset]))
			return place;
	}
	return NULL;
}

int yaml_error_report(struct fy_diag *collector, const struct yaml_builder *builder,
		      struct source_cursor *cursor)
{
	struct place place = { .source = cursor->source };
	struct diags *diags = builder->diags;
	const struct fy_diag_error *error;
	const struct place *opened;
	const char *message;
	void *iterator = NULL;

	do {
		error = fy_diag_errors_iterate(collector, &iterator);
	} while (error && error->type < FYET_ERROR);
	message = error && error->msg ? error->msg : "this is not YAML";
	if (error && error->fyt && fy_token_start_mark(error->fyt)) {
		const struct fy_mark *start = fy_token_start_mark(error->fyt);
		const struct fy_mark *end = fy_token_end_mark(error->fyt);
		size_t length = end && end->input_pos > start->input_pos ?
					end->input_pos - start->input_pos :
					0;

		place = source_cursor_place(cursor, start->input_pos, length);
	}
	opened = unclosed(builder);
	if (opened && strstr(message, "without a closing brac"))
		place = *opened;
	diag_policy(diags, &place, "%s", message);
	if (opened && opened->line < place.line) {
		diag_hint(diags, "is the '%c' of line %u closed?",
			  opened->source->text[opened->offset], opened->line);
		return -EINVAL;
	}
	diag_hint(diags, "look at the indentation and the quotes here and in the line before");
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (strstr(message, advices[i].message)) {
			diag_hint(diags, "%s", advices[i].hint);
			break;
		}
	}
	return -EINVAL;
}
