#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Limits with real clients: what is over one is dropped and counted, and nobody else is touched by it.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_pair
	cast host peer 192.0.2.10 2001:db8::10 192.0.2.1 2001:db8::1
	net_address peer wire0 192.0.2.2/24 2001:db8:0:1::2/64
	in_ns host ip -6 route add 2001:db8:0:1::/64 dev gate0
	# A token comes in a minute only: what passes within a test is the burst.
	cat >"$NET_DIR/limits.yaml" <<-'END'
		policy: limits
		rules:
		  - {name: sip-in, direction: in, protocol: tcp, ports: 5061,
		     limit: {rate: 1/m, burst: 3, per: source}}
		  - {name: media-in, direction: in, protocol: udp, ports: 5062,
		     limit: {rate: 1/m, burst: 3, per: source}}
		  - {name: all-in, direction: in, protocol: tcp, ports: 5063, limit: {rate: 1/m, burst: 2}}
		  - {name: web-out, direction: out, protocol: tcp, ports: 8080,
		     limit: {rate: 1/m, burst: 2, per: source}}
	END
}

teardown() { net_end; }

# A client that the gate refuses sends its SYN again: one attempt may count twice, but passes never.
tries() { # COUNT COMMAND...: how many of them got an answer
	# shellcheck disable=SC2034 # read by what tries
	local count=$1 got=0 i NET_TIMEOUT=$((2 * NET_TIMEOUT_DROPPED))
	shift
	for ((i = 0; i < count; i++)); do
		if "$@"; then got=$((got + 1)); fi
	done
	echo "$got"
}

@test "limits: connections over the limit of one source are refused, another source's are not" {
	tcp_serve host 5061
	gate host apply -i gate0 "$NET_DIR/limits.yaml"
	[[ $(tries 5 tcp_try peer 192.0.2.10 5061 bind=192.0.2.1) == 3 ]]
	(($(drop_count host in rate-limit) >= 2))
	[[ $(tries 3 tcp_try peer 192.0.2.10 5061 bind=192.0.2.2) == 3 ]]
	# Of IPv6 by the first 64 bits.
	[[ $(tries 4 tcp_try peer 2001:db8::10 5061 'bind=[2001:db8::1]') == 3 ]]
	[[ $(tries 2 tcp_try peer 2001:db8::10 5061 'bind=[2001:db8:0:1::2]') == 2 ]]
	[[ $(drop_count host in no-rule) == 0 ]]
}

@test "limits: a connection that began within the limit goes on when it is reached" {
	local answer
	tcp_serve host 5061
	gate host apply -i gate0 "$NET_DIR/limits.yaml"
	coproc talk { in_ns peer socat - TCP:192.0.2.10:5061,bind=192.0.2.1 3>&-; }
	NET_PIDS+=("$talk_PID")
	echo first >&"${talk[1]}"
	read -r -t 3 -u "${talk[0]}" answer
	[[ $(tries 4 tcp_try peer 192.0.2.10 5061 bind=192.0.2.1) == 2 ]]
	echo second >&"${talk[1]}"
	read -r -t 3 -u "${talk[0]}" answer
	[[ $answer == second ]]
}

@test "limits: of UDP every packet counts" {
	udp_serve host 5062
	gate host apply -i gate0 "$NET_DIR/limits.yaml"
	[[ $(tries 5 udp_try peer 192.0.2.10 5062 bind=192.0.2.1) == 3 ]]
	[[ $(drop_count host in rate-limit) == 2 ]]
	[[ $(rule_count host media-in packets) == 3 ]]
	[[ $(tries 3 udp_try peer 192.0.2.10 5062 bind=192.0.2.2) == 3 ]]
	[[ $(drop_count host in rate-limit) == 2 ]]
}

@test "limits: one bucket for all of a rule, and an apply that keeps it" {
	tcp_serve host 5063
	gate host apply -i gate0 "$NET_DIR/limits.yaml"
	[[ $(tries 1 tcp_try peer 192.0.2.10 5063 bind=192.0.2.1) == 1 ]]
	[[ $(tries 2 tcp_try peer 192.0.2.10 5063 bind=192.0.2.2) == 1 ]]
	gate host apply -i gate0 "$NET_DIR/limits.yaml"
	[[ $(tries 1 tcp_try peer 192.0.2.10 5063 bind=192.0.2.1) == 0 ]]
}

@test "limits: outwards they go by the address that is called" {
	tcp_serve peer 8080
	gate host apply -i gate0 "$NET_DIR/limits.yaml"
	[[ $(tries 3 tcp_try host 192.0.2.1 8080) == 2 ]]
	[[ $(tries 2 tcp_try host 192.0.2.2 8080) == 2 ]]
	(($(drop_count host out rate-limit) >= 1))
}

@test "limits: monitoring counts what they would have dropped" {
	udp_serve host 5062
	gate host apply -i gate0 --mode monitor "$NET_DIR/limits.yaml"
	[[ $(tries 5 udp_try peer 192.0.2.10 5062 bind=192.0.2.1) == 5 ]]
	[[ $(drop_count host in rate-limit) == 2 ]]
}
