/* SPDX-License-Identifier: GPL-2.0-only */
/* The shipped policies; scripts/embed-policies makes their table from user/policy/builtin/. */
#include <string.h>

#include "user/policy/policy.h"

const struct policy_builtin *policy_builtin_find(const char *name)
{
	for (size_t i = 0; i < policy_builtin_count; i++)
		if (!strcmp(policy_builtins[i].name, name))
			return &policy_builtins[i];
	return NULL;
}
