/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/draft.h"

#include <errno.h>
#include <stdlib.h>

int draft_no_memory(struct draft *draft)
{
	draft->failed = true;
	return diag_system(draft->diags, ENOMEM, "reading the policy", NULL);
}

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
