// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/verb/common.h"
#include "user/verb/explain_capture.h"
#include "user/verb/explain_packet.h"

#define EXAMPLE "edgegate explain 'in tcp 198.51.100.7:40000 > 192.0.2.10:5061'"

/* What is asked, and of whom. */
struct explain {
	struct common_options options;
	struct gate gate;   /* with -i */
	struct image image; /* of a policy */
	struct common_judge judge;
	struct explain_packet packet;
	struct explain_capture capture; /* with --capture, in place of `packet` */
};

static void explain_free(struct explain *explain)
{
	common_options_free(&explain->options);
	common_judge_close(&explain->judge);
	explain_packet_free(&explain->packet);
	explain_capture_close(&explain->capture);
	gate_close(&explain->gate);
	image_free(&explain->image);
}

/* ---- what is asked ----------------------------------------------------------------------------------- */

/* The packet in words is the last argument: takes it off; NULL: there is none. */
static const char *explain_take_words(struct common_options *options)
{
	const char *last =
		options->argument_count ? options->arguments[options->argument_count - 1] : NULL;

	if (!last || !explain_packet_is_one(last))
		return NULL;
	options->argument_count--;
	return last;
}

static int explain_check_capture(const struct common_options *options, const char *words,
				 struct diags *diags)
{
	bool is_input = strcmp(options->capture, "-") == 0;

	if (words) {
		diag_usage(diags, "explain",
			   "it is asked about one packet: in words, or of a capture");
		diag_hint(diags, "leave the words out, or --capture");
		return -EINVAL;
	}
	if (!options->packet) {
		diag_usage(diags, "explain", "--capture needs --packet: which one is asked about?");
		diag_hint(diags,
			  "edgegate explain --capture %s --packet 1; all verdicts: edgegate "
			  "replay --json %s",
			  options->capture, options->capture);
		return -EINVAL;
	}
	for (size_t i = 0; is_input && i < options->argument_count; i++) {
		if (strcmp(options->arguments[i], "-") != 0)
			continue;
		diag_usage(diags, "explain", "standard input can be read only once");
		diag_hint(diags, "let - stand for a policy or for the capture");
		return -EINVAL;
	}
	return 0;
}

static int explain_check_words(const struct common_options *options, const char *words,
			       struct diags *diags)
{
	if (options->packet) {
		diag_usage(diags, "explain", "--packet needs --capture: of which file?");
		diag_hint(diags, "edgegate explain --capture FILE --packet %llu",
			  (unsigned long long)options->packet);
		return -EINVAL;
	}
	if (options->host_count) {
		diag_usage(diags, "explain", "--host says which way the packets of a capture go");
		diag_hint(diags, "a packet in words says it itself: 'in ...' or 'out ...'");
		return -EINVAL;
	}
	if (!words) {
		diag_usage(diags, "explain", "it needs a packet, in one argument");
		diag_hint(diags, "in quotes, for > means something to the shell: " EXAMPLE);
		return -EINVAL;
	}
	return 0;
}

/* ---- of whom ------------------------------------------------------------------------------------------ */

static int explain_check_gate(const struct common_options *options, struct diags *diags)
{
	if (options->interface_count > 1 || options->argument_count || options->group_count) {
		diag_usage(diags, "explain",
			   "-i asks what is in force, of one interface and no policy");
		diag_hint(diags, "leave the policy out, or -i");
		return -EINVAL;
	}
	return 0;
}

static void explain_free_policy(struct policy **policy)
{
	policy_free(*policy);
}

/* A policy that may be in force nowhere. */
static int explain_compile(struct explain *explain, struct diags *diags)
{
	const struct image_running fresh = { 0 };
	const struct common_options *options = &explain->options;
	cleanup(explain_free_policy) struct policy *policy = NULL;
	int error = policy_load(options->arguments, options->argument_count, options->groups,
				options->group_count, &policy, diags);

	return error ? error : image_compile(policy, &fresh, &explain->image, diags);
}

