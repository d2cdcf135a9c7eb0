// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "user/kernel/ahead.h"
#include "user/kernel/clsact.h"
#include "user/kernel/holder.h"
#include "user/kernel/namespaces.h"
#include "user/kernel/netns.h"
#include "user/kernel/whereabouts.h"

/*
 * Is what was attached to it on the interface with its index, in the namespace that we are in? 1, 0, or a
 * negative errno: nobody knows.
 */
static int whereabouts_is_witnessed(const struct gate_attachment *attachment, uint32_t filter)
{
	uint32_t ifindex = attachment->ifindex;
	int has = 0, error = 0;

	if (attachment->xdp_link)
		has = holder_has(ifindex, attachment->xdp_program);
	error = has < 0 ? has : error;
	if (has <= 0 && attachment->tc_link)
		has = ahead_has(ifindex, attachment->tc_program);
	error = has < 0 ? has : error;
	if (has <= 0 && filter)
		has = clsact_has(ifindex, filter);
	error = has < 0 ? has : error;
	return has > 0 ? 1 : error;
}

/* What speaks for an interface of the gate being the one that has this index and name here. */
static int whereabouts_claim(const struct stamp_interface *stamp, uint32_t ifindex,
			     const char *name)
{
	return (strcmp(stamp->name, name) == 0 ? 2 : 0) + (stamp->ifindex == ifindex ? 1 : 0);
}

/*
 * Interfaces of a gate have the same programs, and in two namespaces they may have the same index: then the
 * one that is here is the one that was called so, or had that index.
 */
static int whereabouts_is_others(const struct gate *gate, unsigned int interface, uint32_t ifindex,
				 const char *name)
{
	int ours = whereabouts_claim(&gate->stamp.interfaces[interface], ifindex, name);

	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		int others = whereabouts_claim(&gate->stamp.interfaces[i], ifindex, name);
		struct gate_attachment other = { 0 };
		int error = gate_read_links(gate, i, &other);

		if (error)
			return error;
		if (i != interface && other.ifindex == ifindex &&
		    (others > ours || (others == ours && i < interface)))
			return 1;
	}
	return 0;
}

/* Is it here, under the name that is put into `name`? 1, 0 or a negative errno. */
static int whereabouts_is_here(const struct gate *gate, unsigned int interface, uint32_t filter,
			       const struct gate_attachment *attachment, char name[IF_NAMESIZE])
{
	int others;

	if (!if_indextoname(attachment->ifindex, name))
		return 0;
	others = whereabouts_is_others(gate, interface, attachment->ifindex, name);
	if (others)
		return others < 0 ? others : 0;
	return whereabouts_is_witnessed(attachment, filter);
}

/* An enum gate_place, or a negative errno. */
static int whereabouts_place(const struct gate *gate, unsigned int interface, uint32_t filter,
			     const struct gate_attachment *attachment, char name[IF_NAMESIZE])
{
	const struct stamp_interface *stamp = &gate->stamp.interfaces[interface];
	bool lives = attachment->xdp_link || attachment->tc_link;
	uint64_t cookie = netns_cookie();
	int here;

	if (!cookie)
		return -EIO;
	if (cookie != gate->stamp.netns_cookie)
		return lives ? PLACE_UNSEEN : PLACE_GONE;
	here = whereabouts_is_here(gate, interface, filter, attachment, name);
	if (here)
		return here < 0 ? here : PLACE_HERE;
	if (lives)
		return PLACE_MOVED;
	/* nothing is attached any more: then the name has to tell, and both together */
	if (if_indextoname(stamp->ifindex, name) && strcmp(name, stamp->name) == 0)
		return PLACE_HERE;
	return if_nametoindex(stamp->name) ? PLACE_ANEW : PLACE_GONE;
}

int whereabouts_read(const struct gate *gate, unsigned int interface, uint32_t filter,
		     struct gate_attachment *attachment)
{
	const struct stamp_interface *stamp = &gate->stamp.interfaces[interface];
	char name[IF_NAMESIZE];
	int place;

	if (!attachment->ifindex)
		attachment->ifindex = stamp->ifindex;
	place = whereabouts_place(gate, interface, filter, attachment, name);
	if (place < 0)
		return place;
	attachment->place = (enum gate_place)place;
	attachment->is_here = place == PLACE_HERE;
	snprintf(attachment->name, sizeof(attachment->name), "%s",
		 attachment->is_here ? name : stamp->name);
	return 0;
}

/* What is looked for. */
struct whereabouts_search {
	const struct gate_attachment *attachment;
	struct whereabouts *found;
	uint64_t home; /* where it isn't */
};

static int whereabouts_look(const char *name, void *data)
{
	struct whereabouts_search *search = data;
	struct whereabouts *found = search->found;
	uint64_t cookie = netns_cookie();

	if (cookie == search->home || !if_indextoname(search->attachment->ifindex, found->name) ||
	    whereabouts_is_witnessed(search->attachment, 0) <= 0)
		return 0;
	found->is_first = cookie == 1;
	found->cookie = cookie;
	snprintf(found->netns, sizeof(found->netns), "%s", name);
	return 1;
}

bool whereabouts_find(const struct gate_attachment *attachment, struct whereabouts *found)
{
	struct whereabouts_search search = { attachment, found, netns_cookie() };

	*found = (struct whereabouts){ 0 };
	return namespaces_each(whereabouts_look, &search) == 1;
}
