/* SPDX-License-Identifier: GPL-2.0-only */
/* One text's nodes into the draft. */
#ifndef USER_POLICY_DOCUMENT_H
#define USER_POLICY_DOCUMENT_H

#include "user/policy/draft.h"

/* The first one read names the policy. Errors go to the draft. */
void document_read(struct draft *draft, const struct yaml_node *root);

#endif
