// SPDX-License-Identifier: GPL-2.0-only
/* What may stand behind the ends of a packet in words. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "user/base/duration.h"
#include "user/base/number.h"
#include "user/base/suggestion.h"
#include "user/policy/icmp_type.h"
#include "user/policy/protocol.h"
#include "user/policy/words_reader.h"

/* An option: reads its value, which is never NULL. */
struct words_option {
	const char *name;
	const char *example; /* of its value */
	int (*read)(struct words_reader *reader, struct words_packet *packet, const char *value);
};

static int words_number(struct words_reader *reader, const char *name, const char *value,
			uint64_t least, uint64_t most, uint64_t *number)
{
	if (!number_parse(value, most, number) && *number >= least)
		return 0;
	words_error(reader, "'%s' can't be '%s'", name, value);
	diag_hint(reader->diags, "it goes from %llu to %llu", (unsigned long long)least,
		  (unsigned long long)most);
	return -EINVAL;
}

static int words_wrong_protocol(struct words_reader *reader, const char *name, const char *right)
{
	words_error(reader, "'%s' does not fit this protocol", name);
	diag_hint(reader->diags, "leave it out: %s", right);
	return -EINVAL;
}

/* tcpdump's letters; "." is ACK. */
static const struct words_letter {
	char letter;
	uint8_t flag;
} words_letters[] = {
	{ 'S', WORDS_SYN }, { 'A', WORDS_ACK }, { '.', WORDS_ACK },
	{ 'F', WORDS_FIN }, { 'R', WORDS_RST }, { 'P', WORDS_PSH },
	{ 'U', WORDS_URG }, { 'E', WORDS_ECE }, { 'W', WORDS_CWR },
};
#define WORDS_LETTERS (sizeof(words_letters) / sizeof(*words_letters))

static int words_read_flags(struct words_reader *reader, struct words_packet *packet,
			    const char *value)
{
	if (packet->flow.protocol != PROTOCOL_TCP)
		return words_wrong_protocol(reader, "flags", "only TCP has flags");
	packet->tcp_flags = 0;
	packet->flags_given = true;
	if (!strcmp(value, "none"))
		return 0;
	for (const char *at = value; *at; at++) {
		size_t i = 0;

		while (i < WORDS_LETTERS && words_letters[i].letter != *at)
			i++;
		if (i == WORDS_LETTERS) {
			words_error(reader, "'%c' is no TCP flag", *at);
			diag_hint(reader->diags,
				  "the letters are tcpdump's: S (SYN), A or . (ACK), F, "
				  "R, P, U, E and W (CWR), or none");
			return -EINVAL;
		}
		packet->tcp_flags |= words_letters[i].flag;
	}
	return 0;
}

static int words_read_vlan(struct words_reader *reader, struct words_packet *packet,
			   const char *value)
{
	uint64_t number;

	if (packet->vlan_count == WORDS_VLANS_MAX) {
		words_error(reader, "more than %u VLAN tags", WORDS_VLANS_MAX);
		diag_hint(reader->diags, "more than two are dropped anyway");
		return -EINVAL;
	}
	if (words_number(reader, "vlan", value, 0, 4095, &number))
		return -EINVAL;
	packet->vlans[packet->vlan_count++] = (uint16_t)number;
	return 0;
}

static int words_read_length(struct words_reader *reader, struct words_packet *packet,
			     const char *value)
{
	uint64_t number;

	if (words_number(reader, "len", value, 14, WORDS_LENGTH_MAX, &number))
		return -EINVAL;
	packet->length = (uint32_t)number;
	return 0;
}

static int words_read_ttl(struct words_reader *reader, struct words_packet *packet,
			  const char *value)
{
	uint64_t number;

	if (words_number(reader, "ttl", value, 0, 255, &number))
		return -EINVAL;
	packet->ttl = (uint8_t)number;
	packet->ttl_given = true;
	return 0;
}

static int words_read_fragment(struct words_reader *reader, struct words_packet *packet,
			       const char *value)
{
	size_t length = strlen(value);
	bool more = length && value[length - 1] == '+';
	uint64_t number;

	if (number_parse_part(value, length - more, 65528, &number) || number % 8) {
		words_error(reader, "'frag' can't be '%s'", value);
		diag_hint(reader->diags,
			  "write the offset in bytes, a multiple of 8, and a + where more "
			  "follow: frag=0+, frag=1480");
		return -EINVAL;
	}
	packet->fragment = true;
	packet->more = more;
	packet->offset = (uint32_t)number;
	return 0;
}

