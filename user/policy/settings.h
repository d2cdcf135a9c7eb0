/* SPDX-License-Identifier: GPL-2.0-only */
/* What a policy says once: essentials, fragments, flows. */
#ifndef USER_POLICY_SETTINGS_H
#define USER_POLICY_SETTINGS_H

#include "user/policy/draft.h"

struct field_value;

/* Each reads what stands under the key of its name; two texts must not say different things. */
void settings_read_essentials(struct draft *draft, const struct yaml_node *node);
void settings_read_fragments(struct draft *draft, const struct field_value *field);
void settings_read_flows(struct draft *draft, const struct yaml_node *node);

/* When all texts are read: into the policy. */
void settings_finish(struct draft *draft);

#endif
