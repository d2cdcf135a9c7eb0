// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/auth.h"

#include <crypt.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/moment.h"

/*
 * A hash costs who asks for it what it took, and so much at least: four wrong passwords a second,
 * however quick it is.
 */
#define AUTH_HASH_LEAST (0.25 * BUDGET_SHARE)

void auth_wipe(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

void auth_free(struct auth *auth)
{
	for (size_t i = 0; i < auth->count; i++) {
		free(auth->list[i].name);
		auth_wipe(&auth->list[i].secret);
		auth_wipe(&auth->list[i].known);
	}
	free(auth->list);
	*auth = (struct auth){ 0 };
}

int auth_equal(const char *given, const char *secret)
{
	const size_t given_length = strlen(given), length = strlen(secret);
	volatile unsigned char differs = given_length != length;

	/* as many steps as what was given is long, which who gave it knows */
	for (size_t i = 0; i < given_length; i++)
		differs |= (unsigned char)(given[i] ^ secret[length ? i % length : 0]);
	return !differs;
}

static int auth_digit(char letter)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = letter ? strchr(digits, letter) : NULL;

	return found ? (int)(found - digits) : -1;
}

int auth_decode(const char *text, char *bytes, size_t size)
{
	size_t length = strlen(text), padding = 0, count = 0;
	uint32_t bits = 0;

	while (padding < 2 && length > padding && text[length - 1 - padding] == '=')
		padding++;
	if (length % 4 || length / 4 * 3 >= size)
		return -1;
	for (size_t i = 0; i < length; i++) {
		int digit = i + padding < length ? auth_digit(text[i]) : 0;

		if (digit < 0)
			return -1;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 < 3)
			continue;
		for (int shift = 16; shift >= 0; shift -= 8)
			bytes[count++] = (char)(bits >> shift & 0xff);
		bits = 0;
	}
	count -= padding;
	bytes[count] = '\0';
	return memchr(bytes, '\0', count) ? -1 : (int)count;
}

/* ---- judging --------------------------------------------------------------------------------- */

/* What follows a scheme's name; NULL: it is another scheme. */
static const char *auth_after(const char *header, const char *scheme)
{
	size_t length = strlen(scheme);

	if (strncasecmp(header, scheme, length) != 0 || header[length] != ' ')
		return NULL;
	header += length;
	return header + strspn(header, " ");
}

static enum auth_verdict auth_judge_bearer(const struct auth *auth, const char *token)
{
	bool found = false;

	/* all of them, whichever it is */
	for (size_t i = 0; i < auth->count; i++)
		found |= auth_equal(token, auth->list[i].secret);
	return found ? AUTH_YES : AUTH_NO;
}

static bool auth_hash_fits(const char *password, const char *hash)
{
	autofree struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made = data ? crypt_r(password, hash, data) : NULL;
	/* "*0": it could not be made */
	bool fits = made && *made != '*' && auth_equal(made, hash);

	if (data)
		explicit_bzero(data, sizeof(*data));
	return fits;
}

static struct auth_entry *auth_find(const struct auth *auth, const char *name)
{
	struct auth_entry *found = NULL;

	for (size_t i = 0; i < auth->count; i++)
		if (auth_equal(name, auth->list[i].name))
			found = &auth->list[i];
	return found;
}

/*
 * For a name that is nobody's: one of the users' hashes, always the same. Not all may have been
 * made alike, and then names that there aren't take now as long as this one, now as that one.
 */
static const char *auth_dummy(struct auth *auth, const char *given)
{
	uint64_t mixed;

	if (!auth->secret && getrandom(&auth->secret, sizeof(auth->secret), 0) < 0)
		auth->secret = 1;
	mixed = auth->secret;
	for (; *given != ':'; given++)
		mixed = ((mixed ^ (unsigned char)*given) * 0x9e3779b97f4a7c15u) ^ mixed >> 29;
	return auth->list[(mixed >> 32) % auth->count].secret;
}

/*
 * Whoever is named: a hash is reckoned, and charged, for a name that is nobody's too, or who asks
 * would learn which ones there are. Charged is the time for which nobody else was answered, not the
 * processor's: where others leave us a fifth of it, a share of that would be most of our time.
 */
static enum auth_verdict auth_judge_hash(struct auth *auth, struct auth_entry *entry,
					 const char *given, const struct sockaddr *from, double now)
{
	const char *hash = entry ? entry->secret : auth_dummy(auth, given);
	double began = moment_now();
	bool fits;

	fits = auth_hash_fits(strchr(given, ':') + 1, hash);
	began = moment_now() - began;
	budget_charge(&auth->budget, from, began > AUTH_HASH_LEAST ? began : AUTH_HASH_LEAST, now);
	if (!fits || !entry)
		return AUTH_NO;
	auth_wipe(&entry->known);
	entry->known = strdup(given);
	return AUTH_YES;
}

static enum auth_verdict auth_judge_known(struct auth *auth, char *given,
					  const struct sockaddr *from, double now)
{
	char *colon = strchr(given, ':');
	struct auth_entry *entry;

	if (!colon || !auth->count)
		return AUTH_NO;
	/* before what is known is looked at: there a guess would cost nothing, and be told */
	if (!budget_allows(&auth->budget, from, now))
		return AUTH_LATER;
	for (size_t i = 0; i < auth->count; i++)
		if (auth->list[i].known && auth_equal(given, auth->list[i].known))
			return AUTH_YES;
	*colon = '\0';
	entry = auth_find(auth, given);
	*colon = ':';
	return auth_judge_hash(auth, entry, given, from, now);
}

static enum auth_verdict auth_judge_basic(struct auth *auth, const char *encoded,
					  const struct sockaddr *from, double now)
{
	char given[AUTH_NAME_SIZE + 3] = "";
	enum auth_verdict verdict = AUTH_NO;

	if (auth_decode(encoded, given, sizeof(given)) >= 0)
		verdict = auth_judge_known(auth, given, from, now);
	explicit_bzero(given, sizeof(given));
	return verdict;
}

enum auth_verdict auth_allows(struct auth *auth, const char *header, const struct sockaddr *from,
			      double now)
{
	const char *given = NULL;

	if (auth->kind == AUTH_NONE)
		return AUTH_YES;
	if (header)
		given = auth_after(header, auth->kind == AUTH_BASIC ? "Basic" : "Bearer");
	if (!given || strlen(given) > AUTH_NAME_SIZE * 2)
		return AUTH_NO;
	return auth->kind == AUTH_BASIC ? auth_judge_basic(auth, given, from, now) :
					  auth_judge_bearer(auth, given);
}
