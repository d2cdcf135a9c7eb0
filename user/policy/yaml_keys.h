/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys of a map: none twice, none that merges. */
#ifndef USER_POLICY_YAML_KEYS_H
#define USER_POLICY_YAML_KEYS_H

#include "user/policy/yaml.h"

/* -EINVAL, and an error for each key that stands twice and for each merge key. */
int yaml_keys_check(const struct yaml_node *map, struct diags *diags);

/* Is it YAML's merge key? */
bool yaml_keys_merges(const struct yaml_node *key);

#endif
