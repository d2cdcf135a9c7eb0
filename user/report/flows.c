// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/report/flows.h"
#include "user/report/table.h"

#define JSON_VERSION 1
#define PING "(ping)"
#define DURATION_SIZE 24
#define LINE_SIZE 512 /* a rule's name has 63 characters, an address 45 */

void report_flows_free(struct report_flows *flows)
{
	free(flows->label);
	free(flows->netns);
	free(flows->list);
	*flows = (struct report_flows){ 0 };
}

static int flows_compare(const void *one, const void *two)
{
	const struct report_flow *a = one, *b = two;
	int difference;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	/* network order: as bytes */
	difference = memcmp(a->local, b->local, sizeof(a->local));
	if (!difference)
		difference = memcmp(a->remote, b->remote, sizeof(a->remote));
	if (!difference)
		difference = (int)a->remote_port - (int)b->remote_port;
	return difference ? difference : (int)a->local_port - (int)b->local_port;
}

void report_flows_sort(struct report_flows *flows)
{
	if (flows->count)
		qsort(flows->list, flows->count, sizeof(*flows->list), flows_compare);
}

const char *report_flow_state(uint32_t state)
{
	if (state & FLOW_RST)
		return "reset";
	if (state & FLOW_FIN_OUT)
		return state & FLOW_FIN_IN ? "closing" : "fin-wait";
	if (!(state & FLOW_ESTABLISHED))
		return "syn-sent";
	return state & FLOW_FIN_IN ? "close-wait" : "established";
}

/* The two largest units: "2h4m", "59s". Rounded down. */
static void flows_duration(uint32_t seconds, char text[DURATION_SIZE])
{
	static const struct {
		uint32_t seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t at = 0;

	while (at < 3 && seconds < units[at].seconds)
		at++;
	if (at == 3 || seconds % units[at].seconds < units[at + 1].seconds)
		snprintf(text, DURATION_SIZE, "%u%c", seconds / units[at].seconds,
			 units[at].letter);
	else
		snprintf(text, DURATION_SIZE, "%u%c%u%c", seconds / units[at].seconds,
			 units[at].letter, seconds % units[at].seconds / units[at + 1].seconds,
			 units[at + 1].letter);
}

static void flows_address(const struct report_flow *flow, const uint32_t address[4],
			  char text[INET6_ADDRSTRLEN])
{
	const uint8_t *byte = (const uint8_t *)address;

	/* most are, and inet_ntop() takes its time */
	if (flow->family == 4) {
		for (int i = 0; i < 4; i++) {
			if (byte[i] >= 100)
				*text++ = (char)('0' + byte[i] / 100);
			if (byte[i] >= 10)
				*text++ = (char)('0' + byte[i] / 10 % 10);
			*text++ = (char)('0' + byte[i] % 10);
			*text++ = i < 3 ? '.' : '\0';
		}
		return;
	}
	inet_ntop(AF_INET6, address, text, INET6_ADDRSTRLEN);
}

/* "192.0.2.10:40000", "[2001:db8::10]:40000", "192.0.2.10" */
static void flows_end(const struct report_flow *flow, const uint32_t address[4], uint16_t port,
		      char text[INET6_ADDRSTRLEN + 8])
{
	char plain[INET6_ADDRSTRLEN];

	flows_address(flow, address, plain);
	if (!flow->has_ports)
		snprintf(text, INET6_ADDRSTRLEN + 8, "%s", plain);
	else
		snprintf(text, INET6_ADDRSTRLEN + 8, flow->family == 4 ? "%s:%u" : "[%s]:%u", plain,
			 port);
}

static int flows_rule_width(const struct report_flows *flows)
{
	size_t width = strlen("rule");

	for (size_t i = 0; i < flows->count; i++) {
		size_t length = strlen(flows->list[i].rule ? flows->list[i].rule : PING);

		width = length > width ? length : width;
	}
	return (int)width;
}

/* Not a table: the ends stand last and ragged, so that no line waits for the others. */
static void flows_lines(const struct report_flows *flows, struct text *text)
{
	int width = flows_rule_width(flows);

	text_format(text, "  %-*s  %-8s  %-11s  %6s  %6s  local > remote\n", width, "rule",
		    "protocol", "state", "age", "left");
	for (size_t i = 0; i < flows->count; i++) {
		const struct report_flow *flow = &flows->list[i];
		char local[INET6_ADDRSTRLEN + 8], remote[INET6_ADDRSTRLEN + 8];
		char age[DURATION_SIZE], left[DURATION_SIZE], line[LINE_SIZE];
		int length;

		flows_end(flow, flow->local, flow->local_port, local);
		flows_end(flow, flow->remote, flow->remote_port, remote);
		flows_duration(flow->age, age);
		flows_duration(flow->left, left);
		length = snprintf(line, sizeof(line), "  %-*s  %-8s  %-11s  %6s  %6s  %s > %s",
				  width, flow->rule ? flow->rule : PING, flow->protocol,
				  flow->is_tcp ? report_flow_state(flow->state) : "", age, left,
				  local, remote);
		if (length > 0)
			text_add_bytes(text, line,
				       (size_t)length < sizeof(line) ? (size_t)length :
								       sizeof(line) - 1);
		if (flow->is_echo)
			text_format(text, " id %u", flow->local_port);
		text_add(text, "\n");
	}
}

char *report_flows_text(const struct report_flows *gates, size_t count,
			const struct report_style *style)
{
	autotext struct text text = { 0 };

	if (!count)
		text_add(&text, "no gate: nothing is guarded\n");
	for (size_t i = 0; i < count; i++) {
		const struct report_flows *flows = &gates[i];
		size_t shown = flows->is_flushed ? flows->flushed : flows->count;

		text_add(&text, i ? "\n" : "");
		style_add(&text, style, STYLE_BOLD);
		text_add(&text, flows->label);
		style_add(&text, style, STYLE_PLAIN);
		text_format(&text, "  %zu flow%s%s\n", shown, shown == 1 ? "" : "s",
			    flows->is_flushed ? " flushed" : "");
		if (flows->count)
			flows_lines(flows, &text);
	}
	return text_take(&text);
}

/* ---- JSON -------------------------------------------------------------------------------------- */

/* A string with its quotes; `null` for NULL. */
static void flows_json_string(struct text *text, const char *string)
{
	json_t *value = string ? json_string(string) : json_null();
	autofree char *dumped = json_dumps(value, JSON_ENCODE_ANY);

	json_decref(value);
	if (dumped)
		text_add(text, dumped);
	else
		text->failed = true;
}

static void flows_json_ends(const struct report_flow *flow, struct text *text)
{
	char local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN], line[LINE_SIZE];

	flows_address(flow, flow->local, local);
	flows_address(flow, flow->remote, remote);
	if (flow->has_ports)
		snprintf(line, sizeof(line),
			 ", \"local\": \"%s\", \"local_port\": %u, \"remote\": \"%s\", "
			 "\"remote_port\": %u",
			 local, flow->local_port, remote, flow->remote_port);
	else
		snprintf(line, sizeof(line),
			 ", \"local\": \"%s\", \"local_port\": null, \"remote\": \"%s\", "
			 "\"remote_port\": null",
			 local, remote);
	text_add(text, line);
	if (flow->is_echo)
		text_format(text, ", \"echo_id\": %u", flow->local_port);
}

