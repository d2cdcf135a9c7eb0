/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/include.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/base/suggestion.h"
#include "user/base/text.h"

#define EXAMPLE "for example [host-basics, groups.yaml]"

/* ---- what is there ------------------------------------------------------------------------------- */

/* One and the same file, by whatever names; or one shipped policy. */
static bool is_same(const struct source *a, const struct source *b)
{
	if (a->inode || b->inode)
		return a->inode == b->inode && a->device == b->device;
	return b->name && !strcmp(a->name, b->name) && policy_builtin_find(a->name);
}

/* Its index, or the number of texts. */
static size_t find_text(const struct draft *draft, const struct source *source)
{
	const struct policy *policy = &draft->store->policy;
	size_t i = 0;

	while (i < draft->text_count && !is_same(policy->sources[i], source))
		i++;
	return i;
}

/* The one that is there, with one holder more, so that nothing is read twice; or NULL. */
static struct source *hold_text(const struct draft *draft, const struct source *like)
{
	size_t found = find_text(draft, like);

	if (found == draft->text_count)
		return NULL;
	source_hold(draft->store->policy.sources[found]);
	return draft->store->policy.sources[found];
}

/* ---- finding ----------------------------------------------------------------------------------- */

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

bool include_is_path(const char *name)
{
	return strchr(name, '/') || ends_in(name, ".yaml") || ends_in(name, ".yml");
}

int include_check(struct draft *draft, size_t includer, const struct yaml_node *list)
{
	if (draft->texts[includer].depth == INCLUDE_DEPTH_MAX) {
		draft_error(draft, &list->place, "includes lead more than %d deep",
			    INCLUDE_DEPTH_MAX);
		diag_hint(draft->diags, "include it from a file nearer to the one that is given");
		return -EINVAL;
	}
	if (list->kind != YAML_LIST) {
		draft_error(draft, &list->place, "'include' must be a list, not %s",
			    yaml_kind_name(list));
		diag_hint(draft->diags, "write [%s]",
			  list->kind == YAML_SCALAR ? list->text : "host-basics, groups.yaml");
		return -EINVAL;
	}
	if (list->count)
		return 0;
	draft_error(draft, &list->place, "an empty list in 'include'");
	diag_hint(draft->diags, "leave 'include' out, or name what it is to include");
	return -EINVAL;
}

/* Seen from the folder of the file that names it; from the current one if that was a pipe. */
static char *path_of(const struct source *includer, const char *name)
{
	const char *slash = includer->inode ? strrchr(includer->name, '/') : NULL;

	if (*name == '/' || !slash)
		return strdup(name);
	return text_print("%.*s%s", (int)(slash + 1 - includer->name), includer->name, name);
}

/* The shipped policy that was probably meant, also where it was taken for a file; or NULL. */
static const char *nearest_shipped(const char *name)
{
	const char *slash = strrchr(name, '/');
	autofree char *word = strdup(slash ? slash + 1 : name);
	struct suggestion nearest = { .word = word };

	if (!word)
		return NULL;
	if (include_is_path(word))
		*strrchr(word, '.') = '\0';
	for (size_t i = 0; i < policy_builtin_count; i++)
		suggestion_offer(&nearest, policy_builtins[i].name);
	return nearest.name;
}

static int not_there(struct draft *draft, const struct yaml_node *item, const char *path)
{
	const char *nearest = nearest_shipped(item->text);

	if (!path)
		draft_error(draft, &item->place,
			    "'%s' is no shipped policy, and files are not read here", item->text);
	else if (include_is_path(item->text))
		draft_error(draft, &item->place, "%s: %s", path, strerror(ENOENT));
	else
		draft_error(draft, &item->place, "there is no policy '%s', and no file %s",
			    item->text, path);
	if (nearest)
		diag_hint(draft->diags, "did you mean '%s', which is shipped?", nearest);
	else if (!path)
		diag_hint(draft->diags, "`edgegate policies` lists what is shipped");
	else
		diag_hint(draft->diags, "files are looked for from the folder of the one that "
					"includes them; `edgegate policies` lists what is shipped");
	return -EINVAL;
}

static int find_file(struct draft *draft, const struct include_by *by, struct source **source)
{
	const struct policy *policy = &draft->store->policy;
	const struct yaml_node *item = by->item;
	autofree char *path = NULL;
	struct source *there;
	struct stat status;
	int error;

	if (draft->no_files)
		return not_there(draft, item, NULL);
	path = path_of(policy->sources[by->includer], item->text);
	if (!path)
		return draft_no_memory(draft);
	if (!stat(path, &status)) {
		there = hold_text(draft, &(struct source){ .device = status.st_dev,
							   .inode = status.st_ino });
		if (there) {
			*source = there;
			return 0;
		}
	} else if (errno == ENOENT) {
		return not_there(draft, item, path);
	}
	error = source_read_named(path, &item->place, INCLUDE_SIZE_MAX, source, draft->diags);
	draft->failed |= error != 0;
	return error;
}

