/* SPDX-License-Identifier: GPL-2.0-only */
/* One text's nodes into the draft. */
#ifndef USER_POLICY_DOCUMENT_H
#define USER_POLICY_DOCUMENT_H

#include "user/policy/fields.h"

enum document_field {
	DOCUMENT_POLICY,
	DOCUMENT_INCLUDE,
	DOCUMENT_DESCRIPTION,
	DOCUMENT_GROUPS,
	DOCUMENT_RULES,
	DOCUMENT_ESSENTIALS,
	DOCUMENT_FRAGMENTS,
	DOCUMENT_FLOWS,
	DOCUMENT_EXPECT,
	DOCUMENT_FIELD_COUNT,
};

/* What stands under each key of a text. Owns nothing. */
struct document {
	struct field_value values[DOCUMENT_FIELD_COUNT];
};

/* Errors go to the draft. -EINVAL: it has no keys at all. */
int document_open(struct draft *draft, const struct yaml_node *root, struct document *document);

/*
 * All of it but `include`, whose texts stand before it. `names_policy`: the whole has this one's
 * name and description. Errors go to the draft.
 */
void document_read(struct draft *draft, const struct document *document, bool names_policy);

#endif
