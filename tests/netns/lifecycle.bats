#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A gate's life: no process keeps it, another policy takes over without a gap, detach leaves nothing.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash

setup() {
	net_begin
	net_pair
	cast host peer 192.0.2.10 2001:db8::10 192.0.2.1 2001:db8::1
}

teardown() { net_end; }

policy() { # NAME RULES: a policy file; rules are the short form of YAML
	printf 'policy: %s\nrules:\n%s\n' "$1" "$2" >"$NET_DIR/$1.yaml"
	echo "$NET_DIR/$1.yaml"
}

@test "lifecycle: no process is left, and the gate holds" {
	local before
	tcp_serve host 5061 22
	gate host apply -i gate0
	run ! pgrep -f "^$EDGEGATE"
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 22
	before=$(rule_count host access-sip-mtls-in packets)
	((before > 0))
	tcp_try peer 2001:db8::10 5061
	(($(rule_count host access-sip-mtls-in packets) > before))
}

@test "lifecycle: detach leaves no program, link, map or pin" {
	local before
	before=$(remains)
	gate host apply -i gate0
	[[ -n $(new_remains "$before") ]]
	gate host detach -i gate0 --yes
	left_nothing "$before"
	gate host apply -i gate0 --tc clsact
	gate host detach -i gate0 --yes
	left_nothing "$before"
	[[ $(in_ns host tc qdisc show dev gate0) != *clsact* ]]
	[[ $(ip -n "$(ns host)" link show dev gate0) != *xdp* ]]
}

@test "lifecycle: a refused apply leaves nothing" {
	local before
	before=$(remains)
	run -1 gate host apply -i gate0 -i nosuch0
	left_nothing "$before"
	run -2 gate host apply -i gate0 --hooks xdp
	left_nothing "$before"
}

@test "lifecycle: somebody else's filter on our clsact stays, and the qdisc with it" {
	gate host apply -i gate0 --tc clsact
	foreign_filter host gate0 egress pass
	gate host detach -i gate0 --yes
	[[ $(in_ns host tc filter show dev gate0 egress) == *foreign.bpf.o* ]]
	[[ $(in_ns host tc filter show dev gate0 egress) != *edgegate* ]]
}

@test "lifecycle: somebody else's filter on the other side of our clsact stays" {
	gate host apply -i gate0 --tc clsact
	foreign_filter host gate0 ingress pass
	gate host detach -i gate0 --yes
	[[ $(in_ns host tc filter show dev gate0 ingress) == *foreign.bpf.o* ]]
}

@test "lifecycle: a clsact that was there before us stays" {
	in_ns host tc qdisc add dev gate0 clsact
	gate host apply -i gate0 --tc clsact
	[[ $(in_ns host tc filter show dev gate0 egress) == *edgegate_out* ]]
	gate host detach -i gate0 --yes
	[[ $(in_ns host tc qdisc show dev gate0) == *clsact* ]]
	[[ -z $(in_ns host tc filter show dev gate0 egress) ]]
}

@test "lifecycle: what passes here goes on to filters behind us" {
	local replies
	tcp_serve host 5061
	gate host apply -i gate0
	tcp_try peer 192.0.2.10 5061
	in_ns host tc qdisc add dev gate0 clsact
	foreign_filter host gate0 egress drop
	replies=$(rule_count host access-sip-mtls-in reply_packets)
	run ! tcp_try peer 192.0.2.10 5061
	(($(rule_count host access-sip-mtls-in reply_packets) > replies))
}

@test "lifecycle: another policy keeps counters and connections, cuts what it doesn't allow, and gives it back" {
	local all none packets answer
	none=$(policy nothing '  - {name: other, direction: in, protocol: tcp, ports: 1}')
	all=$(policy renamed "$(printf '  - {name: %s, direction: %s, protocol: tcp, ports: %s}\n' \
		access-sip-mtls-in in 5061 access-sip-mtls-out out 5061 new-in in 8000)")
	tcp_serve peer 5061
	gate host apply -i gate0
	coproc client { in_ns host socat - TCP:192.0.2.1:5061 3>&-; }
	NET_PIDS+=("$client_PID")
	says() {
		local answer=''
		echo "$1" >&"${client[1]}"
		read -r -t "${2-2}" -u "${client[0]}" answer || true
		[[ $answer == *"$1"* ]]
	}
	says one
	packets=$(rule_count host access-sip-mtls-out packets)

	gate host apply -i gate0 "$all"
	says two
	(($(rule_count host access-sip-mtls-out packets) > packets))
	(($(rule_count host access-sip-mtls-out reply_packets) > 0))

	gate host apply -i gate0 "$none"
	run ! says three 1
	(($(drop_count host out no-rule) > 0))

	# What was said meanwhile is sent again by TCP, and comes now.
	gate host apply -i gate0 "$all"
	answer=''
	read -r -t 10 -u "${client[0]}" answer
	[[ $answer == three ]]
	says four
}

@test "lifecycle: a flow made before goes on after the policy that allowed it is back" {
	local none
	none=$(policy nothing '  - {name: other, direction: in, protocol: tcp, ports: 1}')
	gate host apply -i gate0
	stun_serve peer 192.0.2.1
	stun_try host 192.0.2.1
	[[ $(gate_stats host | jq .flows.entries) == 1 ]]
	gate host apply -i gate0 "$none"
	gate host apply -i gate0
	[[ $(gate_stats host | jq .flows.entries) == 1 ]]
}

@test "lifecycle: what rules counted that are gone stays in the sum, as (removed)" {
	local one two packets
	one=$(policy one "$(printf '  - {name: %s, direction: in, protocol: tcp, ports: %s}\n' first 5061 kept 443)")
	two=$(policy two "$(printf '  - {name: %s, direction: in, protocol: tcp, ports: %s}\n' second 5061 kept 443)")
	tcp_serve host 5061 443
	gate host apply -i gate0 "$one"
	tcp_try peer 192.0.2.10 5061
	tcp_try peer 192.0.2.10 443
	packets=$(crossed_count host in)
	gate host apply -i gate0 "$two"
	# The former policy's rule is shown as long as there is a way back to it.
	[[ $(gate_stats host | jq '.rules[] | select(.name == "first") | .reserve') == true ]]
	gate host apply -i gate0 "$two"
	gate_stats host | jq -e '[.rules[].name] == ["second", "kept", "(removed)"]'
	(($(rule_count host '(removed)' packets) > 0))
	(($(rule_count host kept packets) > 0))
	(($(crossed_count host in) >= packets))
}

@test "lifecycle: monitor mode drops nothing, and counts as if it did" {
	rows_serve
	gate host apply -i gate0 --mode monitor
	[[ $(gate_stats host | jq -r .mode) == monitor ]]
	forbidden_reached
	(($(drop_count host in no-rule) >= 20))
	(($(drop_count host out no-rule) >= 10))
	gate host apply -i gate0
	[[ $(gate_stats host | jq -r .mode) == enforce ]]
	rows_work host
	forbidden_dropped host
}