static int find_builtin(struct draft *draft, const struct policy_builtin *builtin,
			struct source **source)
{
	*source = hold_text(draft, &(struct source){ .name = (char *)builtin->name });
	if (*source)
		return 0;
	*source = source_new(builtin->name, builtin->text, builtin->size);
	return *source ? 0 : draft_no_memory(draft);
}

int include_find(struct draft *draft, const struct include_by *by, struct source **source)
{
	const struct yaml_node *item = by->item;
	const struct policy_builtin *builtin;

	if (item->kind != YAML_SCALAR) {
		draft_error(draft, &item->place,
			    "an include must be a policy's name or a file, not %s",
			    yaml_kind_name(item));
		diag_hint(draft->diags, EXAMPLE);
		return -EINVAL;
	}
	if (!strcmp(item->text, "-")) {
		draft_error(draft, &item->place, "standard input can't be included");
		diag_hint(draft->diags,
			  "give - to the command, or write ./- for a file of this name");
		return -EINVAL;
	}
	if (!*item->text) {
		draft_error(draft, &item->place, "an include without a name");
		diag_hint(draft->diags, EXAMPLE);
		return -EINVAL;
	}
	builtin = include_is_path(item->text) ? NULL : policy_builtin_find(item->text);
	return builtin ? find_builtin(draft, builtin, source) : find_file(draft, by, source);
}

/* ---- adding ------------------------------------------------------------------------------------ */

/* "a.yaml -> b.yaml -> a.yaml", of which the last names are `by`'s and, once more, texts[first]'s. */
static int say_circle(struct draft *draft, const struct include_by *by, size_t first)
{
	const struct policy *policy = &draft->store->policy;
	size_t chain[INCLUDE_DEPTH_MAX + 1];
	size_t length = 0;
	autotext struct text names = { 0 };

	for (size_t at = by->includer; at != first; at = draft->texts[at].includer)
		chain[length++] = at;
	text_add(&names, policy->sources[first]->name);
	while (length--)
		text_format(&names, " -> %s", policy->sources[chain[length]]->name);
	text_format(&names, " -> %s", policy->sources[first]->name);
	if (names.failed)
		return draft_no_memory(draft);
	draft_error(draft, &by->item->place, "a circle of includes: %s", names.bytes);
	diag_hint(draft->diags, "leave one of these includes out");
	return 0;
}

static bool is_too_much(struct draft *draft, const struct include_by *by,
			const struct source *source)
{
	const struct place *place = by->item ? &by->item->place : NULL;

	if (draft->texts_full)
		return true;
	if (draft->text_count == INCLUDE_TEXTS_MAX)
		draft_error(draft, place, "%s: more than %d policies and included files",
			    source->name, INCLUDE_TEXTS_MAX);
	else if (source->size > INCLUDE_SIZE_MAX - draft->text_size)
		draft_error(draft, place,
			    "%s: with it, the texts are larger than %lu MiB, which no policy is",
			    source->name, INCLUDE_SIZE_MAX >> 20);
	else
		return false;
	diag_hint(draft->diags, "leave out what isn't needed, or put several into one file");
	draft->texts_full = true;
	return true;
}

/* The sources and the texts grow together. */
static int append(struct draft *draft, struct source *source, const struct include_by *by)
{
	struct policy *policy = &draft->store->policy;
	struct draft_text *text = array_add(&draft->texts, &draft->text_count);
	struct source **kept;

	if (!text)
		return draft_no_memory(draft);
	kept = array_add(&policy->sources, &policy->source_count);
	if (!kept) {
		draft->text_count--;
		return draft_no_memory(draft);
	}
	*kept = source;
	if (by->item) {
		text->includer = by->includer;
		text->depth = draft->texts[by->includer].depth + 1;
	}
	draft->text_size += source->size;
	return 1;
}

int include_add(struct draft *draft, struct source *source, const struct include_by *by,
		size_t *index)
{
	size_t found = find_text(draft, source);
	int result = 0;

	if (found < draft->text_count) {
		if (draft->texts[found].open)
			result = say_circle(draft, by, found);
	} else if (is_too_much(draft, by, source)) {
		draft->texts_missing = true;
	} else {
		result = append(draft, source, by);
	}
	if (result != 1)
		source_release(source);
	*index = found;
	return result;
}