static int explain_open(struct explain *explain, struct diags *diags)
{
	enum common_judge_memory memory = explain->options.capture ? COMMON_JUDGE_CAPTURE :
								     COMMON_JUDGE_SINGLE;

	if (explain->options.interface_count)
		return common_judge_open_live(&explain->judge, &explain->gate, memory, "explain",
					      diags);
	return common_judge_open(&explain->judge, &explain->image, memory, explain->options.capture,
				 "explain", diags);
}

/* ---- the answer --------------------------------------------------------------------------------------- */

/* All that can be wrong with the question is found before the programs are loaded. */
static int explain_read(struct explain *explain, struct diags *diags)
{
	struct common_options *options = &explain->options;
	const char *words = explain_take_words(options);
	int error = options->capture ? explain_check_capture(options, words, diags) :
				       explain_check_words(options, words, diags);

	if (!error && options->interface_count)
		error = explain_check_gate(options, diags);
	if (!error && words)
		error = explain_packet_read(words, &explain->packet, diags);
	if (error)
		return error;
	error = options->interface_count ? common_find_gate(options->interfaces[0].name, "explain",
							    &explain->gate, diags) :
					   explain_compile(explain, diags);
	if (!error && options->capture)
		error = explain_capture_open(options, &explain->capture, diags);
	return error;
}

static int explain_work(struct explain *explain, struct common_verdict *verdict,
			struct diags *diags)
{
	int error = explain_read(explain, diags);

	if (!error)
		error = explain_open(explain, diags);
	if (error)
		return error;
	if (explain->options.capture)
		return explain_capture_judge(&explain->capture, &explain->judge, verdict, diags);
	return explain_packet_judge(&explain->packet, &explain->judge, verdict, diags);
}

static int explain_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(explain_free) struct explain explain = { .gate = GATE_CLOSED };
	cleanup(common_verdict_free) struct common_verdict verdict = { 0 };
	cleanup(diags_clear) struct diags diags = { 0 };
	int error =
		common_options_read(&verb_explain, argc, argv, "igjoCK", &explain.options, &diags);

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
	.help = "Usage: edgegate explain [POLICY...] [--group NAME=ADDRESS,...] PACKET\n"
		"       edgegate [--netns NAME] explain -i IFACE PACKET\n"
		"\n"
		"Runs the packet through the real program, over maps of its own, and says the verdict,\n"
		"the rule or the reason, which step decided, and for what is dropped the nearest rule\n"
		"that would have let it pass. Nothing that is in force is touched.\n"
		"\n"
		"PACKET is one argument in quotes, or a packet of a capture:\n"
		"  'in|out PROTOCOL SOURCE > DESTINATION [OPTION...] [after PACKET...]'\n"
		"  'in|out hex BYTES [after PACKET...]'   a whole frame, from the Ethernet header on\n"
		"  --capture FILE --packet N              a packet of a pcap or pcapng file, from 1\n"
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
		"  -i, --interface IFACE          ask what is in force there, in the gate's mode, with a\n"
		"                                 copy of the flow, fragments and limits that the packet\n"
		"                                 would meet\n"
		"      --group NAME=ADDRESS,...   the group's members, in place of the policy's\n"
		"      --capture FILE             - is standard input. What stands before the packet is\n"
		"                                 judged first, by the capture's clock: the verdict is\n"
		"                                 replay's. With -i, too, its flows are the capture's\n"
		"      --packet N                 which one; as tcpdump --number and replay count\n"
		"      --host ADDRESS,...         whose packets of the capture go out; left out, guessed\n"
		"      --json                     as JSON\n"
		"  -h, --help                     this page\n"
		"\n"
		"  edgegate explain 'in tcp 198.51.100.7:40000 > 192.0.2.10:5061'\n"
		"  edgegate explain edge.yaml 'in udp 198.51.100.7:3478 > 192.0.2.10:40000 wait=6m\n"
		"          after out udp 192.0.2.10:40000 > 198.51.100.7:3478'\n"
		"  edgegate explain edge.yaml --host 192.0.2.10 --capture monday.pcap --packet 17\n",
	.run = explain_run,
};
