/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/members.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/array.h"

void members_free(struct members *members)
{
	free(members->list);
	text_free(&members->text);
	*members = (struct members){ 0 };
}

void members_add_word(struct members *members, const char *word)
{
	if (members->text.length)
		text_add(&members->text, ", ");
	text_add(&members->text, word);
}

int members_add_prefix(struct members *members, const struct policy_prefix *prefix)
{
	struct policy_prefix *added = array_add(&members->list, &members->count);

	if (!added)
		return -ENOMEM;
	*added = *prefix;
	return 0;
}

int members_add_set(struct members *members, const struct policy_addresses *set)
{
	members->any |= set->any;
	for (size_t i = 0; i < set->count; i++)
		if (members_add_prefix(members, &set->list[i]))
			return -ENOMEM;
	return 0;
}

int members_finish(struct members *members, struct store *store, struct policy_addresses *set)
{
	autofree char *text = text_take(&members->text);
	struct policy_prefix *list = NULL;
	size_t count = 0;

	if (!text)
		return -ENOMEM;
	if (!members->any) {
		list = take_pointer(&members->list);
		count = members->count;
		if (store_prefixes(store, &list, &count))
			return -ENOMEM;
	}
	*set = (struct policy_addresses){
		.any = members->any,
		.list = list,
		.count = count,
		.text = take_pointer(&text),
	};
	members_free(members);
	return 0;
}
