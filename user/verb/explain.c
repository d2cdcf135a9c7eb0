// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/packet/wire.h"
#include "user/packet/hex.h"
#include "user/policy/expect.h"
#include "user/verb/common.h"
#include "user/verb/common_judge.h"

/* What is asked, and of whom. */
struct explain {
	struct common_options options;
	struct gate gate; /* with -i */
	struct policy *policy;
	struct image image;
	struct common_judge judge;
	const char *packet; /* in words, or "in hex ..." */
};

static void explain_free(struct explain *explain)
{
	common_options_free(&explain->options);
	common_judge_close(&explain->judge);
	gate_close(&explain->gate);
	image_free(&explain->image);
	policy_free(explain->policy);
}

/* The argument with a blank in it is the packet: neither a file's nor a policy's name should have one. */
static int explain_find_packet(struct explain *explain, struct diags *diags)
{
	struct common_options *options = &explain->options;

	if (options->argument_count)
		explain->packet = options->arguments[options->argument_count - 1];
	if (explain->packet && strchr(explain->packet, ' ')) {
		options->argument_count--;
		return 0;
	}
	diag_usage(diags, "explain", "it needs a packet, in one argument");
	diag_hint(diags, "edgegate explain 'in tcp 198.51.100.7:40000 > 192.0.2.10:5061'");
	return -EINVAL;
}

static int explain_hex(struct explain *explain, struct common_verdict *verdict, struct diags *diags)
{
	static uint8_t bytes[WIRE_SIZE_MAX];
	enum direction direction = strncmp(explain->packet, "in ", 3) == 0 ? DIRECTION_IN :
									     DIRECTION_OUT;
	size_t size;

	if (hex_read(strstr(explain->packet, "hex ") + 4, bytes, sizeof(bytes), &size)) {
		diag_usage(diags, "explain", "the packet is not bytes in hex, %u at most",
			   WIRE_SIZE_MAX);
		diag_hint(diags, "write two digits a byte, from the Ethernet header on; blanks and "
				 "colons between them are fine");
		return -EINVAL;
	}
	return common_judge_bytes(&explain->judge, bytes, size, size, direction, verdict, diags);
}

static int explain_words(struct explain *explain, struct common_verdict *verdict,
			 struct diags *diags)
{
	cleanup(expect_free_line) struct policy_expectation line = { 0 };
	struct source *source = source_new("packet", explain->packet, strlen(explain->packet));
	const struct place place = {
		.source = source, .line = 1, .column = 1, .length = strlen(explain->packet)
	};
	int error;

	if (!source)
		return diag_system(diags, ENOMEM, "explain", NULL);
	error = expect_parse(&place, explain->packet, &line, diags);
	if (!error)
		error = common_judge_words(&explain->judge, line.before, line.before_count,
					   &line.packet, verdict, diags);
	source_release(source);
	return error;
}

/* Of a policy that may be in force nowhere. */
static int explain_open_policy(struct explain *explain, struct diags *diags)
{
	const struct image_running fresh = { 0 };
	struct common_options *options = &explain->options;
	int error = policy_load(options->arguments, options->argument_count, options->groups,
				options->group_count, &explain->policy, diags);

	if (!error)
		error = image_compile(explain->policy, &fresh, &explain->image, diags);
	if (!error)
		error = common_judge_open(&explain->judge, explain->policy, &explain->image,
					  "explain", diags);
	return error;
}

/* Of what is in force. */
static int explain_open_gate(struct explain *explain, struct diags *diags)
{
	const struct common_options *options = &explain->options;
	const char *interface = options->interfaces[0].name;
	int error;

	if (options->interface_count > 1 || options->argument_count || options->group_count) {
		diag_usage(diags, "explain",
			   "-i asks what is in force, of one interface and no policy");
		diag_hint(diags, "leave the policy out, or -i");
		return -EINVAL;
	}
	error = gate_find(interface, "explain", &explain->gate, diags);
	if (error == -ENOENT) {
		diag_system(diags, 0, "explain", "%s has no gate", interface);
		diag_hint(diags, "which there are: edgegate status");
	}
	return error ?: common_judge_open_live(&explain->judge, &explain->gate, "explain", diags);
}

