// SPDX-License-Identifier: GPL-2.0-only
/* The words of a frame, read into a plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/frame_plan.h"

#define SEPARATORS " \t"

struct words {
	const char *all; /* for the message when one is wrong */
	char copy[FRAME_TEXT_MAX];
	char *rest;
};

static char *words_next(struct words *words)
{
	char *word = strtok_r(words->rest ? NULL : words->copy, SEPARATORS, &words->rest);

	return word;
}

__attribute__((noreturn)) static void words_fail(const struct words *words, const char *word)
{
	fail_msg("no such frame: '%s' in '%s'", word ? word : "(end)", words->all);
	abort(); /* not reached */
}

static unsigned long words_number(const struct words *words, const char *text, int base)
{
	char *end;
	unsigned long number = strtoul(text, &end, base);

	if (end == text || *end)
		words_fail(words, text);
	return number;
}

static struct frame_field words_field(const struct words *words, const char *text)
{
	struct frame_field field = { .how = FIELD_IS };

	if (*text == '+' || *text == '-') {
		field.how = FIELD_OFF_BY;
		field.value = (long)words_number(words, text + 1, 0);
		if (*text == '-')
			field.value = -field.value;
		return field;
	}
	field.value = (long)words_number(words, text, 0);
	return field;
}

static size_t words_hex(const struct words *words, const char *text, uint8_t *bytes, size_t room)
{
	size_t size = strlen(text) / 2;

	if (strlen(text) % 2 || size > room)
		words_fail(words, text);
	for (size_t i = 0; i < size; i++) {
		char digits[3] = { text[2 * i], text[2 * i + 1], '\0' };

		bytes[i] = (uint8_t)words_number(words, digits, 16);
	}
	return size;
}

static void words_mac(const struct words *words, const char *text, uint8_t mac[6])
{
	unsigned int parts[6];

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4],
		   &parts[5]) != 6)
		words_fail(words, text);
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)parts[i];
}

/* "192.0.2.1:53", "192.0.2.1", "[2001:db8::1]:53", "2001:db8::1" */
static void words_endpoint(const struct words *words, struct frame_plan *plan, char *word,
			   uint8_t address[16], uint16_t *port)
{
	char *colon = NULL, *host = word;

	if (!word) {
		words_fail(words, word);
	} else if (*word == '[') {
		host = word + 1;
		colon = strchr(word, ']');
		if (!colon)
			words_fail(words, word);
		*colon++ = '\0';
	} else if (strchr(word, ':') == strrchr(word, ':')) {
		colon = strchr(word, ':'); /* more than one: a bare IPv6 address */
	}
	if (colon && *colon == ':') {
		*colon = '\0';
		*port = (uint16_t)words_number(words, colon + 1, 10);
	}
	plan->family = strchr(host, ':') ? 6 : 4;
	if (inet_pton(plan->family == 6 ? AF_INET6 : AF_INET, host, address) != 1)
		words_fail(words, host);
}

static void words_endpoints(struct words *words, struct frame_plan *plan)
{
	const char *arrow;

	words_endpoint(words, plan, words_next(words), plan->from, &plan->sport);
	arrow = words_next(words);
	if (!arrow || strcmp(arrow, ">") != 0)
		words_fail(words, arrow);
	words_endpoint(words, plan, words_next(words), plan->to, &plan->dport);
}

static unsigned int words_protocol(const struct words *words, const char *word)
{
	static const struct {
		const char *name;
		unsigned int number;
	} names[] = {
		{ "tcp", 6 }, { "udp", 17 }, { "sctp", 132 }, { "icmp", 1 }, { "icmpv6", 58 }
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(word, names[i].name) == 0)
			return names[i].number;
	return (unsigned int)words_number(words, word, 10);
}

/* Words without a value. */
static bool words_flag(struct frame_plan *plan, const char *word)
{
	static const char *const flags[] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"
	};

	for (unsigned int i = 0; i < 8; i++) {
		if (strcmp(word, flags[i]) == 0) {
			plan->tcp_flags |= 1u << i;
			return true;
		}
	}
	if (strcmp(word, "mf") == 0)
		plan->more = true;
	else if (strcmp(word, "df") == 0)
		plan->dont = true;
	else if (strcmp(word, "evil") == 0)
		plan->evil = true;
	else
		return false;
	return true;
}

