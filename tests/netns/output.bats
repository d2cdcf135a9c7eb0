#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What users and monitoring read: warnings, pages of help, colours, JSON, stats --watch.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_pair
}

teardown() { net_end; }

readonly ESCAPE=$'\e'

# What a command prints on a terminal.
on_terminal() { # COMMAND
	net_script --quiet --return --command "$1" /dev/null
}

@test "output: apply says what changed and what is dropped" {
	run --separate-stderr -0 gate host apply -i gate0
	[[ ${lines[0]} == 'gate0: no policy -> lync-2013-public-im' ]]
	[[ $output == *'  + access-sip-mtls-in'*'gate0: policy lync-2013-public-im is in force'*'On gate0, everything is dropped, in both directions, but what 3 rules in and 3 out let begin, the replies to it'* ]]
	run --separate-stderr -0 gate host apply -i gate0
	[[ $output == *'no rule changed'* ]]
	run --separate-stderr -0 gate host apply -i gate0 lync-2013-public-im-relay host-basics --group av-edge=192.0.2.10
	[[ $output == *'  ~ av-rtp-out'*'  + dns-udp-out'* ]]
	run --separate-stderr -0 gate host apply -i gate0 --mode monitor
	[[ $output == *'in monitor mode'*'  - dns-udp-out'*'everything would be dropped'* ]]
}

@test "output: apply warns where DNS is cut, and only there" {
	run --separate-stderr -0 gate host apply -i gate0
	[[ $stderr == *'warning: apply: no rule lets DNS out'*host-basics* ]]
	run --separate-stderr -0 gate host apply -i gate0 lync-2013-public-im host-basics
	[[ -z $stderr ]]
}

@test "output: apply warns where the relay's ports are this machine's own" {
	in_ns host sysctl -qw net.ipv4.ip_local_port_range='32768 60999'
	run --separate-stderr -0 gate host apply -i gate0 lync-2013-public-im-relay host-basics
	[[ $stderr == *"rule 'av-rtp-out' lets anything out that starts from its ports"*'--group av-edge=ADDRESS'* ]]
	[[ $stderr == *"(32768-60999): it lets them out"*'net.ipv4.ip_local_port_range="32768 49999"'* ]]
	in_ns host sysctl -qw net.ipv4.ip_local_port_range='32768 49999'
	run --separate-stderr -0 gate host apply -i gate0 lync-2013-public-im-relay host-basics --group av-edge=192.0.2.10
	[[ -z $stderr ]]
}

