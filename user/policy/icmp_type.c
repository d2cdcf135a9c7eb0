/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/icmp_type.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Of several names for one type the first is the one that is printed. */
static const struct icmp_type {
	uint8_t protocol;
	uint8_t type;
	const char *name;
} types[] = {
	{ 1, 0, "echo-reply" },
	{ 1, 3, "destination-unreachable" },
	{ 1, 4, "source-quench" },
	{ 1, 5, "redirect" },
	{ 1, 8, "echo-request" },
	{ 1, 9, "router-advertisement" },
	{ 1, 10, "router-solicitation" },
	{ 1, 11, "time-exceeded" },
	{ 1, 12, "parameter-problem" },
	{ 1, 13, "timestamp-request" },
	{ 1, 14, "timestamp-reply" },
	{ 1, 15, "info-request" },
	{ 1, 15, "information-request" },
	{ 1, 16, "info-reply" },
	{ 1, 16, "information-reply" },
	{ 1, 17, "address-mask-request" },
	{ 1, 18, "address-mask-reply" },
	{ 1, 42, "extended-echo-request" },
	{ 1, 43, "extended-echo-reply" },
	{ 58, 1, "destination-unreachable" },
	{ 58, 2, "packet-too-big" },
	{ 58, 3, "time-exceeded" },
	{ 58, 4, "parameter-problem" },
	{ 58, 128, "echo-request" },
	{ 58, 129, "echo-reply" },
	{ 58, 130, "mld-listener-query" },
	{ 58, 131, "mld-listener-report" },
	{ 58, 132, "mld-listener-done" },
	{ 58, 132, "mld-listener-reduction" },
	{ 58, 133, "nd-router-solicit" },
	{ 58, 133, "router-solicitation" },
	{ 58, 134, "nd-router-advert" },
	{ 58, 134, "router-advertisement" },
	{ 58, 135, "nd-neighbor-solicit" },
	{ 58, 135, "neighbor-solicitation" },
	{ 58, 135, "neighbour-solicitation" },
	{ 58, 136, "nd-neighbor-advert" },
	{ 58, 136, "neighbor-advertisement" },
	{ 58, 136, "neighbour-advertisement" },
	{ 58, 137, "nd-redirect" },
	{ 58, 137, "redirect" },
	{ 58, 138, "router-renumbering" },
	{ 58, 141, "ind-neighbor-solicit" },
	{ 58, 142, "ind-neighbor-advert" },
	{ 58, 143, "mld2-listener-report" },
	{ 58, 160, "extended-echo-request" },
	{ 58, 161, "extended-echo-reply" },
};

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

int icmp_type_find(uint8_t protocol, const char *name, uint8_t *type)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (types[i].protocol == protocol && !strcmp(types[i].name, name)) {
			*type = types[i].type;
			return 0;
		}
	}
	return -ENOENT;
}

const char *icmp_type_name(uint8_t protocol, uint8_t type)
{
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (types[i].protocol == protocol && types[i].type == type)
			return types[i].name;
	return NULL;
}

void icmp_type_suggest(uint8_t protocol, struct suggestion *nearest)
{
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (types[i].protocol == protocol)
			suggestion_offer(nearest, types[i].name);
}
