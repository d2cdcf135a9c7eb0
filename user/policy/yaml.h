/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text to nodes: one YAML 1.2 document, of which only scalars, lists and maps are left, each with
 * its place. What a policy has no use for (anchors, aliases, merge keys, tags, other directives,
 * keys that are no scalars) is refused here, so a tree of nodes is finite and has no cycles.
 */
#ifndef USER_POLICY_YAML_H
#define USER_POLICY_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "user/base/diag.h"

enum yaml_kind {
	YAML_EMPTY, /* nothing, ~ or null */
	YAML_SCALAR,
	YAML_LIST,
	YAML_MAP,
};

struct yaml_pair {
	struct yaml_node *key; /* YAML_SCALAR, also for a key that reads null */
	struct yaml_node *value;
};

/* Owned by its parent; the root by whoever called yaml_parse(). */
struct yaml_node {
	enum yaml_kind kind;
	bool plain;         /* of a scalar: written without quotes, on one line or more */
	struct place place; /* with the quotes; of a list or map in block style: its first item */
	size_t count;       /* of items or pairs */
	union {
		struct yaml_node **items;
		struct yaml_pair *pairs; /* in the order of the text */
	};
	size_t length; /* of the text, in bytes */
	char text[];   /* of a scalar: UTF-8, of all controls only LF and tab, NUL-terminated */
};

/* Gives the root, never NULL. The first error ends it. Keys may stand twice: yaml_keys.h. */
int yaml_parse(const struct source *source, struct yaml_node **root, struct diags *diags);

void yaml_free(struct yaml_node *node);

/* "a list", "a map", "text", "nothing". */
const char *yaml_kind_name(const struct yaml_node *node);

#endif
