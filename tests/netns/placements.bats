#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Every place that a gate can stand in, while policies change, links flap and interfaces are plugged anew,
# under traffic in both directions: what no policy allows never gets by, what both allow goes on.
# shellcheck disable=SC2154 # bats' run sets stderr and stderr_lines

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/neighbours.bash

readonly ROUNDS=2

setup() { net_begin; }

teardown() { net_end; }

on_host() {
	net_pair
	cast host peer 192.0.2.10 2001:db8::10 192.0.2.1 2001:db8::1
}

on_router() {
	net_routed
	cast inner peer 192.0.2.10 2001:db8::10 198.51.100.7 2001:db8:1::7
}

on_bridge() {
	net_bridged
	cast inner peer 192.0.2.10 2001:db8::10 192.0.2.7 2001:db8::7
}

on_vm_host() {
	net_guest
	cast guest peer 192.0.2.10 2001:db8::10 192.0.2.7 2001:db8::7
}

# What no policy here allows streams both ways; a conversation that all allow has begun.
traffic_begin() { # GATE OPTION...
	local gate=$1
	shift
	GATE=$gate GATE_OPTIONS=("$@")
	printf '%s\n' 'policy: other' 'rules:' '  - {name: more, direction: in, protocol: udp, ports: 9999}' \
		'  - {name: access-sip-mtls-in, direction: in, protocol: tcp, ports: 5061}' \
		'  - {name: access-sip-mtls-out, direction: out, protocol: tcp, ports: 5061}' >"$NET_DIR/other.yaml"
	tcp_serve "$EDGE" 5061
	tcp_serve "$FAR" 5061
	stream_begin "$FAR" "$EDGE" "$EDGE4" 7777
	stream_begin "$EDGE" "$FAR" "$FAR4" 7778
	wait_until stream_is_beyond 7777 0
	wait_until stream_is_beyond 7778 0
	gate "$gate" apply "$@" >/dev/null
	coproc talk { in_ns "$EDGE" socat - "TCP:$FAR4:5061" 3>&-; }
	NET_PIDS+=("$talk_PID")
	TALK_IN=${talk[1]} TALK_OUT=${talk[0]}
	says begin
	sleep 0.3 # what was on its way has arrived
	CAME_IN=$(stream_count 7777) CAME_OUT=$(stream_count 7778)
	WORKED=0
}

says() { # WORD
	local answer=''
	echo "$1" >&"$TALK_IN"
	while [[ $answer != "$1" ]]; do
		read -r -t 20 -u "$TALK_OUT" answer || fail "no answer to $1"
	done
}

# The conversation goes on, others begin, and the streams are being dropped.
works() { # WORD
	local in out packets
	in=$(drop_count "$GATE" in no-rule) out=$(drop_count "$GATE" out no-rule)
	says "$1"
	tcp_try "$FAR" "$EDGE4" 5061 || fail "$1: nobody comes in"
	tcp_try "$EDGE" "$FAR4" 5061 || fail "$1: nobody gets out"
	wait_until dropped_beyond "$GATE" in "$in"
	wait_until dropped_beyond "$GATE" out "$out"
	packets=$(rule_count "$GATE" access-sip-mtls-in packets)
	((packets > WORKED)) || fail "$1: counted $packets after $WORKED"
	WORKED=$packets
}

nothing_got_by() {
	[[ $(stream_count 7777) == "$CAME_IN" ]] || fail "$(($(stream_count 7777) - CAME_IN)) came in"
	[[ $(stream_count 7778) == "$CAME_OUT" ]] || fail "$(($(stream_count 7778) - CAME_OUT)) got out"
}

attached() {
	"$EDGEGATE" --netns "$(ns "$GATE")" status --json |
		jq -c --arg netns "$(ns "$GATE")" '[.gates[] | select(.netns == $netns) | .interfaces[] | [.name, .xdp_link, .xdp_program, .tc_link, .tc_program]]'
}

reloads() { # GATE OPTION...
	local round before
	traffic_begin "$@"
	works before
	before=$(attached)
	for ((round = 0; round < ROUNDS; round++)); do
		if ((round % 2)); then
			gate "$GATE" apply "${GATE_OPTIONS[@]}" >/dev/null
		else
			gate "$GATE" apply "${GATE_OPTIONS[@]}" "$NET_DIR/other.yaml" >/dev/null
		fi
		works "reload $round"
	done
	nothing_got_by
	[[ $(attached) == "$before" ]]
}

