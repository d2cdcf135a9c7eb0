/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/yaml_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"

bool yaml_keys_merges(const struct yaml_node *key)
{
	return key->plain && !strcmp(key->text, "<<");
}

/* By text, and among equals by place. */
static int compare(const void *left, const void *right)
{
	const struct yaml_node *a = *(const struct yaml_node *const *)left;
	const struct yaml_node *b = *(const struct yaml_node *const *)right;
	int order = strcmp(a->text, b->text);

	if (order)
		return order;
	return (a->place.offset > b->place.offset) - (a->place.offset < b->place.offset);
}

int yaml_keys_check(const struct yaml_node *map, struct diags *diags)
{
	autofree const struct yaml_node **keys = NULL;
	int error = 0;

	if (!map->count)
		return 0;
	keys = calloc(map->count, sizeof(*keys));
	if (!keys)
		return diag_system(diags, ENOMEM, map->place.source->name, "reading the policy");
	for (size_t i = 0; i < map->count; i++) {
		keys[i] = map->pairs[i].key;
		if (yaml_keys_merges(keys[i])) {
			error = diag_policy(diags, &keys[i]->place,
					    "YAML merge keys are not for policies");
			diag_hint(diags, "write the keys out");
		}
	}
	qsort(keys, map->count, sizeof(*keys), compare);
	for (size_t i = 1; i < map->count; i++) {
		if (strcmp(keys[i - 1]->text, keys[i]->text))
			continue;
		error = diag_policy(diags, &keys[i]->place, "key '%s' stands here twice",
				    keys[i]->text);
		diag_hint(diags, "line %u has it first; keep one of them", keys[i - 1]->place.line);
	}
	return error;
}
