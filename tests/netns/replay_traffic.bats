#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Replay of real traffic: captures whose verdicts were worked out by hand, and what crossed a live gate.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/replay.bash

setup() {
	[[ $EUID -eq 0 ]] || skip 'needs root'
	DIR=$BATS_TEST_TMPDIR
}

teardown() {
	net_end
}

# ---- real captures, worked out by hand -----------------------------------------------------------

captures() {
	CAPTURES=${EDGEGATE_CAPTURES-$PWD/../shared/captures}
	[[ -d $CAPTURES ]] || skip "no captures: set EDGEGATE_CAPTURES"
	cat >"$DIR/hand.yaml" <<-'END'
		policy: hand
		rules:
		  - {name: web-out, direction: out, protocol: tcp, ports: [80, 443]}
		  - {name: dns-in, direction: in, protocol: udp, ports: 53}
	END
	cat >"$DIR/server.yaml" <<-'END'
		policy: server
		rules:
		  - {name: web-in, direction: in, protocol: tcp, ports: [80, 443, 8080]}
		  - {name: gre-in, direction: in, protocol: 47}
	END
}

by_hand() { # POLICY HOST CAPTURE EXPECTED...
	local policy=$1 host=$2 capture=$3
	shift 3
	same "$(printf '%s\n' "$@" | sort)" \
		"$(replay "$DIR/$policy.yaml" --host "$host" "$CAPTURES/$capture" | counted)"
}

@test "replay: real captures: link control, and what is none" {
	captures
	# 20 slow protocols' frames to 01-80-C2-00-00-02
	by_hand hand 192.0.2.10 tcpdump-LACP.pcap 'in pass link-control 20'
	# 8 LLDP; 4 CDP are LLC/SNAP to Cisco's own group
	by_hand hand 192.0.2.10 tcpdump-LLDP_and_CDP.pcap 'in pass link-control 8' 'in drop ethertype 4'
}

@test "replay: real captures: neighbor discovery, an ICMP error about nothing" {
	captures
	# 7 solicitations, 1 of them of routers; 2 + 4 advertisements; 8 MLD reports: none from the host
	by_hand hand 192.0.2.10 zeek-icmp6-nd-options.pcap 'in pass neighbor-discovery 20'
	# fe80::dead says "too big" to fe80::beef, who never sent it anything
	by_hand hand fe80::beef zeek-icmp6-toobig.pcap 'in drop unrelated-icmp 1'
}

@test "replay: real captures: a web page, seen from either end, behind one and two tags" {
	captures
	local capture
	for capture in zeek-http-vlan.pcap zeek-http-qinq.pcap; do
		# 7 segments of the client (SYN, 2 + 2 ACK, request, FIN), 7 of the server
		by_hand hand 141.142.228.5 "$capture" 'out rule web-out 7' 'in reply web-out 7'
		by_hand server 192.150.187.43 "$capture" 'in rule web-in 7' 'out reply web-in 7'
		# seen by a policy that has no rule for it
		by_hand server 141.142.228.5 "$capture" 'out drop no-rule 7' 'in drop no-rule 7'
	done
	# TLS: 15 segments of the client, 16 of the server
	by_hand hand 192.168.0.64 zeek-tls-client-certificate.pcap \
		'out rule web-out 15' 'in reply web-out 16'
}

@test "replay: real captures: atomic fragments, and a packet that stands before its time" {
	captures
	# Four connections of 2001:db8:1::2, behind a destination options header, an atomic fragment's,
	# hop-by-hop options: 5 + 5 + 5 out, 5 + 5 + 5 in; and behind a routing header of type 0: 3 out, and
	# 3 in for which there is no flow. Nor is there one for the first SYN+ACK, which stands in front of
	# its SYN (30 microseconds later by its own time). One solicitation out, one advertisement in.
	by_hand hand 2001:db8:1::2 zeek-ipv6-http-atomic-frag.pcap \
		'out rule web-out 15' 'in reply web-out 14' 'in drop no-rule 4' 'out drop malformed 3' \
		'out pass neighbor-discovery 1' 'in pass neighbor-discovery 1'
}

@test "replay: real captures: fragments" {
	captures
	# Bare IP. The first fragment holds 8 bytes of a TCP header: it can't be judged, nor can the others.
	by_hand server 2.2.2.2 sv-frag-ip-tcp-syn.pcap 'in drop fragment 3'
	# To this server 4 requests; 4 answers of 2 fragments each, the second beginning where the first ends.
	same "$(printf '%s\n' 'in rule dns-in 4' 'out reply dns-in 4' 'out pass fragment 4' | sort)" \
		"$(replay "$DIR/hand.yaml" --host 193.24.227.238 --filter 'host 193.24.227.238' \
			"$CAPTURES/ndpi-dns_fragmented.pcap" | counted)"
}

@test "replay: real captures: what a tunnel carries is not looked at" {
	captures
	by_hand server 192.0.2.10 ndpi-gre.pcapng 'in rule gre-in 1'
	by_hand hand 192.0.2.10 ndpi-gre.pcapng 'in drop no-rule 1'
}