flaps() { # INTERFACE GATE OPTION...
	local interface=$1 round before
	shift
	traffic_begin "$@"
	works before
	before=$(attached)
	for ((round = 0; round < ROUNDS; round++)); do
		ip -n "$(ns "$GATE")" link set dev "$interface" down
		sleep 0.1
		ip -n "$(ns "$GATE")" link set dev "$interface" up
		works "flap $round"
	done
	nothing_got_by
	[[ $(attached) == "$before" ]]
}

# ---- host -------------------------------------------------------------------------------------------

@test "placements: host, reloads" {
	on_host
	reloads host -i gate0
}

@test "placements: host by clsact and generic XDP, reloads" {
	on_host
	reloads host -i gate0 --tc clsact --xdp generic
}

@test "placements: host, a flapping link" {
	on_host
	flaps gate0 host -i gate0
}

@test "placements: host by clsact and generic XDP, a flapping link" {
	on_host
	flaps gate0 host -i gate0 --tc clsact --xdp generic
}

# ---- router -----------------------------------------------------------------------------------------

@test "placements: router, reloads" {
	on_router
	reloads router -i wan0
}

@test "placements: router, a flapping link" {
	on_router
	flaps wan0 router -i wan0 --tc clsact
}

@test "placements: router by XDP alone, reloads" {
	on_router
	reloads router --hooks xdp -i wan0 -i lan0:inside
}

@test "placements: router by XDP alone, both links flapping" {
	on_router
	flaps wan0 router --hooks xdp -i wan0 -i lan0:inside
	before=$(attached)
	ip -n "$(ns router)" link set dev lan0 down
	ip -n "$(ns router)" link set dev lan0 up
	works 'the inner link'
	nothing_got_by
	[[ $(attached) == "$before" ]]
}

# ---- bridge -----------------------------------------------------------------------------------------

@test "placements: bridge, reloads" {
	on_bridge
	reloads bridge -i wan0
}

@test "placements: bridge, a flapping link" {
	on_bridge
	flaps wan0 bridge -i wan0
}

@test "placements: bridge by XDP alone, reloads" {
	on_bridge
	reloads bridge --hooks xdp -i wan0 -i lan0:inside
}

@test "placements: bridge by XDP alone, a flapping link" {
	on_bridge
	flaps lan0 bridge --hooks xdp -i wan0 -i lan0:inside
}

# ---- VM host ----------------------------------------------------------------------------------------

@test "placements: VM host, reloads" {
	on_vm_host
	reloads vmhost -i vnet0:inside
}

@test "placements: VM host, a flapping link" {
	on_vm_host
	flaps vnet0 vmhost -i vnet0:inside --tc clsact
}

# ---- plugged anew ------------------------------------------------------------------------------------

# Between the plug and the apply it is open, which status says; the streams then stop again.
plugged_anew() { # INTERFACE
	local line=$1 before
	"$EDGEGATE" --netns "$(ns "$GATE")" status --json |
		jq -e --arg netns "$(ns "$GATE")" --arg interface "$line" '.gates[] | select(.netns == $netns) |
			.interfaces[] | select(.name == $interface) | .place == "anew" and (.present | not)'
	before=$(stream_count 7777)
	wait_until stream_is_beyond 7777 "$before"
	run --separate-stderr -0 gate "$GATE" apply "${GATE_OPTIONS[@]}"
	[[ $stderr == *"$line was made anew since the last apply; until now it was open"* ]]
	sleep 0.3
	CAME_IN=$(stream_count 7777) CAME_OUT=$(stream_count 7778)
}

@test "placements: VM host, the guest's interface plugged anew under traffic" {
	on_vm_host
	traffic_begin vmhost -i vnet0:inside
	works before
	ip -n "$(ns vmhost)" link delete vnet0
	net_link guest eth0 vmhost vnet0
	ip -n "$(ns vmhost)" link set vnet0 master br0
	net_address guest eth0 192.0.2.10/24
	plugged_anew vnet0
	works after
	nothing_got_by
}

@test "placements: router by XDP alone, the outer interface plugged anew under traffic" {
	on_router
	traffic_begin router --hooks xdp -i wan0 -i lan0:inside
	works before
	ip -n "$(ns router)" link delete wan0
	net_link router wan0 peer wire0
	net_address router wan0 198.51.100.1/24
	net_address peer wire0 198.51.100.7/24
	net_route peer default 198.51.100.1
	plugged_anew wan0
	works after
	nothing_got_by
}

@test "placements: bridge, the outer port plugged anew under traffic, by clsact" {
	on_bridge
	traffic_begin bridge -i wan0 --tc clsact
	works before
	ip -n "$(ns bridge)" link delete wan0
	net_link bridge wan0 peer wire0
	ip -n "$(ns bridge)" link set wan0 master br0
	net_address peer wire0 192.0.2.7/24
	plugged_anew wan0
	works after
	nothing_got_by
}
