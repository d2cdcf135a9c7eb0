/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy while it is read: what the texts have said so far, with the nodes that can be understood
 * only when all of them are known.
 */
#ifndef USER_POLICY_DRAFT_H
#define USER_POLICY_DRAFT_H

#include <errno.h>

#include "user/policy/store.h"
#include "user/policy/yaml.h"

/* A text that was found. */
struct draft_text {
	struct yaml_node *root; /* owned; NULL: it couldn't be read */
	size_t includer;    /* index of the text that was the first to include it; depth 0: none */
	unsigned int depth; /* how many includes lead to it; 0: it was given */
	bool open;          /* what it includes is being read */
};

/* What two texts must not set differently. */
enum draft_setting {
	DRAFT_LINK_CONTROL,
	DRAFT_ARP,
	DRAFT_NEIGHBOR_DISCOVERY,
	DRAFT_ICMP_ERRORS,
	DRAFT_PING,
	DRAFT_DHCP,
	DRAFT_FRAGMENTS_TRACK,
	DRAFT_FLOWS_MAX,
	DRAFT_TIMEOUTS, /* the first of five */
	DRAFT_SETTING_COUNT = DRAFT_TIMEOUTS + 5,
};

/* A setting that some text has set; not set while `place.source` is NULL. */
struct draft_value {
	struct place place;
	uint64_t value;
};

/* Whose addresses a rule of the policy names, at the same index; NULL: any. */
struct draft_scope {
	const struct yaml_node *from;
	const struct yaml_node *to;
};

struct draft {
	struct store *store; /* owned */
	struct diags *diags;
	bool failed; /* something is wrong; what can be read is read nevertheless */

	struct draft_text *texts; /* owned: one for each of the policy's sources, at the same index */
	size_t text_count;
	size_t text_size;   /* bytes, of all */
	bool texts_full;    /* too many of them, and it was said */
	bool texts_missing; /* some couldn't be found: what they have would all be missed */
	bool no_files;      /* a text may include shipped policies only */

	struct draft_scope *scopes; /* owned, as long as the policy's rules */
	size_t scope_count;
	size_t rules_in[2];  /* rules read so far, by direction */
	bool rules_full;     /* too many of them, and it was said */
	bool groups_missing; /* some couldn't be read: a rule may name one of those */

	const struct policy_group **by_name; /* owned: all groups in the order of their names */
	struct draft_value settings[DRAFT_SETTING_COUNT];
};

/* An error of the policy: goes to the diags, and the draft is a failure from then on. -EINVAL. */
#define draft_error(draft, place, ...)                                                             \
	((draft)->failed = true, diag_policy((draft)->diags, place, __VA_ARGS__))

/* Want of memory: the same. -ENOMEM. */
static inline int draft_no_memory(struct draft *draft)
{
	draft->failed = true;
	diag_system(draft->diags, ENOMEM, "reading the policy", NULL);
	return -ENOMEM;
}

void draft_free(struct draft *draft);

/* A place in the middle of a sentence. */
#define PLACE_FORMAT "%s:%u:%u"
#define PLACE_ARGUMENTS(place) (place)->source->name, (place)->line, (place)->column

#endif