/* Written out, not built: jansson would take seconds for what a full table holds. */
static void flows_json_list(const struct report_flows *flows, struct text *text)
{
	autotext struct text head = { 0 };
	const char *rule = NULL;

	for (size_t i = 0; i < flows->count; i++) {
		const struct report_flow *flow = &flows->list[i];
		char line[LINE_SIZE];

		/* sorted by rule: what needs escaping is looked at once for each */
		if (!i || flow->rule != rule) {
			rule = flow->rule;
			text_free(&head);
			head = (struct text){ 0 };
			text_add(&head, "        {\"rule\": ");
			flows_json_string(&head, rule);
			text_add(&head, rule ? ", " : ", \"kind\": \"ping\", ");
			text->failed = text->failed || head.failed;
		}
		text_add(text, i ? ",\n" : "\n");
		text_add_bytes(text, head.bytes, head.length);
		text_add(text, "\"protocol\": \"");
		text_add(text, flow->protocol);
		text_add(text, "\"");
		flows_json_ends(flow, text);
		snprintf(line, sizeof(line),
			 ", \"state\": %s%s%s, \"age\": %" PRIu32 ", \"timeout_left\": %" PRIu32
			 "}",
			 flow->is_tcp ? "\"" : "",
			 flow->is_tcp ? report_flow_state(flow->state) : "null",
			 flow->is_tcp ? "\"" : "", flow->age, flow->left);
		text_add(text, line);
	}
}

char *report_flows_json(const struct report_flows *gates, size_t count)
{
	autotext struct text text = { 0 };

	text_format(&text, "{\n  \"version\": %d,\n  \"gates\": [", JSON_VERSION);
	for (size_t i = 0; i < count; i++) {
		text_add(&text, i ? ",\n    {\n      \"gate\": " : "\n    {\n      \"gate\": ");
		flows_json_string(&text, gates[i].label);
		text_add(&text, ",\n      \"netns\": ");
		flows_json_string(&text, gates[i].netns);
		if (gates[i].is_flushed)
			text_format(&text, ",\n      \"flushed\": %zu", gates[i].flushed);
		text_add(&text, ",\n      \"flows\": [");
		flows_json_list(&gates[i], &text);
		text_add(&text, gates[i].count ? "\n      ]\n    }" : "]\n    }");
	}
	text_add(&text, count ? "\n  ]\n}\n" : "]\n}\n");
	return text_take(&text);
}
