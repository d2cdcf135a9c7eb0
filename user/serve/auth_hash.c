// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hashes of passwords, before anybody asks: one that is cut off fits no password, and one that takes too long or too much
 * memory lets a single wrong password hold up the one thread that serves.
 */
#include "user/serve/auth_hash.h"

#include <crypt.h>
#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/cleanup.h"

#define HASH_SECONDS                                                                               \
	1 /* of a processor, for one; text that says less may still mean more on a slow machine */

/* As crypt(5) has them. Of the others scrypt takes 32 MiB at least, and the rest is weak. */
static const struct hash_method {
	const char *
		prefix; /* an extended regular expression: what says the cost, and may be cheap enough */
	const char *any;  /* the same at any cost */
	const char *rest; /* salt and hash */
	size_t tail;      /* characters of the hash, at the end */
} hash_methods[] = {
	{ "^\\$6\\$(rounds=([1-9][0-9]{3,4}|[1-4][0-9]{5}|500000)\\$)?",
	  "^\\$6\\$(rounds=[0-9]+\\$)?", "[^$:=]{0,16}\\$[./0-9A-Za-z]{86}$", 86 },
	{ "^\\$5\\$(rounds=([1-9][0-9]{3,4}|[1-4][0-9]{5}|500000)\\$)?",
	  "^\\$5\\$(rounds=[0-9]+\\$)?", "[^$:=]{0,16}\\$[./0-9A-Za-z]{43}$", 43 },
	{ "^\\$2[aby]\\$(0[4-9]|1[0-2])\\$", "^\\$2[aby]\\$[0-9]{2}\\$", "[./A-Za-z0-9]{53}$", 31 },
	/* what crypt_gensalt(3) makes at 1 to 6: 1 to 32 MiB */
	{ "^\\$g?y\\$j(75|85|7T|8T|9T|AT)\\$", "^\\$g?y\\$[./A-Za-z0-9]+\\$",
	  "[./A-Za-z0-9]{0,86}\\$[./A-Za-z0-9]{43}$", 43 },
};
#define HASH_METHODS (sizeof(hash_methods) / sizeof(*hash_methods))

/* Characters of `text` that fit; -1: it doesn't. */
static int hash_fits(const char *expression, const char *text)
{
	regmatch_t found;
	regex_t compiled;
	int fits;

	if (regcomp(&compiled, expression, REG_EXTENDED))
		return -1;
	fits = regexec(&compiled, text, 1, &found, 0) ? -1 : (int)found.rm_eo;
	regfree(&compiled);
	return fits;
}

/* Also where nothing but the beginning is right; NULL: none of them. */
static const struct hash_method *hash_method(const char *hash, int *prefix)
{
	for (size_t i = 0; i < HASH_METHODS; i++) {
		*prefix = hash_fits(hash_methods[i].any, hash);
		if (*prefix >= 0)
			return &hash_methods[i];
	}
	return NULL;
}

int auth_hash_prefix(const char *hash)
{
	int prefix;

	return hash_method(hash, &prefix) ? prefix : 0;
}

static enum auth_hash hash_reckon(const char *hash, size_t tail, double seconds)
{
	/* when it is over the signal ends us */
	const struct itimerval patience = {
		.it_value = { (time_t)seconds,
			      (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6) }
	};
	static struct crypt_data data;
	const char *made;

	signal(SIGPROF, SIG_DFL);
	if (setitimer(ITIMER_PROF, &patience, NULL))
		return AUTH_HASH_FAILED;
	made = crypt_r("", hash, &data);
	return made && strlen(made) == strlen(hash) &&
			       strncmp(made, hash, strlen(hash) - tail) == 0 ?
		       AUTH_HASH_GOOD :
		       AUTH_HASH_BROKEN;
}

static enum auth_hash hash_try(const char *hash, size_t tail, double seconds)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return AUTH_HASH_FAILED;
	if (!child)
		_exit((int)hash_reckon(hash, tail, seconds));
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return AUTH_HASH_FAILED;
	return WIFEXITED(status) ? (enum auth_hash)WEXITSTATUS(status) : AUTH_HASH_DEAR;
}

enum auth_hash auth_hash_check(const char *hash, double seconds)
{
	int prefix;
	const struct hash_method *method = hash_method(hash, &prefix);

	if (!method)
		return AUTH_HASH_UNKNOWN;
	if (hash_fits(method->rest, hash + prefix) != (int)strlen(hash + prefix))
		return AUTH_HASH_BROKEN;
	if (hash_fits(method->prefix, hash) != prefix)
		return AUTH_HASH_DEAR;
	return seconds > 0 ? hash_try(hash, method->tail, seconds) : AUTH_HASH_GOOD;
}
