/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/fields.h"

#include <errno.h>
#include <string.h>

#include "user/base/suggestion.h"
#include "user/base/text.h"
#include "user/policy/yaml_keys.h"

/* The field that was probably meant, or `count`. */
static size_t unknown_key(struct draft *draft, const struct yaml_node *key, const char *owner,
			  const struct field *fields, size_t count)
{
	struct suggestion nearest = { .word = key->text };
	autotext struct text known = { 0 };
	size_t meant = count;

	for (size_t i = 0; i < count; i++) {
		const char *before = nearest.name;

		suggestion_offer(&nearest, fields[i].name);
		if (nearest.name != before)
			meant = i;
		text_format(&known, "%s%s", i ? ", " : "", fields[i].name);
	}
	draft_error(draft, &key->place, "unknown key '%s'", key->text);
	if (nearest.name)
		diag_hint(draft->diags, "did you mean '%s'?", nearest.name);
	else
		diag_hint(draft->diags, "%s has: %s", owner, known.failed ? "" : known.bytes);
	return meant;
}

/* The place where a reader looks for what a map lacks: its name, or where it begins. */
static const struct place *map_place(const struct yaml_node *map)
{
	for (size_t i = 0; i < map->count; i++)
		if (!strcmp(map->pairs[i].key->text, "name"))
			return &map->pairs[i].value->place;
	return &map->place;
}

int fields_collect(struct draft *draft, const struct yaml_node *map, const char *owner,
		   const struct field *fields, size_t count, struct field_value *values)
{
	unsigned long long seen = 0;

	memset(values, 0, count * sizeof(*values));
	if (map->kind != YAML_MAP) {
		draft_error(draft, &map->place, "%s must be a map of keys, not %s", owner,
			    yaml_kind_name(map));
		diag_hint(draft->diags, "write {%s}, or each key on a line of its own",
			  fields[0].example);
		return -EINVAL;
	}
	if (yaml_keys_check(map, draft->diags))
		draft->failed = true;
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *key = map->pairs[i].key;
		const struct yaml_node *value = map->pairs[i].value;
		size_t field = 0;

		while (field < count && strcmp(fields[field].name, key->text))
			field++;
		if (field == count) {
			/* nothing is missed for a mistake in its key */
			if (yaml_keys_merges(key))
				seen = ~0ull;
			else
				seen |= 1ull << unknown_key(draft, key, owner, fields, count);
			continue;
		}
		seen |= 1ull << field;
		if (value->kind == YAML_EMPTY) {
			draft_error(draft, &key->place, "'%s' has no value", key->text);
			diag_hint(draft->diags, "for example '%s'", fields[field].example);
			continue;
		}
		values[field] = (struct field_value){ .key = key, .value = value };
	}
	for (size_t i = 0; i < count; i++) {
		values[i].seen = seen >> i & 1;
		if (!fields[i].required || values[i].seen)
			continue;
		draft_error(draft, map_place(map), "%s needs '%s'", owner, fields[i].name);
		diag_hint(draft->diags, "for example '%s'", fields[i].example);
	}
	return 0;
}
