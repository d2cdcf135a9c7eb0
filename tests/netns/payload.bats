#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Payload classes against real media servers: nothing genuine is a mismatch, what is stray is counted,
# and where the policy says so dropped.
# It takes long: it begins first.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_pair
}

teardown() { net_end; }

# RULE... : direction, ports. All ask for media.
media_policy() { # observe|enforce
	local mode=$1 one name direction ports
	shift
	{
		echo 'policy: media'
		echo 'rules:'
		for one; do
			read -r name direction ports <<<"$one"
			echo "  - {name: $name, direction: $direction, protocol: udp, ports: $ports,"
			echo "     payload: {class: udp-media, mode: $mode}}"
		done
	} >"$NET_DIR/media-$mode.yaml"
	gate host apply -i gate0 "$NET_DIR/media-$mode.yaml"
}

# One datagram, to which nobody answers.
say() { # NAME ADDRESS PORT TEXT [SOCAT-OPTIONS]
	printf %b "$4" | in_ns "$1" socat -u - "UDP:$(bracketed "$2"):$3${5:+,$5}"
}

mismatches() { # RULE
	rule_count host "$1" payload_mismatches
}

counted() { # COUNT COMMAND...
	local count=$1
	shift
	(($("$@") == count))
}

# All at once; fails if one of them does.
together() { # "COMMAND"...
	local one pids=() pid wrong=0
	for one; do
		$one >/dev/null 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || wrong=1
	done
	return $wrong
}

# Every rule saw packets, and none a mismatch; nothing at all was dropped.
all_genuine() {
	gate_stats host | jq -e '
		all(.rules[]; .packets > 0 and .reply_packets > 0 and .payload_mismatches == 0) and
		all(.drops[]; .packets == 0)' >/dev/null ||
		fail "counted: $(gate_stats host | jq -c '.rules, (.drops | map(select(.packets > 0)))')"
}

# coturn's client numbers its messages, and these numbers are what is relayed: up to 3 they begin
# as STUN does. RTCP has the next port.
@test "payload: a TURN server's clients and what it relays are media, observed and enforced" {
	local mode
	turn_serve host 192.0.2.10 2001:db8::10
	turn_serve_peer peer 192.0.2.1
	for mode in observe enforce; do
		media_policy $mode 'turn-in in 3478' 'turn-dtls-in in 5349' 'relay-out out 3480-3481'
		together 'turn_try peer 192.0.2.10 192.0.2.1 2 4 -s' \
			'turn_try peer 2001:db8::10 192.0.2.1 2 4 -s' \
			'turn_try peer 192.0.2.10 192.0.2.1 2 4 -S -c' \
			'turn_try peer 192.0.2.10 192.0.2.1 8 4' \
			'turn_try peer 2001:db8::10 192.0.2.1 8 4 -D -l 101' \
			'turn_try_channel peer 192.0.2.10 192.0.2.1'
		all_genuine
	done
}

@test "payload: what a TURN client sends is media, over IPv4, IPv6 and DTLS" {
	local mode
	turn_serve peer 192.0.2.1 2001:db8::1
	turn_serve_peer peer 198.51.100.7
	for mode in observe enforce; do
		media_policy $mode 'turn-out out [3478, 5349]'
		turn_uses
		all_genuine
	done
}

@test "payload: what a TURN server sends is media, over IPv4, IPv6 and DTLS" {
	local mode
	turn_serve peer 192.0.2.1 2001:db8::1
	turn_serve_peer peer 198.51.100.7
	for mode in observe enforce; do
		media_policy $mode 'turn-back in [3478, 5349], port-of: source'
		turn_uses
		all_genuine
	done
}

turn_uses() {
	together 'turn_try host 192.0.2.1 198.51.100.7 2 10 -c -s' \
		'turn_try host 2001:db8::1 198.51.100.7 2 10 -c -s' \
		'turn_try host 2001:db8::1 198.51.100.7 2 5 -c -S' \
		'turn_try host 192.0.2.1 198.51.100.7 8 5 -l 101' \
		'turn_try host 2001:db8::1 198.51.100.7 8 5 -D -l 102' \
		'turn_try_channel host 192.0.2.1 198.51.100.7 4000' \
		'turn_try_channel host 192.0.2.1 198.51.100.7 5000' \
		'turn_try_channel host 2001:db8::1 198.51.100.7 7fff' \
		'stun_try host 192.0.2.1'
}