static struct frame_extension *words_extension(const struct words *words, struct frame_plan *plan,
					       unsigned int kind)
{
	struct frame_extension *extension = &plan->extensions[plan->extension_count++];

	if (plan->extension_count > FRAME_EXTENSIONS)
		words_fail(words, "(too many extension headers)");
	extension->kind = (uint8_t)kind;
	extension->size = kind == 51 ? 24 : 8;
	return extension;
}

static bool words_ip6(const struct words *words, struct frame_plan *plan, const char *key,
		      const char *value)
{
	static const struct {
		const char *name;
		unsigned int kind;
	} sized[] = { { "hop", 0 }, { "dst", 60 }, { "ah", 51 } };
	struct frame_extension *extension;

	for (size_t i = 0; i < sizeof(sized) / sizeof(*sized); i++) {
		if (strcmp(key, sized[i].name) == 0) {
			extension = words_extension(words, plan, sized[i].kind);
			if (value)
				extension->size = (unsigned int)words_number(words, value, 10);
			return true;
		}
	}
	if (!value)
		return false;
	if (strcmp(key, "routing") == 0) {
		extension = words_extension(words, plan, 43);
		if (sscanf(value, "%hhu/%hhu", &extension->type, &extension->left) != 2)
			words_fail(words, value);
	} else if (strcmp(key, "frag") == 0 || strcmp(key, "frag+") == 0) {
		extension = words_extension(words, plan, 44);
		extension->offset = (unsigned int)words_number(words, value, 10);
		extension->more = key[4] == '+';
	} else if (strcmp(key, "extlen") == 0 && plan->extension_count) {
		plan->extensions[plan->extension_count - 1].length = words_field(words, value);
	} else {
		return false;
	}
	return true;
}

static void words_data(const struct words *words, struct frame_plan *plan, const char *value)
{
	plan->data_given = true;
	if (*value == 'x') {
		plan->data_size = words_hex(words, value + 1, plan->data, sizeof(plan->data));
		return;
	}
	plan->data_size = words_number(words, value, 10);
	if (plan->data_size > sizeof(plan->data) - 200)
		words_fail(words, value);
}

/* Fields that keep their right value unless a word says otherwise. */
static bool words_override(const struct words *words, struct frame_plan *plan, const char *key,
			   const char *value)
{
	const struct {
		const char *key;
		struct frame_field *field;
	} fields[] = {
		{ "version", &plan->version }, { "length", &plan->length },
		{ "next", &plan->next },       { "ihl", &plan->ihl },
		{ "doff", &plan->doff },       { "cut", &plan->cut },
		{ "transport", &plan->size },  { "udplen", &plan->udp_length },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (strcmp(key, fields[i].key) == 0) {
			*fields[i].field = words_field(words, value);
			return true;
		}
	}
	return false;
}

static bool words_plain(const struct words *words, struct frame_plan *plan, const char *key,
			const char *value)
{
	const struct {
		const char *key;
		unsigned int *to;
		int base;
	} numbers[] = {
		{ "ttl", &plan->ttl, 10 },
		{ "id", &plan->id, 10 },
		{ "offset", &plan->offset, 10 },
		{ "flags", &plan->tcp_flags, 16 },
		{ "type", &plan->icmp_type, 10 },
		{ "code", &plan->icmp_code, 10 },
		{ "echo", &plan->echo, 10 },
		{ "hardware", &plan->arp_hardware, 10 },
		{ "protocol", &plan->arp_protocol, 16 },
		{ "hlen", &plan->arp_hlen, 10 },
		{ "plen", &plan->arp_plen, 10 },
		{ "pad", &plan->pad, 10 },
		{ "gso", &plan->gso_size, 10 },
		{ "segs", &plan->gso_segs, 10 },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (strcmp(key, numbers[i].key) == 0) {
			*numbers[i].to = (unsigned int)words_number(words, value, numbers[i].base);
			return true;
		}
	}
	return false;
}

