/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes from a walk through a text: scalars, and lists and maps that open and close. Knows nothing
 * of the YAML library.
 */
#ifndef USER_POLICY_YAML_BUILDER_H
#define USER_POLICY_YAML_BUILDER_H

#include "user/base/source.h"
#include "user/policy/yaml.h"

#define YAML_DEPTH_MAX 16 /* a policy needs 5 */

struct yaml_builder {
	const struct source *source;
	struct diags *diags;
	struct yaml_node *root;
	struct yaml_node
		*stack[YAML_DEPTH_MAX]; /* open lists and maps, each owned by the one before */
	struct yaml_node
		*keys[YAML_DEPTH_MAX]; /* of each open map: the key that waits for its value */
	unsigned int depth;
	size_t nodes;
};

/* The key that waits for its value, or NULL. */
const struct yaml_node *yaml_builder_key(const struct yaml_builder *builder);

/* The next node. 0 or a negative errno with a diag; then the walk has to end. */
int yaml_builder_scalar(struct yaml_builder *builder, struct place place, bool plain,
			const char *text, size_t length);
int yaml_builder_open(struct yaml_builder *builder, enum yaml_kind kind, struct place place);
void yaml_builder_close(struct yaml_builder *builder);

int yaml_builder_no_memory(struct yaml_builder *builder);

/* Frees what was built. */
void yaml_builder_free(struct yaml_builder *builder);

#endif
