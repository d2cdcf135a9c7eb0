// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "tests/lib/report_gate.h"
#include "user/base/array.h"

static void add_rule(struct report_gate *gate, const struct report_rule *from)
{
	struct report_rule *rule = array_add(&gate->rules, &gate->rule_count);

	*rule = *from;
	rule->name = strdup(from->name);
	rule->protocol = from->protocol ? strdup(from->protocol) : NULL;
	rule->ports = strdup(from->ports);
	rule->peers = strdup(from->peers ?: "");
	rule->limit = strdup(from->limit ?: "");
	rule->payload = strdup(from->payload ?: "");
	rule->from = strdup(from->from);
	rule->to = strdup(from->to);
	rule->note = strdup(from->note);
}

static void add_outcome(struct report_gate *gate, enum direction direction, enum outcome outcome,
			uint64_t packets)
{
	gate->outcomes[direction * OUTCOME_COUNT + outcome] =
		(struct count){ packets, packets * 60 };
}

static void add_rules(struct report_gate *gate)
{
	add_rule(gate, &(struct report_rule){
			       .name = "access-sip-tls-in",
			       .direction = DIRECTION_IN,
			       .protocol = "tcp",
			       .ports = "443",
			       .limit = "200/s, burst 400, per source",
			       .from = "clients",
			       .to = "access-edge",
			       .note = "Client-to-server SIP traffic für external user access",
			       .counts = { { 1234567, 987654321 }, { 1234, 99900 }, 0 },
		       });
	add_rule(gate, &(struct report_rule){
			       .name = "av-rtp-out",
			       .direction = DIRECTION_OUT,
			       .protocol = "tcp",
			       .ports = "50000-59999",
			       .peers = "3478",
			       .payload = "udp-media, observe",
			       .from = "av-edge",
			       .to = "192.0.2.10, 198.51.100.0/24, 2001:db8::/32",
			       .note = "",
			       .counts = { { 999, 999 }, { 1, 1 }, 7 },
		       });
	add_rule(gate, &(struct report_rule){
			       .name = "gre-in",
			       .direction = DIRECTION_IN,
			       .protocol = "47",
			       .ports = "",
			       .from = "any",
			       .to = "any",
			       .note = "tunnel",
			       .reserve = true,
			       .counts = { { 0, 0 }, { 0, 0 }, 0 },
		       });
	add_rule(gate, &(struct report_rule){
			       .name = "(removed)",
			       .direction = DIRECTION_OUT,
			       .ports = "",
			       .from = "",
			       .to = "",
			       .note = "",
			       .counts = { { 18446744073709551615ull, 9223372036854775807ull },
					   { 0, 0 },
					   0 },
		       });
}

void report_gate_example(struct report_gate *gate)
{
	*gate = (struct report_gate){
		.label = strdup("blue/eth0"),
		.netns = strdup("blue"),
		.interface_count = 2,
		.hooks = HOOKS_BOTH,
		.policy = strdup("lync-2013-public-im"),
		.mode = "enforce",
		.policy_mode = "enforce",
		.applied_at = 1359676800, /* 2013-02-01 */
		.created_at = 1359590400,
		.policy_hash = 0x0123456789abcdefull,
		.flows_entries = 1500,
		.flows_max = 524288,
		.flows_of = { 1400, 100 },
	};
	gate->interfaces[0] = (struct report_interface){
		.name = "eth0",
		.facing = FACING_OUTSIDE,
		.xdp = XDP_MODE_NATIVE,
		.tc = TC_KIND_TCX,
		.xdp_link = 11,
		.xdp_program = 12,
		.tc_link = 13,
		.tc_program = 14,
		.ahead_known = true,
	};
	gate->interfaces[1] = (struct report_interface){
		.name = "vnet0",
		.facing = FACING_INSIDE,
		.xdp = XDP_MODE_GENERIC,
		.tc = TC_KIND_CLSACT,
		.xdp_link = 21,
		.xdp_program = 22,
		.tc_program = 24,
		.ahead_known = true,
	};
	gate->runs[0] = (struct report_runs){
		.hook = REPORT_XDP,
		.direction = DIRECTION_IN,
		.program = 12,
		.count = 12345680236,
		.nanoseconds = 1234568023600,
	};
	gate->runs[1] = (struct report_runs){
		.interface = 1,
		.hook = REPORT_TC,
		.direction = DIRECTION_IN,
		.program = 24,
	};
	gate->run_count = 2;
	add_rules(gate);
	add_outcome(gate, DIRECTION_IN, OUTCOME_PASS_ARP, 1000);
	add_outcome(gate, DIRECTION_OUT, OUTCOME_PASS_ARP, 999);
	add_outcome(gate, DIRECTION_IN, OUTCOME_PASS_NEIGHBOR_DISCOVERY, 1);
	add_outcome(gate, DIRECTION_IN, OUTCOME_DROP_NO_RULE, 12345678901ull);
	add_outcome(gate, DIRECTION_OUT, OUTCOME_DROP_ADDRESS, 3);
}

void report_gate_ahead(struct report_interface *interface, const struct report_filter *filters,
		       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct report_filter *place = array_add(&interface->ahead, &interface->ahead_count);

		if (!place)
			abort();
		*place = filters[i];
	}
	interface->ahead_known = true;
}
