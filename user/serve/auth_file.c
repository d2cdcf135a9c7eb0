// SPDX-License-Identifier: GPL-2.0-only
/* Files with secrets in them. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/serve/auth.h"
#include "user/serve/auth_hash.h"

#define AUTH_FILE_MOST 65536u
#define AUTH_TOKEN_LEAST 16u /* characters; from a random source that is 64 bits at least */

static char *auth_unreadable(const char *file, const char *what, int error, struct diags *diags)
{
	diag_system(diags, error, what, "cannot read %s", file);
	diag_hint(diags, "see that it is there, and a file: ls -l %s", file);
	return NULL;
}

/* Wiped, since it isn't handed over; also where it isn't a string. */
static void auth_wipe_buffer(char **bytes)
{
	if (*bytes)
		explicit_bzero(*bytes, AUTH_FILE_MOST + 1);
	free(*bytes);
}

/*
 * May who serves read it, once it is `user`? It can open nothing then, but whatever else runs as
 * that user can. An owner may change what a mode forbids. NULL: nobody serves.
 */
static bool auth_is_of(const struct stat *status, const struct drop_user *user)
{
	return user && (status->st_uid == user->uid ||
			(status->st_gid == user->gid && status->st_mode & S_IRGRP));
}

/* 0, or -EINVAL with a diag. */
static int auth_check_mode(const char *file, const struct stat *status,
			   const struct drop_user *user, const char *what, struct diags *diags)
{
	if (status->st_mode & (S_IRWXO | S_IWGRP)) {
		diag_system(diags, 0, what,
			    "others may read or change %s, which holds a secret (mode %03o)", file,
			    (unsigned int)status->st_mode & 0777);
		diag_hint(diags, "chmod 600 %s; and if it is in use, make a new one", file);
		return -EINVAL;
	}
	if (auth_is_of(status, user)) {
		diag_system(
			diags, 0, what,
			"%s, which holds a secret, can be read by the user that the exporter becomes",
			file);
		diag_hint(diags, "chown root:root %s && chmod 600 %s; it is read before that", file,
			  file);
		return -EINVAL;
	}
	return 0;
}

static char *auth_read_bytes(const char *file, bool secret, const struct drop_user *user,
			     const char *what, struct diags *diags)
{
	/* a pipe that nobody writes to would hold us up */
	autoclose int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	cleanup(auth_wipe_buffer) char *bytes = malloc(AUTH_FILE_MOST + 1);
	struct stat status;
	ssize_t size;

	if (fd < 0 || !bytes || fstat(fd, &status))
		return auth_unreadable(file, what, errno, diags);
	if (!S_ISREG(status.st_mode))
		return auth_unreadable(file, what, EINVAL, diags);
	if (secret && auth_check_mode(file, &status, user, what, diags))
		return NULL;
	size = read(fd, bytes, AUTH_FILE_MOST + 1);
	if (size < 0)
		return auth_unreadable(file, what, errno, diags);
	if (size > (ssize_t)AUTH_FILE_MOST)
		return auth_unreadable(file, what, EFBIG, diags);
	bytes[size] = '\0';
	if (memchr(bytes, '\0', (size_t)size))
		return auth_unreadable(file, what, EILSEQ, diags);
	return take_pointer(&bytes);
}

char *auth_read_file(const char *file, const struct drop_user *user, const char *what,
		     struct diags *diags)
{
	return auth_read_bytes(file, true, user, what, diags);
}

char *auth_read_public(const char *file, const char *what, struct diags *diags)
{
	return auth_read_bytes(file, false, NULL, what, diags);
}

static int auth_add(const char *name, size_t name_length, const char *secret, struct auth *auth)
{
	struct auth_entry *entry = array_add(&auth->list, &auth->count);

	if (!entry)
		return -ENOMEM;
	entry->name = name ? strndup(name, name_length) : NULL;
	entry->secret = strdup(secret);
	return entry->secret && (!name || entry->name) ? 0 : -ENOMEM;
}

static bool auth_has_user(const struct auth *auth, const char *name, size_t length)
{
	for (size_t i = 0; i < auth->count; i++)
		if (strlen(auth->list[i].name) == length &&
		    memcmp(auth->list[i].name, name, length) == 0)
			return true;
	return false;
}

/* One of that cost has been tried, and went well. */
static bool auth_has_cost(const struct auth *auth, const char *hash)
{
	for (size_t i = 0; i < auth->count; i++)
		if (auth_hash_costs_as(hash, auth->list[i].secret))
			return true;
	return false;
}

static void auth_say_untried(const struct auth_hash_reason *reason, const char *file,
			     unsigned int number, struct diags *diags)
{
	if (reason->signal)
		diag_system(diags, 0, "--auth-basic",
			    "%s:%u: the hash could not be tried: signal %d (%s) ended the process",
			    file, number, reason->signal, strsignal(reason->signal));
	else
		diag_system(diags, reason->error, "--auth-basic",
			    "%s:%u: the hash could not be tried", file, number);
	if (!reason->signal && reason->error == EINVAL)
		diag_hint(diags, "the C library here does not take it; make another one: openssl "
				 "passwd -6");
	else
		diag_hint(diags,
			  "it takes a process and up to 34 MiB: see ulimit -a, TasksMax= and "
			  "MemoryMax= of the unit, and dmesg");
}