# What a TURN server that speaks RFC 8656 alone wouldn't take: RFC 5766 had channels up to 7FFF. A
# length that isn't true is no channel's.
@test "payload: channel data is known by its length" {
	turn_serve peer 192.0.2.1
	turn_serve_peer peer 198.51.100.7
	media_policy enforce 'turn-out out 3478'
	turn_try_channel host 192.0.2.1 198.51.100.7 5000
	[[ $(mismatches turn-out) == 0 && $(drop_count host out payload) == 0 ]]
	say host 192.0.2.1 3478 '\x50\x00\x00\x04\x80\xa5\x5a'
	say host 192.0.2.1 3478 '\x50\x00\x00\x04\x80\xa5\x5a\x5a\x00\x00\x00\x00'
	wait_until counted 2 drop_count host out payload
	[[ $(mismatches turn-out) == 2 ]]
}

@test "payload: DTLS by openssl, both ways" {
	local mode port=4433
	for mode in observe enforce; do
		dtls_serve host 192.0.2.10 $port
		dtls_serve peer 2001:db8::1 $((port + 1))
		dtls_serve peer 192.0.2.1 $((port + 2))
		media_policy $mode "dtls-in in $port" "dtls-out out $((port + 1))" \
			"dtls-back in $((port + 2)), port-of: source"
		together "dtls_try peer 192.0.2.10 $port" \
			"dtls_try host 2001:db8::1 $((port + 1))" \
			"dtls_try host 192.0.2.1 $((port + 2))"
		all_genuine
		port=$((port + 3))
	done
}

@test "payload: a stray datagram is counted and passes; enforced, it is dropped" {
	stun_serve host 192.0.2.10
	udp_serve host 3479
	media_policy observe 'stun-in in 3478' 'text-in in 3479'
	say peer 192.0.2.10 3478 'hello\n'
	wait_until counted 1 mismatches stun-in
	udp_try peer 192.0.2.10 3479 # with an answer, which is not asked what it holds
	wait_until counted 1 mismatches text-in
	[[ $(drop_count host in payload) == 0 ]]
	[[ $(rule_count host stun-in packets) == 1 && $(rule_count host text-in reply_packets) == 1 ]]

	media_policy enforce 'stun-in in 3478' 'text-in in 3479'
	say peer 192.0.2.10 3478 'hello\n'
	wait_until counted 2 mismatches stun-in
	run ! udp_try peer 192.0.2.10 3479
	wait_until counted 2 drop_count host in payload
	stun_try peer 192.0.2.10
	[[ $(mismatches stun-in) == 2 && $(mismatches text-in) == 2 ]]
	run -0 gate host stats -i gate0
	[[ $output == *$'\npayload mismatches\n  rule     dir  packets\n  stun-in  in         2\n  text-in  in         2\n'* ]]
	[[ $output =~ $'\n  payload '+[0-9]+\ +0 ]]
}

@test "payload: where no rule saw a mismatch, the table has no word of it" {
	media_policy observe 'stun-in in 3478'
	run -0 gate host stats -i gate0
	[[ $output != *mismatch* ]]
}

# With UDP_SEGMENT (103 of level 17) the kernel keeps what is sent outside the packet's linear part.
@test "payload: is read where a packet keeps it, and of an offloaded one the first segment" {
	in_ns host ethtool -K gate0 tx-udp-segmentation on >/dev/null
	media_policy enforce 'media-out out 3478' 'late-out out 3479'
	say host 192.0.2.1 3478 'hello' setsockopt-int=17:103:1000
	say host 2001:db8::1 3478 'hello' setsockopt-int=17:103:1000
	wait_until counted 2 drop_count host out payload
	say host 192.0.2.1 3478 '\x80ello' setsockopt-int=17:103:1000
	say host 2001:db8::1 3478 '\xff\x10lo' setsockopt-int=17:103:1000
	wait_until counted 2 rule_count host media-out packets
	say host 192.0.2.1 3479 '\x80ello' setsockopt-int=17:103:2
	wait_until counted 3 rule_count host late-out packets
	[[ $(mismatches late-out) == 0 && $(mismatches media-out) == 2 ]]
}