static int words_read_id(struct words_reader *reader, struct words_packet *packet,
			 const char *value)
{
	uint64_t number;

	if (words_number(reader, "id", value, 0, packet->flow.family == 6 ? 0xffffffff : 0xffff,
			 &number))
		return -EINVAL;
	packet->id = (uint32_t)number;
	return 0;
}

/* The type of one that may be the packet's own or that of a quoted one. */
static int words_read_type_of(struct words_reader *reader, struct words_flow *flow,
			      const char *value)
{
	struct suggestion nearest = { .word = value };
	uint64_t number;

	if (!protocol_has_types(flow->protocol))
		return words_wrong_protocol(reader, "type", "only icmp and icmpv6 have types");
	if (!icmp_type_find(flow->protocol, value, &flow->type))
		return 0;
	if (!number_parse(value, 255, &number)) {
		flow->type = (uint8_t)number;
		return 0;
	}
	words_error(reader, "'%s' is no type of %s", value, protocol_name(flow->protocol));
	icmp_type_suggest(flow->protocol, &nearest);
	if (nearest.name)
		diag_hint(reader->diags, "did you mean '%s'?", nearest.name);
	else
		diag_hint(reader->diags,
			  "write a name like echo-request, or a number from 0 to 255");
	return -EINVAL;
}

static int words_read_type(struct words_reader *reader, struct words_packet *packet,
			   const char *value)
{
	return words_read_type_of(reader, packet->has_about ? &packet->about : &packet->flow,
				  value);
}

static int words_read_code(struct words_reader *reader, struct words_packet *packet,
			   const char *value)
{
	uint64_t number;

	if (!protocol_has_types(packet->flow.protocol))
		return words_wrong_protocol(reader, "code", "only icmp and icmpv6 have codes");
	if (words_number(reader, "code", value, 0, 255, &number))
		return -EINVAL;
	packet->flow.code = (uint8_t)number;
	return 0;
}

static int words_read_echo(struct words_reader *reader, struct words_packet *packet,
			   const char *value)
{
	struct words_flow *flow = packet->has_about ? &packet->about : &packet->flow;
	uint64_t number;

	if (!protocol_has_types(flow->protocol))
		return words_wrong_protocol(reader, "echo",
					    "only icmp and icmpv6 have identifiers");
	if (words_number(reader, "echo", value, 0, 65535, &number))
		return -EINVAL;
	flow->echo_id = (uint16_t)number;
	return 0;
}

static int words_read_chunk(struct words_reader *reader, struct words_packet *packet,
			    const char *value)
{
	uint64_t number;

	if (packet->flow.protocol != PROTOCOL_SCTP)
		return words_wrong_protocol(reader, "chunk", "only sctp has chunks");
	if (words_number(reader, "chunk", value, 0, 255, &number))
		return -EINVAL;
	packet->chunk = (uint8_t)number;
	return 0;
}

static int words_read_payload(struct words_reader *reader, struct words_packet *packet,
			      const char *value)
{
	static const char digits[] = "0123456789abcdef";
	size_t length = strlen(value);

	if (length % 2 || length / 2 > WORDS_PAYLOAD_MAX) {
		words_error(reader, "'payload' is not up to %u bytes in hex", WORDS_PAYLOAD_MAX);
		diag_hint(reader->diags, "write two digits a byte: payload=0001");
		return -EINVAL;
	}
	for (size_t i = 0; i < length; i++) {
		const char *digit = strchr(digits, tolower((unsigned char)value[i]));
		uint8_t *byte = &packet->payload[i / 2];

		if (!digit) {
			words_error(reader, "'%c' is no hex digit", value[i]);
			diag_hint(reader->diags, "write two digits a byte: payload=0001");
			return -EINVAL;
		}
		*byte = (uint8_t)(*byte << 4 | (digit - digits));
	}
	packet->payload_size = (uint32_t)(length / 2);
	return 0;
}

#define WAIT_MOST (30u * 86400u) /* the longest timeout that a policy may say */

