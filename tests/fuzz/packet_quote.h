/* SPDX-License-Identifier: GPL-2.0-only */
/* What an ICMP error quotes, and what must be true of how it is read: spec 3.4. */
#ifndef TESTS_FUZZ_PACKET_QUOTE_H
#define TESTS_FUZZ_PACKET_QUOTE_H

#include "tests/fuzz/packet_native.h"

#define ICMP_HEADER 8u

/* Reads what `error` quotes, of which `left` bytes are there. */
static bool quote_read(const struct native_frame *frame, const struct packet *error, size_t left,
		       struct packet *quote)
{
	size_t end = error->header_length + left;
	uint8_t *bytes = oracle_copy(frame->bytes, end, ALIGN);
	struct native_context context = { bytes, end };
	__u32 read;

	*quote = *error;
	quote->transport_length = ICMP_HEADER + (__u32)left;
	read = icmp_errors_quote(&context, quote);
	oracle_free(bytes, ALIGN);
	require(read <= 1, "it says %u", read);
	return read;
}

static bool quotes_equal(const struct packet *one, const struct packet *other)
{
	size_t address = one->family == 4 ? 4 : 16;

	return !memcmp(one->saddr, other->saddr, address) &&
	       !memcmp(one->daddr, other->daddr, address) && one->protocol == other->protocol &&
	       one->sport == other->sport && one->dport == other->dport &&
	       (one->flags & PACKET_ICMP) == (other->flags & PACKET_ICMP) &&
	       (!(one->flags & PACKET_ICMP) ||
		(one->icmp_type == other->icmp_type && one->echo_id == other->echo_id));
}

/* A quote that is a whole packet, put into a frame of its own, is that packet. */
static void quote_is_a_packet(const struct native_frame *frame, const struct packet *error,
			      size_t left, bool read, const struct packet *quote)
{
	uint8_t *bytes = malloc(14 + left);
	struct native_frame alone = {
		.bytes = bytes,
		.length = 14 + left,
		.head = 14 + left,
		.direction = DIRECTION_OUT, /* addresses of any kind */
		.settings = ALL_SETTINGS,
	};
	struct judged judged;

	if (!bytes)
		exit(0);
	memset(bytes, 0, 14);
	memcpy(bytes + 12, error->family == 4 ? "\x08" : "\x86\xdd", 2);
	memcpy(bytes + 14, frame->bytes + error->header_length, left);
	judge(&alone, &judged);
	free(bytes);
	if (!judged_is_whole(&judged) || judged.packet.transport_length < ICMP_QUOTE_LEAST ||
	    judged.packet.flags & PACKET_LATER ||
	    memcmp(judged.packet.saddr, error->daddr, error->family == 4 ? 4 : 16) != 0)
		return;
	require(read, "a whole packet in an error can't be read");
	require(quotes_equal(quote, &judged.packet), "it is read as another packet");
}

/* Of an ICMP error that is whole. `less` chooses how many bytes of the quote are left. */
static void quote_check(const struct native_frame *frame, const struct packet *error, size_t less)
{
	size_t left = error->transport_length - ICMP_HEADER;
	struct packet quote, cut, forged = *error;
	bool read = quote_read(frame, error, left, &quote);

	if (read) {
		const uint8_t *ip = frame->bytes + error->header_length;
		size_t header = error->family == 4 ? (size_t)(ip[0] & 15) * 4 : 40;

		require(left >= header + ICMP_QUOTE_LEAST, "of %zu bytes", left);
		require(ip[0] >> 4 == error->family, "of another family");
		require(!memcmp(quote.saddr, error->daddr, error->family == 4 ? 4 : 16),
			"from someone else");
		if (error->family == 4)
			require(header >= 20 && !(ip[6] & 0x1f) && !ip[7],
				"a later fragment says nothing");
		if (error->family == 4 && packet_has_ports(&quote))
			require(!memcmp(&quote.sport, ip + header, 2) &&
					!memcmp(&quote.dport, ip + header + 2, 2),
				"ports");
		require(quote.family == error->family, "its family");
	}
	/* what can be read of less of it is no other packet */
	if (quote_read(frame, error, less % (left + 1), &cut))
		require(read && quotes_equal(&cut, &quote), "less of a quote says more");
	forged.daddr[error->family == 4 ? 0 : less % 4] ^= bpf_htonl(1);
	if (read)
		require(!quote_read(frame, &forged, left, &cut), "about a packet of another host");
	quote_is_a_packet(frame, error, left, read, &quote);
}

#endif
