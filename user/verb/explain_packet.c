// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/explain_packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/packet/hex.h"
#include "user/packet/wire.h"

#define BLANK " \t\n\r"

bool explain_packet_is_one(const char *argument)
{
	return strpbrk(argument, BLANK);
}

/* Is the first word this one? Then *text is moved behind it. */
static bool packet_word(const char **text, const char *word)
{
	const char *begin = *text + strspn(*text, BLANK);
	size_t length = strcspn(begin, BLANK);

	if (length != strlen(word) || strncmp(begin, word, length) != 0)
		return false;
	*text = begin + length;
	return true;
}

/* "in hex ...": where the bytes begin; NULL: it is none. */
static const char *packet_hex(const char *text, enum direction *direction)
{
	bool in = packet_word(&text, "in");

	if (!in && !packet_word(&text, "out"))
		return NULL;
	*direction = in ? DIRECTION_IN : DIRECTION_OUT;
	return packet_word(&text, "hex") ? text : NULL;
}

/* Where the packets begin that are sent before it: at the word "after", or the end. */
static const char *packet_after(const char *text)
{
	for (;;) {
		const char *rest = text;

		if (packet_word(&rest, "after"))
			return text;
		text += strspn(text, BLANK);
		if (!*text)
			return text;
		text += strcspn(text, BLANK);
	}
}

static int packet_bad_hex(const struct explain_packet *packet, int error, size_t offset,
			  struct diags *diags)
{
	char at = packet->source->text[offset];
	struct source_cursor cursor;
	struct place place;

	source_cursor_begin(&cursor, packet->source);
	place = source_cursor_place(&cursor, offset, 1);
	if (error == -ERANGE)
		diag_policy(diags, &place, "a frame has %u bytes at most", WIRE_SIZE_MAX);
	else if (error == -ENODATA)
		diag_policy(diags, &place, "the frame's bytes are missing");
	else if (!at || strchr(BLANK ":", at))
		diag_policy(diags, &place, "half a byte: each has two hex digits");
	else
		diag_policy(diags, &place, "this is no hex digit");
	diag_hint(diags, "write two digits a byte, from the Ethernet header on, with blanks or "
			 "colons between them or none");
	return -EINVAL;
}

/* The frame at `hex`, and what is sent before it. */
static int packet_read_hex(const char *hex, struct explain_packet *packet, struct diags *diags)
{
	const char *text = packet->source->text, *after = packet_after(hex), *fault = NULL;
	autofree char *bytes = strndup(hex, (size_t)(after - hex));
	struct source_cursor cursor;
	struct place place;
	int error;

	packet->bytes = malloc(WIRE_SIZE_MAX);
	if (!bytes || !packet->bytes)
		return diag_system(diags, ENOMEM, "explain", NULL);
	error = hex_read(bytes, packet->bytes, WIRE_SIZE_MAX, &packet->size, &fault);
	if (error)
		return packet_bad_hex(packet, error, (size_t)(hex - text + (fault - bytes)), diags);
	source_cursor_begin(&cursor, packet->source);
	place = source_cursor_place(&cursor, (size_t)(after - text), strlen(after));
	return expect_parse_before(&place, after, &packet->line, diags);
}

int explain_packet_read(const char *text, struct explain_packet *packet, struct diags *diags)
{
	const char *hex;
	struct place place;

	packet->source = source_new("packet", text, strlen(text));
	if (!packet->source)
		return diag_system(diags, ENOMEM, "explain", NULL);
	hex = packet_hex(packet->source->text, &packet->direction);
	if (hex)
		return packet_read_hex(hex, packet, diags);
	place = (struct place){
		.source = packet->source, .line = 1, .column = 1, .length = strlen(text)
	};
	return expect_parse(&place, packet->source->text, &packet->line, diags);
}

int explain_packet_judge(const struct explain_packet *packet, struct common_judge *judge,
			 struct common_verdict *verdict, struct diags *diags)
{
	const struct policy_expectation *line = &packet->line;

	if (packet->bytes)
		return common_judge_bytes(judge, line->before, line->before_count, packet->bytes,
					  packet->size, packet->direction, verdict, diags);
	return common_judge_words(judge, line->before, line->before_count, &line->packet, verdict,
				  diags);
}

void explain_packet_free(struct explain_packet *packet)
{
	expect_free_line(&packet->line);
	source_release(packet->source);
	free(packet->bytes);
}