static int words_read_wait(struct words_reader *reader, struct words_packet *packet,
			   const char *value)
{
	if (!duration_parse(value, WAIT_MOST, &packet->wait))
		return 0;
	words_error(reader, "'wait' can't be '%s'", value);
	diag_hint(reader->diags, "durations look like 90s, 5m or 2h4m, up to 30d");
	return -EINVAL;
}

static const struct words_option words_options[] = {
	{ "flags", "SA", words_read_flags },
	{ "vlan", "7", words_read_vlan },
	{ "len", "1514", words_read_length },
	{ "ttl", "64", words_read_ttl },
	{ "frag", "0+", words_read_fragment },
	{ "id", "7", words_read_id },
	{ "type", "echo-request", words_read_type },
	{ "code", "0", words_read_code },
	{ "echo", "7", words_read_echo },
	{ "chunk", "1", words_read_chunk },
	{ "payload", "0001", words_read_payload },
	{ "wait", "5m", words_read_wait },
};
#define WORDS_OPTIONS (sizeof(words_options) / sizeof(*words_options))

/* "about udp A > B": what an ICMP error quotes. */
static int words_read_about(struct words_reader *reader, struct words_packet *packet)
{
	if (!protocol_has_types(packet->flow.protocol))
		return words_wrong_protocol(reader, "about", "only ICMP errors quote a packet");
	if (packet->has_about) {
		words_error(reader, "'about' stands twice");
		diag_hint(reader->diags, "an error quotes one packet");
		return -EINVAL;
	}
	words_next(reader);
	packet->has_about = true;
	packet->about.echo_id = 1;
	if (words_read_protocol(reader, &packet->about.protocol))
		return -EINVAL;
	if (packet->about.protocol == PROTOCOL_ICMP)
		packet->about.type = 8;
	else if (packet->about.protocol == PROTOCOL_ICMPV6)
		packet->about.type = 128;
	return words_read_ends(reader, &packet->about, true);
}

/* ARP has but addresses, tags and a length. */
static bool words_fits_arp(const struct words_option *option)
{
	return !strcmp(option->name, "vlan") || !strcmp(option->name, "len") ||
	       !strcmp(option->name, "wait");
}

static int words_read_value(struct words_reader *reader, struct words_packet *packet,
			    const struct words_option *option, bool has_equals)
{
	char value[WORDS_WORD_SIZE];

	if (!has_equals) /* "type echo-request" */
		words_next(reader);
	memcpy(value, reader->word, sizeof(value));
	if (has_equals)
		memmove(value, strchr(value, '=') + 1, strlen(strchr(value, '=')));
	if (!value[0]) {
		words_error(reader, "'%s' has no value", option->name);
		diag_hint(reader->diags, "write it like %s=%s", option->name, option->example);
		return -EINVAL;
	}
	if (packet->arp && !words_fits_arp(option))
		return words_wrong_protocol(reader, option->name,
					    "ARP has but addresses, tags and a length");
	if (option->read(reader, packet, value))
		return -EINVAL;
	words_next(reader);
	return 0;
}

static int words_read_option(struct words_reader *reader, struct words_packet *packet)
{
	size_t length = strcspn(reader->word, "=");
	bool has_equals = reader->word[length] == '=';
	char name[WORDS_WORD_SIZE] = "";
	struct suggestion nearest = { .word = name };

	memcpy(name, reader->word, length);
	for (size_t i = 0; i < WORDS_OPTIONS; i++) {
		if (!strcmp(words_options[i].name, name))
			return words_read_value(reader, packet, &words_options[i], has_equals);
		suggestion_offer(&nearest, words_options[i].name);
	}
	words_error(reader, "'%s' is nothing that a packet has", reader->word);
	if (nearest.name)
		diag_hint(reader->diags, "did you mean '%s='?", nearest.name);
	else
		diag_hint(reader->diags,
			  "behind the ends stand flags= vlan= len= ttl= frag= id= type= "
			  "code= echo= chunk= payload= wait= and about");
	return -EINVAL;
}

int words_read_options(struct words_reader *reader, struct words_packet *packet)
{
	while (reader->word[0] && !words_is(reader, "after")) {
		int error = words_is(reader, "about") ? words_read_about(reader, packet) :
							words_read_option(reader, packet);

		if (error)
			return error;
	}
	return 0;
}
