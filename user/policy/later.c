/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/later.h"

#include <string.h>

/* Whoever builds one of these takes its line out. */
static const struct later {
	enum later_where where;
	const char *name;
	const char *hint;
} list[] = {
	{ LATER_POLICY, "include", "leave it out, and name both policies to the command" },
};

static const struct later *find(enum later_where where, const char *name)
{
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].where == where && !strcmp(list[i].name, name))
			return &list[i];
	return NULL;
}

bool later_refuse(struct draft *draft, enum later_where where, const char *name,
		  const struct yaml_node *node)
{
	const struct later *later = find(where, name);

	if (!later)
		return false;
	draft_error(draft, &node->place, "'%s' is not in this version of edgegate", name);
	diag_hint(draft->diags, "%s", later->hint);
	return true;
}
