/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What changes from one image to another: rule by rule, the settings, and the tuples that open and
 * close. Either may come from a text or from the maps of a gate.
 */
#ifndef USER_IMAGE_DIFF_H
#define USER_IMAGE_DIFF_H

#include "user/image/image.h"

/* Of two address sets: whom the second one holds. */
enum diff_reach {
	DIFF_REACH_UNASKED, /* these are no addresses */
	DIFF_REACH_SAME,
	DIFF_REACH_WIDER,
	DIFF_REACH_NARROWER,
	DIFF_REACH_OTHER, /* some more and some less */
};

/* One thing that a rule or the settings say. Strings are owned. */
struct diff_field {
	const char *name; /* as the policy language calls it; static */
	char *was;        /* NULL: it was not said, or the rule is new */
	char *is;         /* NULL: it is no longer said, or the rule is gone */
	enum diff_reach reach;
};

enum diff_kind { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED };

/* A rule that is not the same; of one that is new or gone all that it says. */
struct diff_rule {
	enum diff_kind kind;
	const char *name; /* borrowed from the image's listing */
	struct diff_field *fields;
	size_t field_count;
};

/* Tuples that open, or close, of one direction and protocol. Strings are owned. */
struct diff_ports {
	enum direction direction;
	uint8_t protocol;
	bool is_source; /* ports of the sender; else of the receiver */
	size_t tuples;
	char *ports; /* all of them in words: "53, 8080-8090", "echo-request"; "" without ports */
	size_t range_count;
	uint16_t (*ranges)[2]; /* first and last */
};

/* Zero-initialised is empty. The images must outlive it. */
struct diff {
	struct diff_rule *rules; /* of the new image in its order, then those that are gone */
	size_t rule_count;
	struct diff_field *settings; /* that differ */
	size_t setting_count;
	struct diff_ports *opens;
	size_t open_count;
	struct diff_ports *closes;
	size_t close_count;
	size_t opened; /* tuples; one that is open by the sender's and the receiver's port counts as two */
	size_t closed;
};

/*
 * `before` NULL: there was no policy, so all rules are new; then neither settings nor tuples are told,
 * for everything passed. -ENOMEM, or 0.
 */
int diff_images(const struct image *before, const struct image *after, struct diff *diff);
void diff_free(struct diff *diff);

/* ---- the steps, each in a file of its own -------------------------------------------------------- */

/* diff_tuples.c */
int diff_tuples(const struct image *before, const struct image *after, struct diff *diff);
void diff_ports_free(struct diff_ports *ports);

/* diff_fields.c: all that a rule says, or with `other` all that it says differently there. */
struct diff_side {
	const struct image *image;
	struct image_range *ranges[2]; /* image_ranges() */
	size_t range_counts[2];
};
int diff_fields(const struct diff_side *was, const struct listing_row *was_row,
		const struct diff_side *is, const struct listing_row *is_row,
		struct diff_rule *rule);
/* Settings that differ. */
int diff_settings(const struct image *before, const struct image *after, struct diff *diff);
/* Appends a field; takes both strings, either of which may be NULL. */
int diff_add_field(struct diff_field **fields, size_t *count, const char *name, char *was, char *is,
		   enum diff_reach reach);
void diff_fields_free(struct diff_field *fields, size_t count);

#endif
