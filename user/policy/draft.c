/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/draft.h"

#include <stdlib.h>

void draft_free(struct draft *draft)
{
	for (size_t i = 0; i < draft->text_count; i++)
		yaml_free(draft->texts[i].root);
	free(draft->texts);
	free(draft->scopes);
	free(draft->by_name);
	if (draft->store)
		policy_free(&draft->store->policy);
}