@test "replay: every real capture, whatever the host, is counted to the last packet" {
	captures
	local capture packets lines
	for capture in "$CAPTURES"/*.pcap*; do
		packets=$(tcpdump -nn -r "$capture" --count 2>/dev/null | awk '{ print $1 }')
		lines=$("$EDGEGATE" replay --json "$capture" 2>/dev/null | wc -l)
		((packets > 0 && packets == lines)) || {
			echo "$capture: $packets packets, $lines lines" >&2
			return 1
		}
	done
}

# ---- what crossed a live gate ---------------------------------------------------------------------

# A host that serves SIP (sipp), TLS (openssl) and STUN (coturn), and a peer that does as well.
stage() {
	net_begin
	net_pair
	no_offloads host gate0
	no_offloads peer wire0
	tls_serve host 443
	stun_serve host 192.0.2.10 2001:db8::10
	stun_serve peer 192.0.2.1 2001:db8::1
	net_start host sipp -sn uas -t t1 -i 192.0.2.10 -p 5061 -nostdin
	wait_listen host tcp 5061
	POLICY=(lync-2013-public-im host-basics --group 'access-edge=192.0.2.10,2001:db8::10')
	gate host apply -i gate0 --mode monitor "${POLICY[@]}"
	no_offloads host gate0 # apply turns GRO on
	HOST=192.0.2.10,2001:db8::10,$(ip -n "$(ns host)" -j address show dev gate0 |
		jq -r '.[0].addr_info[] | select(.scope == "link") | .local')
}

traffic() {
	tls_try peer 192.0.2.10 443
	tls_try peer 2001:db8::10 443
	in_ns peer sipp -sn uac -t t1 -i 192.0.2.1 -m 3 -r 10 -nostdin 192.0.2.10:5061 >/dev/null 2>&1
	stun_try peer 192.0.2.10
	stun_try peer 2001:db8::10
	stun_try host 192.0.2.1
	stun_try host 2001:db8::1
	# what the policy would drop
	tcp_try peer 192.0.2.10 22 && return 1
	udp_try peer 2001:db8::10 9999 && return 1
	tcp_try host 192.0.2.1 8443 && return 1
	in_ns peer ping -q -n -c 2 -i 0.2 192.0.2.10 >/dev/null
	in_ns peer ping -q -n -c 1 -s 3000 2001:db8::10 >/dev/null
}

live() {
	gate_stats host | jq -S '{rules: [.rules[] | del(.from, .to, .ports)], passed, drops, flows}'
}

replayed() { # CAPTURE
	replay "${POLICY[@]}" --host "$HOST" "$DIR/$1" |
		jq -S '.gates[0] | {rules: [.rules[] | del(.from, .to, .ports)], passed, drops, flows}'
}

# What was counted before the capture began is taken off.
since() { # BEFORE AFTER
	jq -n -S --argjson before "$1" --argjson after "$2" '
		def less($b): if type == "object" then with_entries(.key as $k | .value |= less($b[$k]))
			elif type == "array" then [to_entries[] | .key as $k | .value | less($b[$k])]
			elif type == "number" then . - $b else . end;
		($after.flows) as $flows | $after | less($before) | .flows = $flows'
}

@test "replay: what crossed a live gate gives the gate's own counts" {
	command -v sipp >/dev/null || skip 'needs sipp'
	stage
	local before
	watch_begin host 'wire.pcap peer -i wire0' 'short.pcap peer -i wire0 -s 128' \
		'cut.pcap peer -i wire0 -s 70' 'nano.pcap peer -i wire0 --nano' \
		'any2.pcap host -i any -y LINUX_SLL2' 'any1.pcap host -i any -y LINUX_SLL'
	before=$(live)
	traffic
	watch_end host
	local expected
	expected=$(since "$before" "$(live)")
	# or it would show nothing
	[[ $(jq '[.rules[] | select(.packets > 0)] | length' <<<"$expected") -ge 4 ]]
	[[ $(jq '[.drops[] | select(.packets > 0)] | length' <<<"$expected") -ge 2 ]]
	[[ $(jq '.flows.entries' <<<"$expected") -ge 2 ]]
	same "$expected" "$(replayed wire.pcap)"
	# all headers are within 128 bytes, also those that an ICMP error quotes
	same "$expected" "$(replayed short.pcap)"
	same "$expected" "$(replayed nano.pcap)"
	# of the device `any` the link headers are made anew
	same "$expected" "$(replayed any2.pcap)"
	same "$expected" "$(replayed any1.pcap)"

	# With 70 bytes, TCP over IPv4 is judged as ever (54), UDP over IPv6 too (62); TCP over IPv6 (74)
	# and an ICMPv6 error's quote (110) are not there. Whoever gets no verdict changes no other's.
	"$EDGEGATE" replay --json "${POLICY[@]}" --host "$HOST" "$DIR/wire.pcap" >"$DIR/whole.json"
	"$EDGEGATE" replay --json "${POLICY[@]}" --host "$HOST" "$DIR/cut.pcap" >"$DIR/cut.json"
	paste -d '\n' "$DIR/whole.json" "$DIR/cut.json" | jq -s -e '
		[range(0; length; 2) as $i | select(.[$i + 1].verdict != "unknown" and .[$i] != .[$i + 1])]
		| length == 0'
	[[ $(jq 'select(.verdict == "unknown") | .n' "$DIR/cut.json") == $("$EDGEGATE" replay --json \
		"${POLICY[@]}" --host "$HOST" "$DIR/wire.pcap" --filter 'ip6 proto 6 or
		(icmp6 and ip6[40] >= 1 and ip6[40] <= 4)' | jq .n) ]]
	[[ $(jq 'select(.verdict == "unknown") | .reason' "$DIR/cut.json" | sort -u) == '"truncated"' ]]
}
