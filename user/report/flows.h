/* SPDX-License-Identifier: GPL-2.0-only */
/* Flows in words: a line each, and JSON. There may be hundreds of thousands of them. */
#ifndef USER_REPORT_FLOWS_H
#define USER_REPORT_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/report/gate.h"

/* Strings are borrowed. */
struct report_flow {
	const char *rule;     /* NULL: none, the policy's `ping` lets it live */
	const char *protocol; /* "tcp", "47" */
	unsigned int order;   /* of the rule in the policy; those without come last */
	uint32_t state;       /* enum flow_state; TCP only */
	uint32_t age;         /* seconds */
	uint32_t left;        /* seconds */
	uint32_t local[4];    /* network order; IPv4 in word 0 */
	uint32_t remote[4];   /* network order */
	uint16_t local_port;  /* host order; an echo's identifier */
	uint16_t remote_port; /* host order */
	uint8_t family;       /* 4 or 6 */
	bool has_ports, is_echo, is_tcp;
};

/* The flows of one gate. */
struct report_flows {
	char *label;              /* owned */
	char *netns;              /* owned; NULL: none was given */
	struct report_flow *list; /* owned */
	size_t count;
	bool is_flushed; /* they were taken out of the table; */
	size_t flushed;  /* so many of them: others ended by themselves meanwhile */
};
void report_flows_free(struct report_flows *flows);

/* By rule in the policy's order, then by ends. */
void report_flows_sort(struct report_flows *flows);

/*
 * Where the host's end of a TCP conversation stands, in the terms of RFC 9293 as far as the packets tell:
 * "syn-sent", "established", "fin-wait" (the host has closed its side), "close-wait" (the other end has),
 * "closing" (both have), "reset".
 */
const char *report_flow_state(uint32_t state);

/* Both return a string that the caller frees; NULL: no memory. */
char *report_flows_text(const struct report_flows *gates, size_t count,
			const struct report_style *style);
char *report_flows_json(const struct report_flows *gates, size_t count);

#endif
