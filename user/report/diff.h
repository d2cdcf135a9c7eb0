/* SPDX-License-Identifier: GPL-2.0-only */
/* What changes from one policy to another, in words. All strings are borrowed. */
#ifndef USER_REPORT_DIFF_H
#define USER_REPORT_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/report/gate.h"

struct report_diff_field {
	const char *name;  /* as the policy language calls it: "ports", "essentials.ping" */
	const char *was;   /* NULL: nothing */
	const char *is;    /* NULL: nothing */
	const char *reach; /* of addresses: "wider", "narrower", "other", "same"; NULL: none are */
};

enum report_diff_kind { REPORT_DIFF_ADDED, REPORT_DIFF_REMOVED, REPORT_DIFF_CHANGED };

struct report_diff_rule {
	enum report_diff_kind kind;
	const char *name;
	struct report_diff_field *fields; /* owned */
	size_t field_count;
};

/* Tuples that open, or close. */
struct report_diff_ports {
	enum direction direction;
	char protocol[8]; /* "tcp", "47" */
	bool is_source;   /* whose ports they are: the sender's, else the receiver's */
	const char *ports;
	size_t tuples;
};

/* The lists are owned. */
struct report_diff {
	const char *was_policy; /* NULL: there was none */
	const char *is_policy;
	uint64_t was_hash, is_hash;
	struct report_diff_rule *rules;
	size_t rule_count;
	struct report_diff_field *settings;
	size_t setting_count;
	struct report_diff_ports *opens;
	size_t open_count;
	struct report_diff_ports *closes;
	size_t close_count;
	size_t opened, closed; /* tuples */
};
void report_diff_free(struct report_diff *diff);

/* Lines behind two spaces. NULL: no memory. */
char *report_diff_text(const struct report_diff *diff, const struct report_style *style);
char *report_diff_json(const struct report_diff *diff);

#endif
