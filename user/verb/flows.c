// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"
#include "user/base/suggestion.h"
#include "user/base/text.h"
#include "user/image/image.h"
#include "user/kernel/flows.h"
#include "user/kernel/state.h"
#include "user/policy/address.h"
#include "user/policy/protocol.h"
#include "user/report/flows.h"
#include "user/verb/common.h"
#include "user/verb/common_lock.h"

#define ATTEMPTS 10

/* Which flows are meant; each part says whether it is asked. */
struct flows_filter {
	struct policy_prefix address; /* of either end; family 0: any */
	int port;                     /* of either end; 0: any */
	int protocol;                 /* -1: any */
	int slot;                     /* of the rule in the gate that is being read; -1: any */
};

/* One run, over all gates. */
struct flows_work {
	const struct common_options *options;
	struct flows_filter filter;
	struct suggestion suggestion; /* for a rule that no gate has */
	bool rule_found, rule_is_in;
	struct report_flows *gates;
	size_t gate_count;
	struct listing_header **listings; /* that the flows' rules are named by */
	size_t listing_count;
	char protocols[256][4]; /* numbers without a name */
};

static void flows_work_free(struct flows_work *run)
{
	for (size_t i = 0; i < run->gate_count; i++)
		report_flows_free(&run->gates[i]);
	for (size_t i = 0; i < run->listing_count; i++)
		free(run->listings[i]);
	free(run->gates);
	free(run->listings);
}

/* ---- the filter ---------------------------------------------------------------------------------- */

static int flows_filter_address(const char *text, struct flows_filter *filter, struct diags *diags)
{
	struct address_fault fault = { 0 };

	if (!address_parse(text, &filter->address, &fault))
		return 0;
	diag_usage(diags, "--address", "%s", fault.why);
	diag_hint(diags, "%s", *fault.hint ? fault.hint : "--address 192.0.2.10, or a prefix");
	return -EINVAL;
}

static int flows_filter_port(const char *text, struct flows_filter *filter, struct diags *diags)
{
	uint64_t port;

	if (number_parse(text, 65535, &port) || !port) {
		diag_usage(diags, "--port", "'%s' is not a port", text);
		diag_hint(diags, "1 to 65535, of either end: --port 5061");
		return -EINVAL;
	}
	filter->port = (int)port;
	return 0;
}

static int flows_filter_protocol(const char *text, struct flows_filter *filter, struct diags *diags)
{
	const char *nearest;
	uint64_t number;
	uint8_t protocol;

	if (!number_parse(text, 255, &number)) {
		filter->protocol = (int)number;
		return 0;
	}
	if (!protocol_find(text, &protocol)) {
		filter->protocol = protocol;
		return 0;
	}
	diag_usage(diags, "--protocol", "'%s' is not a protocol", text);
	nearest = protocol_number_text(text);
	if (!nearest)
		nearest = protocol_nearest(text);
	if (nearest)
		diag_hint(diags, "did you mean '%s'?", nearest);
	else
		diag_hint(diags, "tcp, udp, sctp, icmp, icmpv6, or a number");
	return -EINVAL;
}

static int flows_filter_read(const struct common_options *options, struct flows_filter *filter,
			     struct diags *diags)
{
	int error = 0;

	*filter = (struct flows_filter){ .protocol = -1, .slot = -1 };
	if (options->address)
		error = flows_filter_address(options->address, filter, diags);
	if (!error && options->port)
		error = flows_filter_port(options->port, filter, diags);
	if (!error && options->protocol)
		error = flows_filter_protocol(options->protocol, filter, diags);
	return error;
}

static bool flows_is_in(const struct policy_prefix *prefix, const uint32_t address[4])
{
	struct policy_prefix one = { .family = prefix->family,
				     .bits = prefix->family == 4 ? 32 : 128 };

	memcpy(one.address, address, prefix->family == 4 ? 4 : 16);
	return address_contains(prefix, &one);
}

static bool flows_is_wanted(const struct flows_entry *entry, const void *data)
{
	const struct flows_filter *filter = data;
	const struct flow_ends *ends = &entry->ends;

	if (filter->slot >= 0 && entry->rule != filter->slot)
		return false;
	if (filter->protocol >= 0 && ends->protocol != filter->protocol)
		return false;
	if (filter->port &&
	    (!protocol_has_ports(ends->protocol) ||
	     (ntohs(ends->local_port) != filter->port && ntohs(ends->remote_port) != filter->port)))
		return false;
	return !filter->address.family || (filter->address.family == ends->family &&
					   (flows_is_in(&filter->address, ends->local) ||
					    flows_is_in(&filter->address, ends->remote)));
}

/* ---- one gate ------------------------------------------------------------------------------------ */

