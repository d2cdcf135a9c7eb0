/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fragments: a first one is judged like any packet; later ones, which have no ports, pass if their
 * first one did. The table is of fixed size and its own: what arrives can fill it, and then fragments
 * are dropped, but no flow is (spec 3.6).
 */
#ifndef BPF_FRAGMENTS_H
#define BPF_FRAGMENTS_H

#include "bpf/clock.h"
#include "bpf/maps.h"
#include "bpf/packet.h"
#include "bpf/parse_context.h"

static __always_inline void fragments_key(const struct packet *packet, __u32 direction,
					  struct fragment_key *key)
{
	bool six = packet->family == 6;

	for (int i = 0; i < 4; i++) {
		key->source[i] = i == 0 || six ? packet->saddr[i] : 0;
		key->destination[i] = i == 0 || six ? packet->daddr[i] : 0;
	}
	key->identification = packet->fragment_id;
	key->protocol = packet->fragment_protocol;
	key->family = packet->family;
	key->direction = direction;
	key->zero = 0;
}

/* A first fragment that passed: the others may follow. Global: its key needs stack of its own. */
noinline_global __u32 fragments_remember(const struct packet *packet, __u32 direction)
{
	struct fragment fragment = { .seen = clock_now() };
	struct fragment_key key;

	if (!packet)
		return 0;
	fragment.end = packet->fragment_end;
	fragments_key(packet, direction, &key);
	return bpf_map_update_elem(&fragments, &key, &fragment, BPF_ANY) == 0;
}

/* A later fragment: final. One that begins inside the first would overwrite what was judged. */
static __always_inline __u32 fragments_judge(const struct packet *packet, __u32 direction)
{
	struct fragment *first;
	struct fragment_key key;

	fragments_key(packet, direction, &key);
	first = bpf_map_lookup_elem(&fragments, &key);
	if (!first || packet->fragment_offset < first->end)
		return OUTCOME_DROP_FRAGMENT;
	/* the other CPU may have seen the next jiffy: not longer ago than never */
	if ((__s64)(clock_now() - first->seen) >= (__s64)FRAGMENT_SECONDS * clock_hz)
		return OUTCOME_DROP_FRAGMENT;
	return OUTCOME_PASS_FRAGMENT;
}

#endif
