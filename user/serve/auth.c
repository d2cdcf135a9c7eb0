// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/auth.h"

#include <crypt.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"

/* Four wrong passwords a second: hashes are slow on purpose. */
#define AUTH_HASH_SECONDS 0.25
#define AUTH_HASH_BURST 2.0 /* seconds' worth at once */

void auth_free(struct auth *auth)
{
	for (size_t i = 0; i < auth->count; i++) {
		free(auth->list[i].name);
		free(auth->list[i].secret);
		free(auth->list[i].known);
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

/* ---- judging -------------------------------------------------------------------------------------- */

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

static enum auth_verdict auth_judge_hash(struct auth *auth, struct auth_entry *entry,
					 const char *given, const char *password, double now)
{
	if (auth->hashed_until < now)
		auth->hashed_until = now;
	if (auth->hashed_until > now + AUTH_HASH_BURST)
		return AUTH_LATER;
	auth->hashed_until += AUTH_HASH_SECONDS;
	if (!auth_hash_fits(password, entry->secret))
		return AUTH_NO;
	entry->known = strdup(given);
	return AUTH_YES;
}

static enum auth_verdict auth_judge_basic(struct auth *auth, const char *encoded, double now)
{
	char given[AUTH_NAME_SIZE + 3] = { 0 };
	char *colon;

	if (auth_decode(encoded, given, sizeof(given)) < 0)
		return AUTH_NO;
	colon = strchr(given, ':');
	if (!colon)
		return AUTH_NO;
	for (size_t i = 0; i < auth->count; i++)
		if (auth->list[i].known && auth_equal(given, auth->list[i].known))
			return AUTH_YES;
	*colon = '\0';
	for (size_t i = 0; i < auth->count; i++) {
		struct auth_entry *entry = &auth->list[i];

		if (!auth_equal(given, entry->name))
			continue;
		*colon = ':';
		/* one that is known has another password than this */
		return entry->known ? AUTH_NO : auth_judge_hash(auth, entry, given, colon + 1, now);
	}
	return AUTH_NO;
}

enum auth_verdict auth_allows(struct auth *auth, const char *header, double now)
{
	const char *given = NULL;

	if (auth->kind == AUTH_NONE)
		return AUTH_YES;
	if (header)
		given = auth_after(header, auth->kind == AUTH_BASIC ? "Basic" : "Bearer");
	if (!given || strlen(given) > AUTH_NAME_SIZE * 2)
		return AUTH_NO;
	return auth->kind == AUTH_BASIC ? auth_judge_basic(auth, given, now) :
					  auth_judge_bearer(auth, given);
}