static int explain_work(struct explain *explain, struct common_verdict *verdict,
			struct diags *diags)
{
	int error = explain_find_packet(explain, diags);

	if (!error)
		error = explain->options.interface_count ? explain_open_gate(explain, diags) :
							   explain_open_policy(explain, diags);
	if (error)
		return error;
	if (strncmp(explain->packet, "in hex ", 7) == 0 ||
	    strncmp(explain->packet, "out hex ", 8) == 0)
		return explain_hex(explain, verdict, diags);
	return explain_words(explain, verdict, diags);
}

static int explain_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(explain_free) struct explain explain = { .gate = GATE_CLOSED };
	cleanup(common_verdict_free) struct common_verdict verdict = { 0 };
	cleanup(diags_clear) struct diags diags = { 0 };
	int error = common_options_read(&verb_explain, argc, argv, "igj", &explain.options, &diags);

	(void)invocation;
	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	error = explain_work(&explain, &verdict, &diags);
	if (error)
		return common_end(&diags);
	common_end(&diags);
	return common_print(explain.options.json ? report_verdict_json(&verdict.report) :
						   report_verdict_text(&verdict.report));
}

const struct verb verb_explain = {
	.name = "explain",
	.summary = "run one packet through the real program: the verdict, and why",
	.help = "Usage: edgegate explain [POLICY...] [--group NAME=ADDRESS,...] [--json] 'PACKET'\n"
		"       edgegate [--netns NAME] explain -i IFACE [--json] 'PACKET'\n"
		"\n"
		"Runs the packet through the real program with this policy, over maps of its own, and\n"
		"says the verdict, the rule or the reason, which step decided, and for what is dropped\n"
		"the nearest rule that would have let it pass. Nothing that is in force is touched.\n"
		"\n"
		"PACKET is one argument:\n"
		"  in|out PROTOCOL SOURCE > DESTINATION [OPTION...] [after PACKET...]\n"
		"  in|out hex BYTES            the whole frame, from the Ethernet header on\n"
		"\n"
		"PROTOCOL is tcp, udp, sctp, icmp, icmpv6, arp or a number. SOURCE and DESTINATION are\n"
		"192.0.2.10:5061, [2001:db8::10]:5061, without a port where the protocol has none. What\n"
		"`after` names is sent first, in that order. OPTIONs:\n"
		"  flags=SA      TCP flags, tcpdump's letters, or none; left out: S, or A in an answer\n"
		"  type=NAME     ICMP type by name or number (also: type NAME); code=N; echo=N\n"
		"  about PROTOCOL SOURCE > DESTINATION   the packet that an ICMP error quotes\n"
		"  frag=OFFSET[+] id=N   a fragment; + where more follow\n"
		"  vlan=N        a tag, several: outermost first\n"
		"  ttl=N         or hop limit        len=N       bytes of the frame\n"
		"  chunk=N       SCTP's first        payload=HEX what is behind the headers\n"
		"  wait=5m       time that passes before it, to ask about timeouts\n"
		"\n"
		"  -i, --interface IFACE          ask what is in force there, with a copy of the flow,\n"
		"                                 fragments and limits that the packet would meet\n"
		"      --group NAME=ADDRESS,...   the group's members, in place of the policy's\n"
		"      --json                     as JSON\n"
		"  -h, --help                     this page\n"
		"\n"
		"  edgegate explain 'in tcp 198.51.100.7:40000 > 192.0.2.10:5061'\n"
		"  edgegate explain edge.yaml 'in udp 198.51.100.7:3478 > 192.0.2.10:40000 wait=6m\n"
		"          after out udp 192.0.2.10:40000 > 198.51.100.7:3478'\n",
	.run = explain_run,
};
