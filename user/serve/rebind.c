// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/rebind.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "user/base/number.h"

#define REBIND_NAME_SIZE 256u /* a name of the DNS has 253 characters at most */

/* ":80", or nothing. */
static bool rebind_is_port(const char *text)
{
	uint64_t port;

	return !*text || (*text == ':' && !number_parse(text + 1, UINT16_MAX, &port));
}

static bool rebind_is_address(int family, const char *text)
{
	struct in6_addr address; /* has room for both */

	return inet_pton(family, text, &address) == 1;
}

/* Browsers take it for this machine without asking anybody (RFC 6761, 6.3). */
static bool rebind_is_localhost(const char *name, size_t length)
{
	static const char below[] = ".localhost";
	const size_t tail = sizeof(below) - 1;

	return strcasecmp(name, below + 1) == 0 ||
	       (length > tail && strcasecmp(name + length - tail, below) == 0);
}

bool rebind_allows(const char *host, const char *own)
{
	char name[REBIND_NAME_SIZE];
	const bool brackets = host && *host == '[';
	size_t length;

	if (!host)
		return true;
	host += brackets;
	length = strcspn(host, brackets ? "]" : ":");
	if (!length || length >= sizeof(name))
		return false;
	memcpy(name, host, length);
	name[length] = '\0';
	if (brackets)
		return host[length] == ']' && rebind_is_port(host + length + 1) &&
		       rebind_is_address(AF_INET6, name);
	if (!rebind_is_port(host + length))
		return false;
	/* the same name, written to its end */
	if (length > 1 && name[length - 1] == '.')
		name[--length] = '\0';
	return rebind_is_address(AF_INET, name) || rebind_is_localhost(name, length) ||
	       (*own && strcasecmp(name, own) == 0);
}
