/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/draft.h"

#include <stdlib.h>

void draft_free(struct draft *draft)
{
	for (size_t i = 0; i < draft->root_count; i++)
		yaml_free(draft->roots[i]);
	free(draft->roots);
	free(draft->scopes);
	free(draft->by_name);
	if (draft->store)
		policy_free(&draft->store->policy);
}
