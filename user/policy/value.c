/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/value.h"

#include <errno.h>
#include <string.h>

#include "user/base/duration.h"
#include "user/base/number.h"
#include "user/base/suggestion.h"
#include "user/base/text.h"

#define NAME_LENGTH_MAX 63

int value_scalar(struct draft *draft, const struct yaml_node *node, const char *what,
		 const char *example)
{
	if (node->kind == YAML_SCALAR)
		return 0;
	draft_error(draft, &node->place, "'%s' must be one value, not %s", what,
		    yaml_kind_name(node));
	diag_hint(draft->diags, "%s", example);
	return -EINVAL;
}

static bool is_name(const char *text, size_t length)
{
	if (!length || length > NAME_LENGTH_MAX || text[0] == '.' || text[0] == '-')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length;
}

int value_name(struct draft *draft, const struct yaml_node *node, const char *owner, char **name)
{
	char *copy;

	if (node->kind != YAML_SCALAR) {
		draft_error(draft, &node->place, "the name of %s must be one value, not %s", owner,
			    yaml_kind_name(node));
		diag_hint(draft->diags, "write one name");
		return -EINVAL;
	}
	if (!is_name(node->text, node->length)) {
		draft_error(draft, &node->place, "'%s' is no name for %s", node->text, owner);
		diag_hint(draft->diags,
			  "names have a-z, 0-9, '.' and '-', begin with a letter or "
			  "digit, and have at most %d characters",
			  NAME_LENGTH_MAX);
		return -EINVAL;
	}
	copy = strdup(node->text);
	if (!copy)
		return draft_no_memory(draft);
	*name = copy;
	return 0;
}

int value_text(struct draft *draft, const struct yaml_node *node, const char *what, char **text)
{
	autotext struct text line = { 0 };
	const char *at = node->text;
	char *copy;

	if (value_scalar(draft, node, what, "it is free text"))
		return -EINVAL;
	for (;;) {
		size_t word;

		at += strspn(at, " \t\n");
		word = strcspn(at, " \t\n");
		if (!word)
			break;
		if (line.length)
			text_add(&line, " ");
		text_add_bytes(&line, at, word);
		at += word;
	}
	copy = text_take(&line);
	if (!copy)
		return draft_no_memory(draft);
	*text = copy;
	return 0;
}

int value_boolean(struct draft *draft, const struct yaml_node *node, const char *what, bool *value)
{
	if (value_scalar(draft, node, what, "write true or false"))
		return -EINVAL;
	if (node->plain && !strcmp(node->text, "true")) {
		*value = true;
	} else if (node->plain && !strcmp(node->text, "false")) {
		*value = false;
	} else {
		draft_error(draft, &node->place, "'%s' must be true or false, not '%s'", what,
			    node->text);
		diag_hint(draft->diags, node->plain ? "write true or false" :
						      "write true or false, without quotes");
		return -EINVAL;
	}
	return 0;
}

int value_number(struct draft *draft, const struct yaml_node *node, const char *what,
		 uint64_t least, uint64_t most, uint64_t *value)
{
	uint64_t number = 0;
	int error;

	if (value_scalar(draft, node, what, "it is a number"))
		return -EINVAL;
	error = node->plain ? number_parse(node->text, most, &number) : -EINVAL;
	if (error == -EINVAL) {
		draft_error(draft, &node->place, "'%s' must be a number, not '%s'", what,
			    node->text);
		diag_hint(draft->diags, "write digits only, without quotes: %llu to %llu",
			  (unsigned long long)least, (unsigned long long)most);
		return -EINVAL;
	}
	if (error || number < least) {
		draft_error(draft, &node->place, "'%s' can't be %s", what, node->text);
		diag_hint(draft->diags, "it goes from %llu to %llu", (unsigned long long)least,
			  (unsigned long long)most);
		return -EINVAL;
	}
	*value = number;
	return 0;
}

int value_duration(struct draft *draft, const struct yaml_node *node, const char *what,
		   uint64_t most, uint64_t *seconds)
{
	uint64_t number = 0;
	int error;

	if (value_scalar(draft, node, what, "durations look like 90s, 5m, 2h4m or 1d"))
		return -EINVAL;
	error = duration_parse(node->text, most, &number);
	if (error == -EINVAL) {
		draft_error(draft, &node->place, "'%s' must be a duration, not '%s'", what,
			    node->text);
		if (!number_parse(node->text, most, &number))
			diag_hint(draft->diags, "it needs a unit: %ss?", node->text);
		else
			diag_hint(draft->diags, "durations look like 90s, 5m, 2h4m or 1d, with the "
						"larger unit first");
		return -EINVAL;
	}
	if (error || !number) {
		draft_error(draft, &node->place, "'%s' can't be %s", what, node->text);
		diag_hint(draft->diags, "it goes from 1s to %llud",
			  (unsigned long long)most / 86400);
		return -EINVAL;
	}
	*seconds = number;
	return 0;
}

int value_choice(struct draft *draft, const struct yaml_node *node, const char *what,
		 const char *const *words, size_t count, unsigned int *index)
{
	struct suggestion nearest = { .word = node->text };
	autotext struct text all = { 0 };

	for (size_t i = 0; i < count; i++) {
		text_add(&all, i == 0 ? "" : i + 1 == count ? " or " : ", ");
		text_add(&all, words[i]);
	}
	if (all.failed)
		return draft_no_memory(draft);
	if (node->kind != YAML_SCALAR) {
		draft_error(draft, &node->place, "'%s' must be %s, not %s", what, all.bytes,
			    yaml_kind_name(node));
		diag_hint(draft->diags, "write %s", all.bytes);
		return -EINVAL;
	}
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(words[i], node->text)) {
			*index = i;
			return 0;
		}
		suggestion_offer(&nearest, words[i]);
	}
	draft_error(draft, &node->place, "'%s' must be %s, not '%s'", what, all.bytes, node->text);
	if (nearest.name)
		diag_hint(draft->diags, "did you mean '%s'?", nearest.name);
	else
		diag_hint(draft->diags, "write %s", all.bytes);
	return -EINVAL;
}