/* Looks the filter's rule up in what is in force. False: this gate has no such rule. */
static bool flows_find_rule(struct flows_work *run, const struct listing_header *listing)
{
	const struct listing_row *row;

	if (!run->options->rule)
		return true;
	for (uint32_t i = 0; listing && i < listing->row_count; i++)
		if (listing_rows(listing)[i].direction == DIRECTION_OUT)
			suggestion_offer(&run->suggestion,
					 listing_string(listing, listing_rows(listing)[i].name));
	row = listing ? listing_find(listing, run->options->rule) : NULL;
	run->rule_is_in = run->rule_is_in || (row && row->direction == DIRECTION_IN);
	if (!row || row->direction != DIRECTION_OUT)
		return false;
	run->rule_found = true;
	run->filter.slot = row->slot;
	return true;
}

/* Flows and the listing that names their rules, of one and the same policy. */
static int flows_read_gate(struct flows_work *run, const struct gate *gate,
			   struct listing_header **listing, struct flows *flows)
{
	int error = -EAGAIN;

	for (int attempt = 0; error == -EAGAIN && attempt < ATTEMPTS; attempt++) {
		uint64_t word = state_settled(gate->word);

		free(*listing);
		error = gate_listing(gate, state_unpack(word).live, listing);
		if (!error && flows_find_rule(run, *listing))
			error = flows_read(gate, flows_is_wanted, &run->filter, flows);
		if (word != state_settled(gate->word)) {
			flows_free(flows);
			error = -EAGAIN;
		}
	}
	return error;
}

static const char *flows_protocol(struct flows_work *run, uint8_t protocol)
{
	const char *name = protocol_name(protocol);

	if (name)
		return name;
	snprintf(run->protocols[protocol], sizeof(run->protocols[protocol]), "%u", protocol);
	return run->protocols[protocol];
}

static struct report_flow flows_describe(struct flows_work *run, const struct flows_entry *entry,
					 const struct listing_row *const *rows,
					 const struct listing_header *listing)
{
	const struct flow_ends *ends = &entry->ends;
	const struct listing_row *row = rows[entry->rule];
	struct report_flow flow = {
		.rule = row ? listing_string(listing, row->name) : NULL,
		.order = row ? (unsigned int)(row - listing_rows(listing)) : UINT32_MAX,
		.protocol = flows_protocol(run, ends->protocol),
		.local_port = ntohs(ends->local_port),
		.remote_port = ntohs(ends->remote_port),
		.family = ends->family,
		.has_ports = protocol_has_ports(ends->protocol),
		.is_echo = protocol_has_types(ends->protocol),
		.is_tcp = ends->protocol == PROTOCOL_TCP,
		.state = entry->state,
		.age = entry->age,
		.left = entry->left,
	};

	memcpy(flow.local, ends->local, sizeof(flow.local));
	memcpy(flow.remote, ends->remote, sizeof(flow.remote));
	return flow;
}

/* Into words. The listing stays the caller's, and must outlive them. */
static int flows_report(struct flows_work *run, const struct gate *gate,
			const struct listing_header *listing, const struct flows *flows,
			struct report_flows *report)
{
	autofree const struct listing_row **rows = calloc(RULE_SLOTS, sizeof(const void *));

	report->label = common_gate_label(gate, true);
	report->netns = *gate->stamp.netns ? text_cleaned(gate->stamp.netns) : NULL;
	report->list = calloc(flows->count + 1, sizeof(*report->list));
	if (!rows || !report->label || !report->list || (*gate->stamp.netns && !report->netns))
		return -ENOMEM;
	for (uint32_t i = 0; listing && i < listing->row_count; i++)
		rows[listing_rows(listing)[i].slot] = &listing_rows(listing)[i];
	for (size_t i = 0; i < flows->count; i++)
		report->list[report->count++] = flows_describe(run, &flows->list[i], rows, listing);
	report_flows_sort(report);
	return 0;
}

static int flows_gate(const struct gate *gate, const char *what, void *data, struct diags *diags)
{
	struct flows_work *run = data;
	cleanup(report_flows_free) struct report_flows report = { 0 };
	cleanup(flows_free) struct flows flows = { 0 };
	autofree struct listing_header *listing = NULL;
	struct listing_header **kept;
	struct report_flows *place;
	int error = flows_read_gate(run, gate, &listing, &flows);

	if (!error)
		error = flows_report(run, gate, listing, &flows, &report);
	if (!error && run->options->flush) {
		report.is_flushed = true;
		error = flows_flush(gate, &flows, &report.flushed);
	}
	kept = error ? NULL : array_add(&run->listings, &run->listing_count);
	place = kept ? array_add(&run->gates, &run->gate_count) : NULL;
	if (!place) {
		error = error ? error : -ENOMEM;
		diag_system(diags, -error, what, "cannot %s the flows of %s",
			    run->options->flush ? "flush" : "read", gate->directory);
		diag_hint(diags, "try again");
		return error;
	}
	*kept = take_pointer(&listing);
	*place = report;
	report = (struct report_flows){ 0 };
	return 0;
}

