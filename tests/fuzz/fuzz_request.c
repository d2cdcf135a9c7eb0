/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the exporter reads of requests, and the words that it is told by. An input is a letter and a text: `a` an Accept header,
 * `u` and `t` an Authorization header where users or tokens are known, `l` where to listen, `p` a path, `h` a Host header.
 *
 * What is taken means the same when it is said in the plainest way; nobody gets in but by the right words.
 */
#include <arpa/inet.h>
#include <strings.h>

#include "tests/fuzz/oracle.h"
#include "user/base/text.h"
#include "user/serve/auth.h"
#include "user/serve/listen.h"
#include "user/serve/negotiate.h"
#include "user/serve/rebind.h"

#define OPENMETRICS "application/openmetrics-text"

static void try_accept(const char *text)
{
	bool wanted = negotiate_openmetrics(text);
	char *longer = text_print("%s,", text);

	if (!longer)
		exit(0);
	require(!wanted || strcasestr(text, OPENMETRICS), "it wasn't named");
	/* an empty range says nothing, unless quotes are open */
	if (!strchr(text, '"'))
		require(negotiate_openmetrics(longer) == wanted, "a comma changes it");
	free(longer);
	/* who says no more than that wants it, whatever else there is of less quality */
	if (!strpbrk(text, "\",;")) {
		longer = text_print("%s;q=0.1," OPENMETRICS, text);
		if (!longer)
			exit(0);
		require(negotiate_openmetrics(longer), "what is liked less comes first");
		free(longer);
	}
}

/* base64 by the book: RFC 4648. */
static void encode(const char *text, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i += 3) {
		unsigned int bits = 0;

		for (size_t j = 0; j < 3; j++)
			bits = bits << 8 | (i + j < length ? (unsigned char)text[i + j] : 0);
		for (size_t j = 0; j < 4; j++)
			*out++ = i + j <= length ? digits[bits >> (18 - 6 * j) & 63] : '=';
	}
	*out = '\0';
}

static const struct sockaddr nowhere;

static void try_users(const char *text)
{
	/* no hash is reckoned: the one user's password has passed before */
	struct auth_entry entry = { (char *)"me", (char *)"$6$", (char *)"me:secret" };
	struct auth auth = { .kind = AUTH_BASIC, .list = &entry, .count = 1 };
	char bytes[AUTH_NAME_SIZE + 3], again[2 * sizeof(bytes)];
	const char *word = text;

	if (strncasecmp(text, "basic ", 6) == 0)
		word = text + 6 + strspn(text + 6, " ");
	if (auth_allows(&auth, text, &nowhere, 1) == AUTH_YES)
		require(word != text && !strcmp(word, "bWU6c2VjcmV0"), "a stranger got in");
	/* the other way round: what is decoded is what encodes to it, but for the bits that padding throws away */
	if (auth_decode(text, bytes, sizeof(bytes)) >= 0) {
		encode(bytes, again);
		require(strlen(again) == strlen(text), "another length");
		require(strlen(text) < 4 || !memcmp(again, text, strlen(text) - 4), "other bytes");
	}
	if (strlen(text) < AUTH_NAME_SIZE / 2) {
		encode(text, again);
		require(auth_decode(again, bytes, sizeof(bytes)) == (int)strlen(text),
			"not decoded");
		require(!strcmp(bytes, text), "decoded to %s", bytes);
	}
}

static void try_tokens(const char *text)
{
	struct auth_entry entries[] = { { .secret = (char *)"0123456789abcdef" },
					{ .secret = (char *)"another-token-of-mine" } };
	struct auth auth = { .kind = AUTH_BEARER, .list = entries, .count = 2 };
	bool in = auth_allows(&auth, text, &nowhere, 1) == AUTH_YES;
	const char *word = text;

	if (strncasecmp(text, "bearer ", 7) == 0)
		word = text + 7 + strspn(text + 7, " ");
	require(in == (word != text &&
		       (!strcmp(word, entries[0].secret) || !strcmp(word, entries[1].secret))),
		"in: %d", in);
	require(auth_equal(text, text), "not equal to itself");
}

static void try_listen(const char *text)
{
	char plain[LISTEN_TEXT_SIZE];
	struct listen_place place, again;

	if (listen_parse(text, &place))
		return;
	listen_text(&place, plain);
	require(!listen_parse(plain, &again), "not taken as %s", plain);
	require(place.size == again.size && !memcmp(&place.address, &again.address, place.size),
		"another place as %s", plain);
	if (place.address.any.sa_family == AF_INET && strncasecmp(text, "localhost:", 10))
		require(!strcmp(plain, text), "%s in other words", plain);
	listen_is_local(&place);
}

static void try_path(const char *text)
{
	if (negotiate_route(text) != ROUTE_NONE)
		require(*text == '/' && strlen(text) <= strlen("/api/v1/history") &&
				!strstr(text, "..") && !strchr(text, '%'),
			"a path of its own");
}

/* A name that somebody else could have: its last label is neither a number nor localhost, and it isn't ours. */
static bool is_strange(const char *host)
{
	size_t length = strcspn(host, ":"), last = length;

	if (*host == '[' || !length)
		return false;
	length -= host[length - 1] == '.';
	for (last = length; last && host[last - 1] != '.'; last--)
		;
	if (last == length || (!last && length == 4 && !strncasecmp(host, "edge", 4)))
		return false;
	return strspn(host + last, "0123456789") < length - last &&
	       (length - last != 9 || strncasecmp(host + last, "localhost", 9) != 0);
}

static void try_host(const char *text)
{
	bool allowed = rebind_allows(text, "edge");
	char *evil = text_print("%s.evil", text), *port = text_print("%s:80", text);

	if (!evil || !port)
		exit(0);
	require(!allowed || !is_strange(text), "a stranger's name");
	require(!allowed || *text == '[' || text[strspn(text, "0123456789.:")] == '\0' ||
			strcasestr(text, "localhost") || strcasestr(text, "edge"),
		"not one of ours");
	/* whatever stands before it */
	require(!rebind_allows(evil, "edge"), "below a stranger's name");
	if (strchr(text, ':') == NULL && *text != '[')
		require(rebind_allows(port, "edge") == allowed, "a port changes it");
	require(!rebind_allows("", "") && rebind_allows(NULL, ""), "nothing");
	free(evil);
	free(port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		exit(0);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0]) {
	case 'a':
		try_accept(text);
		break;
	case 'u':
		try_users(text);
		break;
	case 't':
		try_tokens(text);
		break;
	case 'l':
		try_listen(text);
		break;
	case 'p':
		try_path(text);
		break;
	case 'h':
		try_host(text);
		break;
	default:
		break;
	}
	free(text);
	return 0;
}