@test "output: every verb has a page of help" {
	local verb
	run --separate-stderr -0 "$EDGEGATE" --help
	[[ -z $stderr && ${#lines[@]} -le 24 ]]
	for verb in check apply detach status stats flows diff replay policies; do
		[[ $output == *"  $verb "* ]]
	done
	for verb in check apply detach status stats flows diff replay policies; do
		run --separate-stderr -0 "$EDGEGATE" $verb --help
		[[ -z $stderr && ${lines[0]} == "Usage: edgegate "*"$verb"* ]]
	done
	run --separate-stderr -0 "$EDGEGATE" --version
	[[ $output =~ ^'edgegate '[0-9]+\.[0-9]+\.[0-9]+' (libbpf ' ]]
}

@test "output: colours on a terminal only, and not with NO_COLOR" {
	local verb
	gate host apply -i gate0
	for verb in stats status; do
		[[ $("$EDGEGATE" $verb) != *"$ESCAPE"* ]]
		[[ $(on_terminal "'$EDGEGATE' $verb") == *"${ESCAPE}["* ]]
		[[ $(NO_COLOR=1 on_terminal "'$EDGEGATE' $verb") != *"$ESCAPE"* ]]
		[[ $(NO_COLOR='' on_terminal "'$EDGEGATE' $verb") == *"${ESCAPE}["* ]]
	done
}

@test "output: stats --json has the contract's shape" {
	gate host apply -i gate0
	"$EDGEGATE" stats --json | jq -e --arg netns "$(ns host)" --arg tc "$(net_tc_kind)" '
		def keys_are($names): keys == ($names | sort);
		def counts: type == "number" and . >= 0;
		keys_are(["version", "gates", "unreadable"]) and .version == 1 and (.gates[] | select(.netns == $netns) |
		keys_are(["gate", "netns", "interfaces", "policy", "mode", "applied_at", "confirm_deadline",
			"rules", "passed", "drops", "flows", "program_runs"]) and
		.gate == $netns + "/gate0" and .policy == "lync-2013-public-im" and .mode == "enforce" and
		(now - .applied_at | fabs < 60) and .confirm_deadline == null and
		.interfaces == [{name: "gate0", facing: "outside", xdp: "native", tc: $tc}] and
		[.rules[] | .name, .direction, .protocol, .ports, .from, .to] == [
			"access-sip-mtls-in", "in", "tcp", "5061", "partners", "access-edge",
			"access-sip-mtls-out", "out", "tcp", "5061", "access-edge", "partners",
			"access-sip-tls-in", "in", "tcp", "443", "clients", "access-edge",
			"av-rtp-out", "out", "tcp", "50000-59999", "av-edge", "messenger-clients",
			"av-stun-out", "out", "udp", "3478", "av-edge", "messenger-clients",
			"av-stun-in", "in", "udp", "3478", "messenger-clients", "av-edge"] and
		all(.rules[]; keys_are(["name", "direction", "protocol", "ports", "from", "to", "packets",
			"bytes", "reply_packets", "reply_bytes", "payload_mismatches", "note"]) and
			all(.packets, .bytes, .reply_packets, .reply_bytes, .payload_mismatches; counts)) and
		all(.passed[]; keys_are(["direction", "kind", "packets", "bytes"]) and (.packets | counts)) and
		all(.drops[]; keys_are(["direction", "reason", "packets", "bytes"]) and (.bytes | counts)) and
		(["malformed", "martian", "bad-tcp-flags", "extension-header", "ethertype", "fragment",
			"no-rule", "address"] - [.drops[] | select(.direction == "out") | .reason]) == [] and
		(["arp", "link-control", "neighbor-discovery"] -
			[.passed[] | select(.direction == "in") | .kind]) == [] and
		(.flows | keys_are(["entries", "max", "ipv4", "ipv6"]) and
			.entries == 0 and .max == 524288))'
	"$EDGEGATE" status --json | jq -e '.version == 1 and (.gates | length) >= 1'
}

@test "output: stats --watch redraws on a terminal, shows rates, and ends by Ctrl-C" {
	gate host apply -i gate0
	run -0 watch_and_press_ctrl_c
	[[ $output == *"${ESCAPE}[H"*"${ESCAPE}[J"*"${ESCAPE}[H"* ]]
	[[ $output == *'0/s'* ]]
}

watch_and_press_ctrl_c() {
	{ sleep 2.3 && printf '\003' && sleep 0.5; } | script --quiet --return --command \
		"exec '$EDGEGATE' --netns '$(ns host)' stats -i gate0 --watch --interval 1" /dev/null
}

@test "output: stats --watch in a pipe prints page after page, and ends by SIGTERM" {
	gate host apply -i gate0
	run -0 timeout --foreground --preserve-status 2.5 "$EDGEGATE" --netns "$(ns host)" stats -i gate0 --watch --interval 1
	(($(grep -c "^$(ns host)/gate0" <<<"$output") >= 2))
	[[ $output != *"$ESCAPE"* ]]
}

# Whoever is root where an interface is chooses its name: all but '/', ':' and white space.
@test "output: an interface's name neither writes to the terminal nor makes a gate vanish" {
	local name=$'e\e[31m\x9b\xff0' said command verb label
	gate host apply -i gate0 >/dev/null
	ip -n "$(ns host)" link set dev gate0 down
	ip -n "$(ns host)" link set dev gate0 name "$name"
	# as it was adopted, and before
	for command in true 'gate host apply -i'; do
		$command "$name" >"$NET_DIR/said" 2>&1
		for verb in status 'status --json' 'stats --json' 'flows --json' stats flows; do
			# shellcheck disable=SC2086 # it is words
			gate host $verb -i "$name" >>"$NET_DIR/said" 2>&1
		done
		gate host status --json | jq -e '.gates[].interfaces[] | select(.name == "e?[31m??0")'
	done
	{
		gate host block -i "$name"
		gate host resume -i "$name"
	} >>"$NET_DIR/said"
	run ! gate host detach -i "$name"
	[[ $output == *'opens e?[31m??0 to everything, and nobody is there to ask'* ]]
	gate host stats --json | jq -e '.gates[] | select(.interfaces[0].name == "e?[31m??0") | .policy != null'
	run ! grep -qaP '[\x1b\x80-\xff]' "$NET_DIR/said"
	said=$(<"$NET_DIR/said")
	[[ $said == *'e?[31m??0: BLOCKED'* ]]
	# by the label that is shown, for there is no other way to type it
	label=$("$EDGEGATE" status --json | jq -r --arg netns "$(ns host)" '.gates[] | select(.netns == $netns) | .gate')
	[[ $label == "$(ns host)/e?[31m??0" ]]
	"$EDGEGATE" detach -i "$label" --yes
	run -1 gate host status -i "$name"
}
