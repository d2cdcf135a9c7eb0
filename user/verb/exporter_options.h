/* SPDX-License-Identifier: GPL-2.0-only */
/* What the exporter is told. */
#ifndef USER_VERB_EXPORTER_OPTIONS_H
#define USER_VERB_EXPORTER_OPTIONS_H

#include "user/serve/auth.h"
#include "user/serve/listen.h"
#include "user/verb/verb.h"

/* All borrowed from argv. */
struct exporter_options {
	const char *listen; /* as given, or the default */
	struct listen_place place;
	const char *certificate, *key; /* files, both or none */
	const char *auth_file;
	enum auth_kind auth;
	const char *user;
	const char *textfile;  /* or NULL: it serves */
	unsigned int interval; /* seconds; 0: once */
};

/* 0; 1: --help was printed, 2: it could not be; -EINVAL with a diag. */
int exporter_options_read(const struct verb *verb, int argc, char **argv,
			  struct exporter_options *options, struct diags *diags);

#endif
