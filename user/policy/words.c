// SPDX-License-Identifier: GPL-2.0-only
#include "user/policy/words.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "user/base/number.h"
#include "user/base/text.h"
#include "user/policy/protocol.h"
#include "user/policy/words_reader.h"

#define EXAMPLE "in tcp 198.51.100.7:40000 > 192.0.2.10:5061"
#define BLANK " \t\n"

/* ---- words ------------------------------------------------------------------------------------- */

void words_next(struct words_reader *reader)
{
	size_t length;

	reader->at += strspn(reader->at, BLANK);
	reader->begin = reader->at;
	length = strcspn(reader->at, BLANK);
	reader->at += length;
	if (length >= sizeof(reader->word))
		length = sizeof(reader->word) -
			 1; /* no word that long has a meaning: it is refused */
	memcpy(reader->word, reader->begin, length);
	reader->word[length] = '\0';
}

void words_begin(struct words_reader *reader, const struct place *whole, const char *text,
		 struct diags *diags)
{
	*reader = (struct words_reader){ .whole = whole, .text = text, .at = text, .diags = diags };
	words_next(reader);
}

bool words_is(const struct words_reader *reader, const char *word)
{
	return !strcmp(reader->word, word);
}

/* Where a word stands in the source: only where the text is there as it is, and on one line. */
static struct place words_place(const struct words_reader *reader)
{
	struct place place = *reader->whole;
	size_t length = strlen(reader->text), offset = (size_t)(reader->begin - reader->text);

	if (!place.source || place.length != length || strchr(reader->text, '\n') ||
	    memcmp(place.source->text + place.offset, reader->text, length) != 0)
		return place;
	for (size_t i = 0; i < offset; i++)
		if (((unsigned char)reader->text[i] & 0xc0) != 0x80) /* a character's first byte */
			place.column++;
	place.offset += offset;
	place.length = reader->word[0] ? strlen(reader->word) : 1;
	return place;
}

int words_error(struct words_reader *reader, const char *why, ...)
{
	const struct place place = words_place(reader);
	autotext struct text line = { 0 };
	va_list arguments;

	va_start(arguments, why);
	text_format_list(&line, why, arguments);
	va_end(arguments);
	return diag_policy(reader->diags, &place, "%s", line.failed ? why : line.bytes);
}

/* ---- a packet ---------------------------------------------------------------------------------- */

static int words_read_direction(struct words_reader *reader, enum policy_direction *direction)
{
	if (words_is(reader, "in")) {
		*direction = POLICY_IN;
	} else if (words_is(reader, "out")) {
		*direction = POLICY_OUT;
	} else {
		words_error(reader, "a packet begins with 'in' or 'out'%s%s%s",
			    reader->word[0] ? ", not '" : "", reader->word,
			    reader->word[0] ? "'" : "");
		diag_hint(reader->diags, "write it like '" EXAMPLE "'");
		return -EINVAL;
	}
	words_next(reader);
	return 0;
}

int words_read_protocol(struct words_reader *reader, uint8_t *protocol)
{
	const char *written = protocol_number_text(reader->word);
	uint64_t number;

	if (protocol_find(reader->word, protocol)) {
		if (number_parse(written ? written : reader->word, 255, &number)) {
			const char *nearest = protocol_nearest(reader->word);

			words_error(reader,
				    reader->word[0] ? "'%s' is no protocol" :
						      "a protocol is missing%s",
				    reader->word);
			if (nearest)
				diag_hint(reader->diags, "did you mean '%s'?", nearest);
			else
				diag_hint(reader->diags,
					  "write tcp, udp, sctp, icmp, icmpv6, arp or a number "
					  "from 0 to 255");
			return -EINVAL;
		}
		*protocol = (uint8_t)number;
	}
	words_next(reader);
	return 0;
}

static void words_set_defaults(struct words_packet *packet)
{
	struct words_flow *flow = &packet->flow;

	packet->tcp_flags = WORDS_SYN;
	packet->chunk = 1;
	if (flow->protocol == PROTOCOL_ICMP)
		flow->type = 8;
	else if (flow->protocol == PROTOCOL_ICMPV6)
		flow->type = 128;
	flow->echo_id = 1;
}

int words_read_packet(struct words_reader *reader, struct words_packet *packet)
{
	int error;

	*packet = (struct words_packet){ .place = *reader->whole };
	error = words_read_direction(reader, &packet->direction);
	if (error)
		return error;
	packet->arp = words_is(reader, "arp");
	if (packet->arp)
		words_next(reader);
	else
		error = words_read_protocol(reader, &packet->flow.protocol);
	words_set_defaults(packet);
	error = error ?: words_read_ends(reader, &packet->flow, true);
	if (!error && packet->arp && packet->flow.family == 6) {
		words_error(reader, "ARP is IPv4's");
		diag_hint(reader->diags,
			  "IPv6 has neighbor discovery: icmpv6 A > B type=135 ttl=255");
		return -EINVAL;
	}
	error = error ?: words_read_options(reader, packet);
	if (!error && !packet->ttl_given)
		packet->ttl = words_usual_ttl(&packet->flow);
	return error;
}

uint8_t words_usual_ttl(const struct words_flow *flow)
{
	if (flow->protocol != PROTOCOL_ICMPV6)
		return 64;
	if (flow->type >= 133 && flow->type <= 137)
		return 255;
	return (flow->type >= 130 && flow->type <= 132) || flow->type == 143 ? 1 : 64;
}

bool words_is_reverse(const struct words_flow *one, const struct words_flow *other)
{
	bool echo = protocol_has_types(one->protocol);

	return one->family == other->family && one->protocol == other->protocol &&
	       !memcmp(one->from.address, other->to.address, sizeof(one->from.address)) &&
	       !memcmp(one->to.address, other->from.address, sizeof(one->to.address)) &&
	       one->from.port == other->to.port && one->to.port == other->from.port &&
	       (!echo || one->echo_id == other->echo_id);
}