static int auth_check_hash(const char *hash, const struct auth *auth, const char *file,
			   unsigned int number, struct diags *diags)
{
	struct auth_hash_reason reason;
	const double seconds = auth_has_cost(auth, hash) ? 0 : AUTH_HASH_SECONDS;

	switch (auth_hash_check(hash, seconds, &reason)) {
	case AUTH_HASH_GOOD:
		return 0;
	case AUTH_HASH_UNTRIED:
		auth_say_untried(&reason, file, number, diags);
		return -EINVAL;
	case AUTH_HASH_BROKEN:
		diag_system(diags, 0, "--auth-basic",
			    "%s:%u: the hash is not whole: no password can fit it", file, number);
		break;
	case AUTH_HASH_DEAR:
		diag_system(diags, 0, "--auth-basic",
			    "%s:%u: the hash costs too much or too little: of $6$ and $5$ 1000 to "
			    "500000 rounds are taken, bcrypt 4 to 12, yescrypt up to jAT (32 MiB)",
			    file, number);
		break;
	case AUTH_HASH_SLOW:
		diag_system(
			diags, 0, "--auth-basic",
			"%s:%u: the hash is too slow for this machine: one wrong password would "
			"take it more than %g s",
			file, number, AUTH_HASH_SECONDS);
		diag_hint(diags, "make one that takes less, on any machine: openssl passwd -6");
		return -EINVAL;
	case AUTH_HASH_UNKNOWN:
		diag_system(
			diags, 0, "--auth-basic",
			"%s:%u: what stands behind the name is no hash of $6$, $5$, $2b$ or $y$ "
			"(crypt(5))",
			file, number);
		break;
	}
	diag_hint(diags, "passwords are kept as hashes only; make one: openssl passwd -6");
	return -EINVAL;
}

static int auth_add_user(const char *line, struct auth *auth, const char *file, unsigned int number,
			 struct diags *diags)
{
	const char *colon = strchr(line, ':');
	int error;

	if (!colon || colon == line) {
		diag_system(diags, 0, "--auth-basic", "%s:%u: this is not NAME:HASH", file, number);
		diag_hint(diags, "make a line: echo \"scraper:$(openssl passwd -6)\"");
		return -EINVAL;
	}
	if (auth_has_user(auth, line, (size_t)(colon - line))) {
		diag_system(diags, 0, "--auth-basic", "%s:%u: '%.*s' has a line already", file,
			    number, (int)(colon - line), line);
		diag_hint(diags, "a user has one password: keep one of the lines");
		return -EINVAL;
	}
	error = auth_check_hash(colon + 1, auth, file, number, diags);
	return error ? error : auth_add(line, (size_t)(colon - line), colon + 1, auth);
}

static int auth_add_token(const char *line, struct auth *auth, const char *file,
			  unsigned int number, struct diags *diags)
{
	if (strlen(line) < AUTH_TOKEN_LEAST || strlen(line) > AUTH_NAME_SIZE ||
	    strpbrk(line, " \t")) {
		diag_system(diags, 0, "--auth-bearer",
			    "%s:%u: a token has %u to %u characters and no space", file, number,
			    AUTH_TOKEN_LEAST, AUTH_NAME_SIZE);
		diag_hint(diags, "make one: openssl rand -hex 32");
		return -EINVAL;
	}
	return auth_add(NULL, 0, line, auth);
}

/* Its lines, which are cut apart. 0 or -errno, with a diag but for -ENOMEM. */
static int auth_add_lines(char *bytes, struct auth *auth, const char *file, struct diags *diags)
{
	char *rest = bytes, *line;
	int error = 0;

	for (unsigned int number = 1; !error && (line = strsep(&rest, "\n")); number++) {
		size_t length = strlen(line);

		if (length && line[length - 1] == '\r')
			line[length - 1] = '\0';
		if (!*line || *line == '#')
			continue;
		error = auth->kind == AUTH_BASIC ? auth_add_user(line, auth, file, number, diags) :
						   auth_add_token(line, auth, file, number, diags);
	}
	return error;
}

int auth_read(const char *file, enum auth_kind kind, const struct drop_user *user,
	      struct auth *auth, struct diags *diags)
{
	const char *what = kind == AUTH_BASIC ? "--auth-basic" : "--auth-bearer";
	autofree char *bytes = auth_read_file(file, user, what, diags);
	cleanup(auth_free) struct auth read = { .kind = kind };
	size_t size;
	int error;

	if (!bytes)
		return -EINVAL;
	size = strlen(bytes);
	error = auth_add_lines(bytes, &read, file, diags);
	/* all of it: there are NULs between the lines now */
	explicit_bzero(bytes, size);
	if (error == -ENOMEM)
		return diag_system(diags, ENOMEM, what, NULL);
	if (error)
		return error;
	if (!read.count) {
		diag_system(diags, 0, what, "there is nothing in %s", file);
		diag_hint(diags, kind == AUTH_BASIC ? "a line for each user: NAME:HASH" :
						      "a line for each token");
		return -EINVAL;
	}
	*auth = read;
	read = (struct auth){ 0 };
	return 0;
}
