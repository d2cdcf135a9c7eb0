/* SPDX-License-Identifier: GPL-2.0-only */
/* A map with known keys. */
#ifndef USER_POLICY_FIELDS_H
#define USER_POLICY_FIELDS_H

#include "user/policy/draft.h"

/* A key that is known. */
struct field {
	const char *name;
	const char *example; /* a line of YAML; must be there where the key must */
	bool required;
};

/*
 * What stands under it; both NULL where it is left out, or has no value (which is an error). `seen`
 * also where that, or a mistake in the key, was complained of: then nothing is missing.
 */
struct field_value {
	const struct yaml_node *key;
	const struct yaml_node *value;
	bool seen;
};

/*
 * Fills values[i] with what fields[i] has in the map. Errors: what is no map, unknown keys, keys
 * without a value, and missing keys. `owner` is what the map is: "a
 * rule". Gives -EINVAL only where it is no map at all.
 */
int fields_collect(struct draft *draft, const struct yaml_node *map, const char *owner,
		   const struct field *fields, size_t count, struct field_value *values);

#endif
