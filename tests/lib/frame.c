// SPDX-License-Identifier: GPL-2.0-only
/* A plan becomes bytes: from the data outwards, so that every length is known when it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/frame_plan.h"

/* Grows to the front. */
struct builder {
	uint8_t *begin;
	uint8_t *end;
	uint8_t room[FRAME_MAX + 8192];
};

static uint8_t *builder_front(struct builder *builder, size_t size)
{
	builder->begin -= size;
	if (builder->begin < builder->room)
		fail_msg("a frame of this size was not thought of");
	memset(builder->begin, 0, size);
	return builder->begin;
}

static size_t builder_size(const struct builder *builder)
{
	return (size_t)(builder->end - builder->begin);
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t field(const struct frame_field *field, size_t right)
{
	switch (field->how) {
	case FIELD_IS:
		return (size_t)field->value;
	case FIELD_OFF_BY:
		return right + (size_t)field->value;
	case FIELD_RIGHT:
		break;
	}
	return right;
}

static void build_tcp(const struct frame_plan *plan, struct builder *builder)
{
	uint8_t *tcp = builder_front(builder, 20);

	put16(tcp, plan->sport);
	put16(tcp + 2, plan->dport);
	put16(tcp + 6, 1000); /* sequence */
	tcp[12] = (uint8_t)(field(&plan->doff, 5) << 4);
	tcp[13] = (uint8_t)plan->tcp_flags;
	put16(tcp + 14, 65535);
}

static void build_udp(const struct frame_plan *plan, struct builder *builder)
{
	uint8_t *udp = builder_front(builder, 8);

	put16(udp, plan->sport);
	put16(udp + 2, plan->dport);
	put16(udp + 4, field(&plan->udp_length, builder_size(builder)));
}

static void build_sctp(const struct frame_plan *plan, struct builder *builder)
{
	uint8_t *sctp;

	if (plan->chunk >= 0) {
		size_t length = builder_size(builder) + 4;
		uint8_t *chunk = builder_front(builder, 4);

		chunk[0] = (uint8_t)plan->chunk;
		put16(chunk + 2, length);
	} else {
		builder->begin = builder->end;
	}
	sctp = builder_front(builder, 12);
	put16(sctp, plan->sport);
	put16(sctp + 2, plan->dport);
}

static void build_icmp(const struct frame_plan *plan, struct builder *builder)
{
	uint8_t *icmp = builder_front(builder, 8);

	icmp[0] = (uint8_t)plan->icmp_type;
	icmp[1] = (uint8_t)plan->icmp_code;
	put16(icmp + 4, plan->echo);
}

static void build_quote(const struct frame_plan *quote, struct builder *builder);

/* Header and data, then as many of them as were asked for. */
static void build_transport(const struct frame_plan *plan, struct builder *builder)
{
	size_t size = plan->data_size;
	size_t wanted;

	if (plan->quote) {
		build_quote(plan->quote, builder);
		size = 0;
	}
	/* a segment that opens or ends carries nothing unless told to */
	if (plan->protocol == 6 && !plan->data_given)
		size = 0;
	memcpy(builder_front(builder, size), plan->data, size);
	if (plan->protocol == 6)
		build_tcp(plan, builder);
	else if (plan->protocol == 17)
		build_udp(plan, builder);
	else if (plan->protocol == 132)
		build_sctp(plan, builder);
	else if (plan->protocol == 1 || plan->protocol == 58)
		build_icmp(plan, builder);
	wanted = field(&plan->size, builder_size(builder));
	if (wanted > builder_size(builder)) {
		size_t has = builder_size(builder), more = wanted - has;
		uint8_t *begin = builder_front(builder, more);

		memmove(begin, begin + more, has);
		memset(begin + has, 0, more);
	} else if (wanted < builder_size(builder)) {
		size_t less = builder_size(builder) - wanted;

		memmove(builder->begin + less, builder->begin, wanted);
		builder->begin += less;
	}
}

/* A list of options of NOPs: in order, whatever its size. */
static void build_extension(const struct frame_plan *plan, const struct frame_extension *extension,
			    uint8_t next, struct builder *builder)
{
	uint8_t *header = builder_front(builder, extension->size);

	header[0] = next;
	switch (extension->kind) {
	case 44:
		put16(header + 2, extension->offset | extension->more);
		put16(header + 6, plan->id);
		return;
	case 51:
		header[1] = (uint8_t)field(&extension->length, extension->size / 4 - 2);
		return;
	case 43:
		header[2] = extension->type;
		header[3] = extension->left;
		break;
	default: /* one PadN option */
		if (extension->size > 2) {
			header[2] = 1;
			header[3] = (uint8_t)(extension->size - 4);
		}
	}
	header[1] = (uint8_t)field(&extension->length, extension->size / 8 - 1);
}

static void build_ip6(const struct frame_plan *plan, struct builder *builder)
{
	uint8_t next = (uint8_t)field(&plan->next, plan->protocol);
	size_t payload;
	uint8_t *ip;

	for (size_t i = plan->extension_count; i-- > 0;) {
		build_extension(plan, &plan->extensions[i], next, builder);
		next = plan->extensions[i].kind;
	}
	payload = builder_size(builder);
	ip = builder_front(builder, 40);
	ip[0] = (uint8_t)(field(&plan->version, 6) << 4);
	put16(ip + 4, field(&plan->length, payload));
	ip[6] = next;
	ip[7] = (uint8_t)plan->ttl;
	memcpy(ip + 8, plan->from, 16);
	memcpy(ip + 24, plan->to, 16);
}

static void build_ip4(const struct frame_plan *plan, struct builder *builder)
{
	size_t options = (plan->options_size + 3) / 4 * 4;
	size_t header = 20 + options, total;
	uint8_t *ip;

	memcpy(builder_front(builder, options), plan->options, plan->options_size);
	ip = builder_front(builder, 20);
	total = builder_size(builder);
	ip[0] = (uint8_t)(field(&plan->version, 4) << 4 | field(&plan->ihl, header / 4));
	put16(ip + 2, field(&plan->length, total));
	put16(ip + 4, plan->id);
	put16(ip + 6, plan->offset / 8 | (plan->more ? 0x2000u : 0) | (plan->dont ? 0x4000u : 0) |
			      (plan->evil ? 0x8000u : 0));
	ip[8] = (uint8_t)plan->ttl;
	ip[9] = (uint8_t)field(&plan->next, plan->protocol);
	memcpy(ip + 12, plan->from, 4);
	memcpy(ip + 16, plan->to, 4);
}

static void build_arp(const struct frame_plan *plan, struct builder *builder)
{
	uint8_t *arp = builder_front(builder, 28);

	put16(arp, plan->arp_hardware);
	put16(arp + 2, plan->arp_protocol);
	arp[4] = (uint8_t)plan->arp_hlen;
	arp[5] = (uint8_t)plan->arp_plen;
	put16(arp + 6, 1); /* a request */
}

/* Gives the frame's EtherType, tags aside. */
static size_t build_network(const struct frame_plan *plan, struct builder *builder)
{
	switch (plan->kind) {
	case FRAME_ARP:
		build_arp(plan, builder);
		return field(&plan->ethertype, 0x0806);
	case FRAME_ETHERNET:
		memcpy(builder_front(builder, plan->data_size), plan->data, plan->data_size);
		break;
	case FRAME_IP:
		build_transport(plan, builder);
		if (plan->family == 6)
			build_ip6(plan, builder);
		else
			build_ip4(plan, builder);
		return field(&plan->ethertype, plan->family == 6 ? 0x86dd : 0x0800);
	}
	return field(&plan->ethertype, 0);
}

/* The quoted packet, and of it what is left. */
static void build_quote(const struct frame_plan *quote, struct builder *builder)
{
	static struct builder room;
	struct builder *inner = &room;
	size_t length;

	inner->begin = inner->end = inner->room + sizeof(inner->room);
	build_network(quote, inner);
	length = builder_size(inner);
	if (quote->cut.how != FIELD_RIGHT)
		length = field(&quote->cut, length);
	if (length > builder_size(inner))
		fail_msg("a quote longer than what it quotes");
	memcpy(builder_front(builder, length), inner->begin, length);
}

static void build_link(const struct frame_plan *plan, struct builder *builder, size_t ethertype)
{
	static const uint8_t source[6] = { 0x02, 0, 0, 0, 0, 0x02 };
	uint8_t *eth;

	for (size_t i = plan->tag_count; i-- > 0;) {
		uint8_t *tag = builder_front(builder, 4);

		put16(tag, 100 + i);
		put16(tag + 2, ethertype);
		ethertype = plan->tags[i];
	}
	eth = builder_front(builder, 14);
	memcpy(eth, plan->mac, 6);
	memcpy(eth + 6, source, 6);
	put16(eth + 12, ethertype);
}

static void frame_build(const struct frame_plan *plan, struct builder *builder,
			struct frame_bytes *frame)
{
	size_t ethertype, length;

	builder->begin = builder->end = builder->room + sizeof(builder->room);
	ethertype = build_network(plan, builder);
	build_link(plan, builder, ethertype);
	length = builder_size(builder);
	if (length + plan->pad > sizeof(frame->bytes))
		fail_msg("a frame of %zu bytes was not thought of", length);
	memset(frame, 0, sizeof(*frame));
	memcpy(frame->bytes, builder->begin, length);
	frame->out = plan->out;
	/* of other protocols nothing is read behind the link layer, but for LLC's three bytes */
	frame->least = plan->kind != FRAME_ETHERNET ? length : length - plan->data_size;
	if (plan->kind == FRAME_ETHERNET && ethertype <= 0x5dc)
		frame->least += ethertype;
	frame->length = length + plan->pad;
	if (plan->cut.how != FIELD_RIGHT)
		frame->length = field(&plan->cut, frame->length);
	frame->gso_size = plan->gso_size;
	frame->gso_segs = plan->gso_segs;
}

/* Copies `with` in place of a word of `from` that begins with `name`. */
static bool replace(const char **from, char **to, const char *name, const char *with)
{
	size_t length = strlen(name);

	if (strncmp(*from, name, length) != 0)
		return false;
	*from += length;
	*to = stpcpy(*to, with);
	return true;
}

void frame_vary(const char *words, int family, const char *more, char varied[FRAME_TEXT_MAX])
{
	bool six = family == 6;
	char *to = varied;

	if (strlen(words) * 3 + strlen(more) + 64 > FRAME_TEXT_MAX)
		fail_msg("too many words: '%s'", words);
	while (*words) {
		if (!replace(&words, &to, "HOST", six ? "[2001:db8::10]" : "192.0.2.10") &&
		    !replace(&words, &to, "PEER", six ? "[2001:db8:f::7]" : "198.51.100.7") &&
		    !replace(&words, &to, "OTHER", six ? "[2001:db8:f::8]" : "198.51.100.8") &&
		    !replace(&words, &to, "ROUTER", six ? "[2001:db8:e::1]" : "203.0.113.1") &&
		    !replace(&words, &to, "UNREACHABLE", six ? "1" : "3") &&
		    !replace(&words, &to, "EXCEEDED", six ? "3" : "11") &&
		    !replace(&words, &to, "PROBLEM", six ? "4" : "12") &&
		    !replace(&words, &to, "FIRST", six ? "frag+=0" : "mf") &&
		    !replace(&words, &to, "MIDDLE=", six ? "frag+=" : "mf offset=") &&
		    !replace(&words, &to, "LATER=", six ? "frag=" : "offset=") &&
		    !replace(&words, &to, "PING", six ? "icmpv6" : "icmp") &&
		    !replace(&words, &to, "REQUEST", six ? "128" : "8") &&
		    !replace(&words, &to, "REPLY", six ? "129" : "0"))
			*to++ = *words++;
	}
	sprintf(to, " %s", more);
}

void frame_write(const char *words, struct frame_bytes *frame)
{
	static struct frame_plan plan;
	static struct builder builder;

	frame_read_words(words, &plan);
	frame_build(&plan, &builder, frame);
}
