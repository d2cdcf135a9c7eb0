/* SPDX-License-Identifier: GPL-2.0-only */
/* The exporter's process that reads gates, and makes documents of them for the one that serves. */
#ifndef USER_VERB_EXPORTER_READER_H
#define USER_VERB_EXPORTER_READER_H

#include "user/report/metrics.h"
#include "user/serve/ask.h"
#include "user/serve/drop.h"
#include "user/verb/common.h"

/*
 * Gives up what it may, and answers questions from `socket` until nobody asks any more. The exit
 * status.
 */
int exporter_reader(int socket, const struct drop_user *user);

/* Gates as they are read for monitoring, and what is told of the reading. */
struct exporter_look {
	struct common_gates gates;
	struct metrics_self self;
};

/*
 * What can't be read is left out, counted, and said in `diags`. `stays`: without a look into other
 * namespaces, for who may not enter them; root may, as in every command. 0, or a negative errno
 * with a diag: nobody knows which gates there are.
 */
int exporter_look(struct common_recent *recent, bool stays, struct exporter_look *look,
		  struct diags *diags);
void exporter_look_free(struct exporter_look *look);

#endif
