// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hashes of passwords, before anybody asks: one that is cut off fits no password, and one that
 * takes too long or too much memory lets a single wrong password hold up the one thread that
 * serves.
 */
#include "user/serve/auth_hash.h"

#include <crypt.h>
#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/cleanup.h"

/* The most that one of those below takes, and a little more for its tables. */
#define HASH_MEMORY (34u << 20)
/* A child's exit status, which is an errno else. */
#define HASH_CHANGED 255

/* Of six bits; and the last one of 32 bytes, lowest bits first: two of its bits are to spare. */
#define DIGIT "[./0-9A-Za-z]"
#define LAST_OF_32 "[./0-9A-D]"
/* What crypt(5) allows in a salt. */
#define SALT "[]\"#%&'()+,./0-9<=>?@A-Z[^_`a-z{|}~-]{0,16}"
/* Up to 64 bytes, three in four digits; two or three more are one or two, the bits to spare 0. */
#define SALT_OF_64                                                                                 \
	"((" DIGIT "{4}){0,21}(" DIGIT "[./01])?|(" DIGIT "{4}){0,20}" DIGIT "{2}" LAST_OF_32 ")"

/* As crypt(5) has them. Of the others scrypt takes 32 MiB at least, and the rest is weak. */
static const struct hash_method {
	/* extended regular expressions: what says the cost, where it may be cheap enough */
	const char *prefix;
	const char *any;  /* the same at any cost */
	const char *rest; /* salt and hash, and nothing that no password makes */
	size_t tail;      /* characters of the hash, at the end */
} hash_methods[] = {
	{ "^\\$6\\$(rounds=([1-9][0-9]{3,4}|[1-4][0-9]{5}|500000)\\$)?",
	  "^\\$6\\$(rounds=[^$]*\\$)?", "^" SALT "\\$" DIGIT "{85}[./01]$", 86 },
	{ "^\\$5\\$(rounds=([1-9][0-9]{3,4}|[1-4][0-9]{5}|500000)\\$)?",
	  "^\\$5\\$(rounds=[^$]*\\$)?", "^" SALT "\\$" DIGIT "{42}" LAST_OF_32 "$", 43 },
	/* highest bits first: the last digit of the salt has four to spare, of the hash two */
	{ "^\\$2[aby]\\$(0[4-9]|1[0-2])\\$", "^\\$2[aby]\\$[0-9]{2}\\$",
	  "^" DIGIT "{21}[.Oeu]" DIGIT "{30}[.CGKOSWaeimquy26]$", 31 },
	/* what crypt_gensalt(3) makes at 1 to 6: 1 to 32 MiB */
	{ "^\\$g?y\\$j(75|85|7T|8T|9T|AT)\\$", "^\\$g?y\\$" DIGIT "+\\$",
	  "^" SALT_OF_64 "\\$" DIGIT "{42}" LAST_OF_32 "$", 43 },
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

bool auth_hash_costs_as(const char *hash, const char *other)
{
	int prefix, other_prefix;

	return hash_method(hash, &prefix) && hash_method(other, &other_prefix) &&
	       prefix == other_prefix && strncmp(hash, other, (size_t)prefix) == 0;
}

/* Its text is right, so it isn't the hash: yescrypt says EINVAL where there is no memory, too. */
static int hash_why_not(int error)
{
	void *memory;

	if (error != EINVAL)
		return error ? error : EINVAL;
	memory =
		mmap(NULL, HASH_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return errno;
	munmap(memory, HASH_MEMORY);
	return error;
}

/* When the time is over SIGPROF ends us, whatever we have inherited. 0 or negative errno. */
static int hash_limit(double seconds)
{
	const struct itimerval patience = {
		.it_value = { (time_t)seconds,
			      (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6) }
	};
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGPROF);
	if (signal(SIGPROF, SIG_DFL) == SIG_ERR || sigprocmask(SIG_UNBLOCK, &ours, NULL) ||
	    setitimer(ITIMER_PROF, &patience, NULL))
		return -errno;
	return 0;
}

/* 0, HASH_CHANGED or an errno. */
static int hash_reckon(const char *hash, size_t tail, double seconds)
{
	static struct crypt_data data;
	const char *made;
	int error = hash_limit(seconds);

	if (error)
		return -error;
	errno = 0;
	made = crypt_r("", hash, &data);
	if (!made || *made == '*')
		return hash_why_not(errno);
	return strlen(made) == strlen(hash) && strncmp(made, hash, strlen(hash) - tail) == 0 ?
		       0 :
		       HASH_CHANGED;
}

static enum auth_hash hash_judge(int status, struct auth_hash_reason *reason)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return AUTH_HASH_GOOD;
	if (WIFEXITED(status) && WEXITSTATUS(status) == HASH_CHANGED)
		return AUTH_HASH_BROKEN;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
		return AUTH_HASH_SLOW;
	*reason = WIFEXITED(status) ? (struct auth_hash_reason){ .error = WEXITSTATUS(status) } :
				      (struct auth_hash_reason){ .signal = WTERMSIG(status) };
	return AUTH_HASH_UNTRIED;
}

/* The status of a child that has reckoned it. 0 or negative errno. */
static int hash_ask_child(const char *hash, size_t tail, double seconds, int *status)
{
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (!child)
		_exit(hash_reckon(hash, tail, seconds));
	while (waitpid(child, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static enum auth_hash hash_try(const char *hash, size_t tail, double seconds,
			       struct auth_hash_reason *reason)
{
	/* where they are ignored, which is inherited, nobody learns what a child says */
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	struct sigaction before;
	int status = 0, error;

	if (sigaction(SIGCHLD, &usual, &before)) {
		*reason = (struct auth_hash_reason){ .error = errno };
		return AUTH_HASH_UNTRIED;
	}
	error = hash_ask_child(hash, tail, seconds, &status);
	sigaction(SIGCHLD, &before, NULL);
	if (!error)
		return hash_judge(status, reason);
	*reason = (struct auth_hash_reason){ .error = -error };
	return AUTH_HASH_UNTRIED;
}

enum auth_hash auth_hash_check(const char *hash, double seconds, struct auth_hash_reason *reason)
{
	int prefix;
	const struct hash_method *method = hash_method(hash, &prefix);

	if (!method)
		return AUTH_HASH_UNKNOWN;
	if (hash_fits(method->rest, hash + prefix) < 0)
		return AUTH_HASH_BROKEN;
	if (hash_fits(method->prefix, hash) != prefix)
		return AUTH_HASH_DEAR;
	return seconds > 0 ? hash_try(hash, method->tail, seconds, reason) : AUTH_HASH_GOOD;
}
