// SPDX-License-Identifier: GPL-2.0-only
/* The ends of a packet in words: 198.51.100.7:40000, [2001:db8::1]:443, 2001:db8::1. */
#include <errno.h>
#include <string.h>

#include "user/base/number.h"
#include "user/policy/address.h"
#include "user/policy/protocol.h"
#include "user/policy/words_reader.h"

static int words_bad_end(struct words_reader *reader, const struct address_fault *fault)
{
	words_error(reader, "%s", fault->why);
	diag_hint(reader->diags, "%s",
		  fault->hint[0] ? fault->hint :
				   "write one address, like 192.0.2.10 or [2001:db8::1]");
	return -EINVAL;
}

static int words_read_port(struct words_reader *reader, const char *text, uint16_t *port)
{
	uint64_t number;

	if (number_parse(text, 65535, &number)) {
		words_error(reader, "'%s' is no port", text);
		diag_hint(reader->diags, "ports go from 0 to 65535");
		return -EINVAL;
	}
	*port = (uint16_t)number;
	return 0;
}

/* Splits a word into address and port; *port is NULL where there is none. */
static void words_split(char *word, char **address, char **port)
{
	char *last = strrchr(word, ':');

	*address = word;
	*port = NULL;
	if (word[0] == '[' && strchr(word, ']')) {
		char *end = strchr(word, ']');

		*address = word + 1;
		*end = '\0';
		*port = end[1] == ':' ? end + 2 : end[1] ? end + 1 : NULL;
	} else if (last && last == strchr(word, ':')) { /* with more than one it is IPv6 */
		*last = '\0';
		*port = last + 1;
	}
}

/* The address of an end, or the group whose member it is to be. */
static int words_read_address(struct words_reader *reader, struct words_flow *flow,
			      const char *address, struct words_end *end)
{
	struct policy_prefix prefix;
	struct address_fault fault;

	if (reader->may_be_group && !address_is_meant(address) && address[0] &&
	    strlen(address) < WORDS_GROUP_SIZE) {
		memcpy(end->group, address, strlen(address) + 1);
		return 0;
	}
	if (address_parse(address, &prefix, &fault))
		return words_bad_end(reader, &fault);
	if (strchr(address, '/')) {
		words_error(reader, "'%s' is a prefix; a packet has one address at each end",
			    address);
		diag_hint(reader->diags, "write one address of it");
		return -EINVAL;
	}
	if (flow->family && flow->family != prefix.family) {
		words_error(reader, "one end is IPv4, the other IPv6");
		diag_hint(reader->diags, "a packet has two addresses of one family");
		return -EINVAL;
	}
	flow->family = prefix.family;
	memcpy(end->address, prefix.address, sizeof(end->address));
	return 0;
}

static int words_read_end(struct words_reader *reader, struct words_flow *flow, bool needs_port,
			  struct words_end *end)
{
	bool has_ports = protocol_has_ports(flow->protocol);
	char copy[WORDS_WORD_SIZE], *address, *port;

	memcpy(copy, reader->word, sizeof(copy));
	words_split(copy, &address, &port);
	if (!reader->word[0] || words_is(reader, ">")) {
		words_error(reader, "an address is missing");
		diag_hint(reader->diags, "write it like 192.0.2.10%s or [2001:db8::1]%s",
			  has_ports ? ":443" : "", has_ports ? ":443" : "");
		return -EINVAL;
	}
	if (words_read_address(reader, flow, address, end))
		return -EINVAL;
	if (port && !has_ports) {
		words_error(reader, "this protocol has no ports");
		diag_hint(reader->diags, "leave ':%s' out", port);
		return -EINVAL;
	}
	if (!port && has_ports && needs_port) {
		words_error(reader, "'%s' has no port", reader->word);
		diag_hint(reader->diags, strchr(address, ':') ? "write [%s]:PORT" : "write %s:PORT",
			  address);
		return -EINVAL;
	}
	if (port && words_read_port(reader, port, &end->port))
		return -EINVAL;
	words_next(reader);
	return 0;
}

int words_read_ends(struct words_reader *reader, struct words_flow *flow, bool needs_ports)
{
	unsigned int families = protocol_families(flow->protocol);
	int error = words_read_end(reader, flow, needs_ports, &flow->from);

	if (!error && flow->family && !(families & (flow->family == 4 ? 1 : 2))) {
		words_error(reader, "%s is not carried by IPv%d", protocol_name(flow->protocol),
			    flow->family);
		diag_hint(reader->diags, "icmp is IPv4's, icmpv6 IPv6's");
		return -EINVAL;
	}
	if (error)
		return error;
	if (!words_is(reader, ">")) {
		words_error(reader, "'>' is missing between the two ends");
		diag_hint(reader->diags, "write SOURCE > DESTINATION, with spaces round the '>'");
		return -EINVAL;
	}
	words_next(reader);
	return words_read_end(reader, flow, needs_ports, &flow->to);
}