static void words_value(const struct words *words, struct frame_plan *plan, const char *key,
			char *value)
{
	uint16_t port;

	if (strcmp(key, "tag") == 0 && plan->tag_count < FRAME_TAGS)
		plan->tags[plan->tag_count++] = (unsigned int)words_number(words, value, 16);
	else if (strcmp(key, "eth") == 0)
		plan->ethertype =
			(struct frame_field){ FIELD_IS, (long)words_number(words, value, 16) };
	else if (strcmp(key, "from") == 0)
		words_endpoint(words, plan, value, plan->from, &port);
	else if (strcmp(key, "to") == 0)
		words_endpoint(words, plan, value, plan->to, &port);
	else if (strcmp(key, "sport") == 0)
		plan->sport = (uint16_t)words_number(words, value, 10);
	else if (strcmp(key, "dport") == 0)
		plan->dport = (uint16_t)words_number(words, value, 10);
	else if (strcmp(key, "mac") == 0)
		words_mac(words, value, plan->mac);
	else if (strcmp(key, "data") == 0)
		words_data(words, plan, value);
	else if (strcmp(key, "options") == 0)
		plan->options_size = words_hex(words, value, plan->options, sizeof(plan->options));
	else if (strcmp(key, "chunk") == 0)
		plan->chunk = strcmp(value, "none") == 0 ? -1 : (int)words_number(words, value, 10);
	else if (!words_override(words, plan, key, value) && !words_plain(words, plan, key, value))
		words_fail(words, key);
}

static struct frame_plan *words_quote(struct words *words);

static void words_word(struct words *words, struct frame_plan *plan, char *word)
{
	char *value;

	if (strcmp(word, "quote{") == 0 && !plan->quote) {
		plan->quote = words_quote(words);
		return;
	}
	if (strncmp(word, "q:", 2) == 0 && plan->quote) {
		words_word(words, plan->quote, word + 2);
		return;
	}
	value = strchr(word, '=');
	if (value)
		*value++ = '\0';
	if (words_ip6(words, plan, word, value))
		return;
	if (value)
		words_value(words, plan, word, value);
	else if (!words_flag(plan, word))
		words_fail(words, word);
}

static void words_defaults(struct frame_plan *plan)
{
	static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 0x01 };

	memset(plan, 0, sizeof(*plan));
	memcpy(plan->mac, mac, sizeof(mac));
	plan->ttl = 64;
	plan->id = 0x1234;
	plan->arp_hardware = 1;
	plan->arp_protocol = 0x0800;
	plan->arp_hlen = 6;
	plan->arp_plen = 4;
	for (size_t i = 0; i < sizeof(plan->data); i++)
		plan->data[i] = (uint8_t)(0x41 + i % 26);
	plan->data_size = 8;
}

/* Up to the closing bracket. */
static struct frame_plan *words_quote(struct words *words)
{
	static struct frame_plan quote;
	const char *kind = words_next(words);
	char *word;

	if (!kind)
		words_fail(words, kind);
	words_defaults(&quote);
	quote.protocol = words_protocol(words, kind);
	words_endpoints(words, &quote);
	while ((word = words_next(words)) && strcmp(word, "}") != 0)
		words_word(words, &quote, word);
	if (!word)
		words_fail(words, word);
	return &quote;
}

void frame_read_words(const char *text, struct frame_plan *plan)
{
	struct words words = { .all = text };
	const char *direction, *kind;
	char *word;

	words_defaults(plan);
	if (strlen(text) >= sizeof(words.copy))
		words_fail(&words, "(too long)");
	memcpy(words.copy, text, strlen(text) + 1);
	direction = words_next(&words);
	kind = words_next(&words);
	if (!direction || !kind || (strcmp(direction, "in") != 0 && strcmp(direction, "out") != 0))
		words_fail(&words, direction);
	plan->out = strcmp(direction, "out") == 0;
	if (strcmp(kind, "arp") == 0) {
		plan->kind = FRAME_ARP;
	} else if (strcmp(kind, "eth") == 0) {
		plan->kind = FRAME_ETHERNET;
		words_mac(&words, words_next(&words) ?: "", plan->mac);
		words_value(&words, plan, "eth", words_next(&words) ?: "");
	} else {
		plan->protocol = words_protocol(&words, kind);
		words_endpoints(&words, plan);
	}
	while ((word = words_next(&words)))
		words_word(&words, plan, word);
}
