#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A flood of distinct tuples on the wire, while conversations go on through the same gate.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

COUNT=300000

setup() {
	net_begin
	net_pair
	tcp_serve peer 5061
	udp_serve peer 3478
	tcp_serve host 443
}

teardown() {
	local one
	for one in "${TALKERS[@]}"; do
		kill "$one" 2>/dev/null || true
	done
	net_end
}

# ---- conversations -------------------------------------------------------------------------------

TALKERS=() # processes
TO=()      # descriptors that lines are written to
FROM=()    # those that they come back from

# One connection that stays, to a server that sends back what it gets.
talk() { # NAME SOCAT-ADDRESS
	local from to
	mkfifo "$NET_DIR/talk-${#TO[@]}"
	exec {from}< <(exec nsenter --net="/run/netns/$NET_ID-$1" -- \
		socat -t 30 -T 30 - "$2" <>"$NET_DIR/talk-${#TO[@]}" 2>/dev/null 3>&-)
	TALKERS+=("$!")
	exec {to}>"$NET_DIR/talk-${#TO[@]}"
	TO+=("$to")
	FROM+=("$from")
}

# A line there and back in each of them.
say() { # WORD
	local i answer
	for i in "${!TO[@]}"; do
		echo "$1" >&"${TO[i]}"
	done
	for i in "${!FROM[@]}"; do
		answer=
		read -r -t 5 -u "${FROM[i]}" answer || true
		[[ $answer == "$1" ]] || fail "conversation $i: said '$1', heard '$answer'"
	done
}

flows() {
	gate_stats host | jq .flows.entries
}

flood() { # COUNT
	local mac
	mac=$(ip -n "$(ns host)" -j link show dev gate0 | jq -r '.[0].address')
	net_start peer "${NET_LIBRARY:-$PWD/build/tests/lib}/../tools/flood" wire0 "$mac" \
		192.0.2.10 2001:db8::10 "$1" 100
	FLOOD=$NET_PID
}

# It goes on as if nothing were, and nothing is left of the flood.
withstand() { # APPLY-OPTIONS...
	local before arrived said=0
	gate host apply -i gate0 "$@" >/dev/null
	talk host TCP:192.0.2.1:5061
	talk host 'TCP:[2001:db8::1]:5061'
	talk host UDP:192.0.2.1:3478
	talk host 'UDP:[2001:db8::1]:3478'
	say begin
	before=$(flows)
	[[ $before == 4 ]] || fail "$before flows of four conversations"
	arrived=$(crossed_count host in)

	flood "$COUNT"
	while kill -0 "$FLOOD" 2>/dev/null; do
		say "word $((++said))"
	done
	wait "$FLOOD" || fail "the flood: $(cat "$NET_DIR/peer-flood.log")"
	((said > 3)) || fail "only $said words during the flood"
	say end

	[[ $(flows) == "$before" ]] || fail "$(flows) flows, before $before"
	# it did arrive, and reached the service that is open
	arrived=$(($(crossed_count host in) - arrived))
	((arrived >= COUNT * 9 / 10)) || fail "only $arrived packets arrived"
	(($(rule_count host access-sip-tls-in packets) >= COUNT / 10)) || fail "no SYN passed"
	(($(rule_count host access-sip-tls-in reply_packets) > 0)) || fail "none was answered"
	(($(drop_count host in no-rule) >= COUNT / 10)) || fail "nothing was dropped"
	tcp_try peer 192.0.2.10 443
}

@test "floods: 300,000 tuples leave no flow, and conversations go on" {
	withstand
}

@test "floods: the same by generic XDP and clsact" {
	COUNT=60000
	withstand --xdp generic --tc clsact
}