static int flows_compare(const void *one, const void *two)
{
	return strcmp(((const struct report_flows *)one)->label,
		      ((const struct report_flows *)two)->label);
}

/* ---- the verb ------------------------------------------------------------------------------------ */

static int flows_no_rule(const struct flows_work *run, struct diags *diags)
{
	diag_system(diags, 0, "flows", "no policy in force has an out rule '%s'",
		    run->options->rule);
	if (run->rule_is_in)
		diag_hint(diags, "that one is an in rule: only what the host begins has a flow");
	else if (run->suggestion.name)
		diag_hint(diags, "did you mean '%s'?", run->suggestion.name);
	else
		diag_hint(diags, "see which there are: edgegate stats");
	return -ENOENT;
}

/* Without a filter it is every conversation: asks on a terminal. True: go on. */
static bool flows_flush_is_meant(const struct common_options *options, struct diags *diags)
{
	const char *where = options->interface_count ? options->interfaces[0].name : "every gate";

	if (options->yes || options->rule || options->address || options->port || options->protocol)
		return true;
	return common_ask("flows", diags, "cuts all conversations that the host began on %s",
			  where);
}

static int flows_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_options_free) struct common_options options = { 0 };
	cleanup(diags_clear) struct diags diags = { 0 };
	cleanup(flows_work_free) struct flows_work run = { .options = &options };
	struct report_style style;
	autoclose int lock = -1;
	int error = common_options_read(&verb_flows, argc, argv, "ijrApPXyL", &options, &diags);
	int status;

	(void)invocation;
	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	if (options.argument_count || options.interface_count > 1) {
		diag_usage(&diags, "flows", "it takes at most one -i, and no other words");
		diag_hint(&diags, "edgegate flows -i eth0 --port 5061");
		return common_end(&diags);
	}
	run.suggestion.word = options.rule;
	if (flows_filter_read(&options, &run.filter, &diags))
		return common_end(&diags);
	if (options.flush) {
		if (!flows_flush_is_meant(&options, &diags))
			return common_end(&diags);
		lock = common_lock("flows", options.no_wait, &diags);
		if (lock < 0)
			return common_end(&diags);
	}
	error = common_each_gate(options.interface_count ? options.interfaces[0].name : NULL,
				 "flows", flows_gate, &run, NULL, &diags);
	if (!error && options.rule && !run.rule_found)
		error = flows_no_rule(&run, &diags);
	status = common_end(&diags);
	if (error)
		return status;
	if (run.gate_count)
		qsort(run.gates, run.gate_count, sizeof(*run.gates), flows_compare);
	style = common_style();
	error = common_print(options.json ? report_flows_json(run.gates, run.gate_count) :
					    report_flows_text(run.gates, run.gate_count, &style));
	return status ? status : error;
}

const struct verb verb_flows = {
	.name = "flows",
	.summary = "the conversations that the host has begun",
	.help = "Usage: edgegate [--netns NAME] flows [-i IFACE] [FILTER...] [--json]\n"
		"       edgegate flows --flush [-i IFACE] [FILTER...] [--yes] [--no-wait] [--json]\n"
		"\n"
		"The live flows: what the host has begun and a rule of the policy in force allows, so\n"
		"that replies may come in. Each with its rule, for TCP its state, its age, and the time\n"
		"that is left until it ends if the host sends nothing more. Answers of a service that\n"
		"an in rule lets in need no flow.\n"
		"\n"
		"  -i, --interface IFACE         only the gate that has this interface\n"
		"      --rule NAME               only those of this out rule\n"
		"      --address ADDRESS|PREFIX  only those with such an address at either end\n"
		"      --port N                  only those with this port at either end\n"
		"      --protocol NAME|NUMBER    tcp, udp, sctp, icmp, icmpv6, or a number\n"
		"      --flush                   end them: replies are dropped from now on. The host's\n"
		"                                next packet begins a new flow where a rule allows it\n"
		"  -y, --yes                     don't ask; --flush without a filter needs it where\n"
		"                                nobody can be asked\n"
		"      --no-wait                 fail at once where another edgegate is at work; else\n"
		"                                --flush waits for it\n"
		"      --json                    as JSON (docs/json.md)\n"
		"  -h, --help                    this page\n"
		"\n"
		"  edgegate flows -i eth0 --address 198.51.100.0/24\n"
		"  edgegate flows --flush --rule access-sip-mtls-out\n",
	.run = flows_run,
};
