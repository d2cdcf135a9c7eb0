#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Explain of a packet of a capture: it says what replay says, whatever the packet.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/replay.bash
load ../lib/frames.bash

setup() {
	replay_begin
	cat >"$DIR/edge.yaml" <<-'END'
		policy: edge
		flows: {timeouts: {udp: 10s}}
		groups: {partners: [198.51.100.0/24]}
		rules:
		  - {name: stun-out, direction: out, protocol: udp, ports: 3478}
		  - {name: web-out, direction: out, protocol: tcp, ports: 443}
		  - {name: sip-in, direction: in, protocol: tcp, ports: 5061, limit: {rate: 1/s, burst: 2}}
		  - {name: dns-in, direction: in, protocol: udp, ports: 53, from: partners}
		  - {name: media-in, direction: in, protocol: udp, ports: 5000, payload: {class: udp-media, mode: enforce}}
		  - {name: voice-in, direction: in, protocol: udp, ports: 5001, payload: {class: udp-media}, limit: {rate: 1/s}}
	END
}

teardown() {
	net_end
}

# 36 packets: each of them ends as it does because of those before it, or of the time.
play_write() { # FILE
	local quote first
	capture_begin "$1"
	capture_add "$1" 0 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 3478 40000)")"         # too early: no flow
	capture_add "$1" 1 "$(ip4 17 "$HOST4" "$FAR4" "$(datagram 40000 3478)")"         # makes one
	capture_add "$1" 2 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 3478 40000)")"         # its reply
	capture_add "$1" 10.999999999 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 3478 40000)")" # just in time
	capture_add "$1" 11 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 3478 40000)")"        # too late
	capture_add "$1" 5 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 3478 40000)")"         # goes back in time: too late
	capture_add "$1" 20 "$(ip4 6 "$HOST4" "$FAR4" "$(segment 40001 443 02)")"       # a conversation
	capture_add "$1" 20.1 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 443 40001 12)")"
	capture_add "$1" 20.2 "$(ip4 6 "$HOST4" "$FAR4" "$(segment 40001 443 10)")"
	capture_add "$1" 20.3 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 443 40001 18 00112233)")"
	capture_add "$1" 20.4 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 443 40002 18 00112233)")" # another one's
	capture_add "$1" 21 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 7001 5061 02)")"       # two tokens
	capture_add "$1" 21.1 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 7002 5061 02)")"
	capture_add "$1" 21.2 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 7003 5061 02)")"     # none left
	capture_add "$1" 22 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 7003 5061 02)")"       # one again
	capture_add "$1" 22.1 "$(arp "$HOST4" "$FAR4")"
	capture_add "$1" 22.2 "$(arp "$FAR4" "$HOST4")"
	capture_add "$1" 23 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 9 53 0011223344556677)" 2000 7)" # a first fragment
	capture_add "$1" 23.1 "$(ip4 17 "$FAR4" "$HOST4" 0011223344556677 0002 7)"  # its last
	capture_add "$1" 23.2 "$(ip4 17 "$FAR4" "$HOST4" 0011223344556677 0002 8)"  # nobody's
	capture_add "$1" 60 "$(ip4 17 "$FAR4" "$HOST4" 0011223344556677 0002 7)"    # too late
	capture_add "$1" 61 "$(vlan 7 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 9 53)")")"
	capture_add "$1" 61.1 "$(vlan 7 "$(vlan 8 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 9 54)")")")"
	capture_add "$1" 62 "$(ip6 17 "$HOST6" "$FAR6" "$(datagram 40000 3478)")"
	capture_add "$1" 62.1 "$(ip6 17 "$FAR6" "$HOST6" "$(datagram 3478 40000)")"
	quote=$(ip4_bare 6 "$HOST4" "$FAR4" "$(segment 40001 443 02)")
	capture_add "$1" 63 "$(ip4 1 "$FAR4" "$HOST4" "0b00000000000000$quote")"    # about the conversation
	capture_add "$1" 63.1 "$(ip4 1 "$FAR4" "$HOST4" "0b00000000000000${quote:0:40}0001${quote:44}")"
	capture_add "$1" 64 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 443 40001 18)")" 40    # cut off in its ports
	capture_add "$1" 64.1 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 443 40001 18 "$(printf %0120d 0)")")" 54
	first=$(ip4 17 "$FAR4" "$HOST4" "$(datagram 9 53 0011223344556677)" 2000 9)
	capture_add "$1" 65 "$first" 36                                         # so is this first fragment:
	capture_add "$1" 65.1 "$(ip4 17 "$FAR4" "$HOST4" 0011223344556677 0002 9)"  # it paves no way
	capture_add "$1" 66 "${MACS}88b5"                                   # nobody knows this type
	capture_add "$1" 66.1 020000000001                                      # half an address
	capture_add "$1" 67 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 9 5000 f0)")"         # no media
	capture_add "$1" 68 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 9 5001 8000)")" 42 # its payload isn't there: no token is
	capture_add "$1" 68.1 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 9 5001 8000)")" # taken, and this one has it
}

# The keys that the two verbs share.
SHARED='{n, direction, verdict, rule, path, kind, reason}'

# `explain` of some packets is what `replay` says of them. Both are given the arguments.
agrees() { # "NUMBER..." CAPTURE ARGUMENT...
	local numbers=$1 capture=$2 number count=0
	shift 2
	"$EDGEGATE" replay --json "$@" "$capture" 2>"$DIR/replay.said" | jq -c "$SHARED" >"$DIR/replayed"
	for number in $numbers; do
		"$EDGEGATE" explain --json "$@" --capture "$capture" --packet "$number" 2>"$DIR/explain.said" |
			jq -c "$SHARED" >"$DIR/explained"
		same "$(sed -n "${number}p" "$DIR/replayed")" "$(<"$DIR/explained")" || fail "packet $number of $capture"
		# the guess, where there is one
		same "$(sed 's/replay/explain/' "$DIR/replay.said")" "$(<"$DIR/explain.said")"
		count=$((count + 1))
	done
	((count > 0))
}

@test "explain --capture: what replay says of each packet of a capture" {
	play_write "$DIR/play.pcap"
	agrees "$(seq 36)" "$DIR/play.pcap" --host 192.0.2.10,2001:db8::10 "$DIR/edge.yaml"
	# or it would show nothing
	jq -r '[.verdict, .path // .kind // .reason] | join(" ")' "$DIR/replayed" | sort | uniq -c |
		awk '{ print $2, $3, $1 }' >"$DIR/ways"
	same "$(cat <<-'END'
		drop ethertype 1
		drop fragment 3
		drop malformed 1
		drop no-rule 5
		drop payload 1
		drop rate-limit 1
		drop unrelated-icmp 1
		pass arp 2
		pass forward 10
		pass fragment 1
		pass icmp-error 1
		pass reply 6
		unknown truncated 3
	END
	)" "$(<"$DIR/ways")"
	run "$EDGEGATE" explain --json "$DIR/edge.yaml" --capture "$DIR/play.pcap" --packet 37
	[[ $status == 1 && $output == *'play.pcap: the capture has only 36 packets'* ]]
}

@test "explain --capture: bare IP, several chunks, standard input, a guessed host" {
	local i
	capture_begin "$DIR/raw.pcap" 101
	capture_add "$DIR/raw.pcap" 0 "$(ip4_bare 17 "$HOST4" "$FAR4" "$(datagram 40000 3478)")"
	capture_add "$DIR/raw.pcap" 1 "$(ip4_bare 17 "$FAR4" "$HOST4" "$(datagram 3478 40000)")"
	capture_add "$DIR/raw.pcap" 1 "$(ip4_bare 17 "$FAR4" "$HOST4" "$(datagram 3478 40001)")" 20
	agrees '1 2 3' "$DIR/raw.pcap" --host 192.0.2.0/24
	run -0 "$EDGEGATE" explain --host 192.0.2.10 --capture - --packet 2 <"$DIR/raw.pcap"
	[[ $output == *"passes as a reply of rule 'av-stun-out'"* ]]

	# 4,096 packets are a chunk. The flow is of the first one, and so is the guess
	capture_begin "$DIR/long.pcap"
	capture_add "$DIR/long.pcap" 0 "$(ip4 17 "$HOST4" "$FAR4" "$(datagram 40000 3478)")"
	capture_begin "$DIR/one"
	capture_add "$DIR/one" 0 "$(ip4 17 "$FAR4" "$HOST4" "$(datagram 3478 40000)")"
	capture_add "$DIR/one" 1 "$(ip4 17 0a000001 "$HOST4" "$(datagram 3478 40000)")"
	tail -c +25 "$DIR/one" >"$DIR/two"
	for ((i = 0; i < 13; i++)); do
		cat "$DIR/two" "$DIR/two" >"$DIR/four"
		mv "$DIR/four" "$DIR/two"
	done
	cat "$DIR/two" >>"$DIR/long.pcap"
	agrees '1 4096 4097 16385' "$DIR/long.pcap"
	grep -q 'guessed to be 192.0.2.10' "$DIR/explain.said"
	jq -s -e '[.[4095, 4096, 16384].verdict] == ["pass", "drop", "drop"]' "$DIR/replayed"
}

@test "explain --capture: real captures, every eighth packet" {
	local capture captures=${EDGEGATE_CAPTURES-$PWD/../shared/captures} number
	[[ -d $captures ]] || skip 'no captures: set EDGEGATE_CAPTURES'
	for capture in zeek-ipv6-http-atomic-frag.pcap ndpi-dns_fragmented.pcap ndpi-gre.pcapng; do
		number=$("$EDGEGATE" replay --json "$captures/$capture" 2>/dev/null | wc -l)
		agrees "$(seq 1 8 "$number")" "$captures/$capture" lync-2013-public-im host-basics
	done
}

@test "explain --capture: the answer says which packet, and why there is no verdict" {
	play_write "$DIR/play.pcap"
	ask() { "$EDGEGATE" explain "$DIR/edge.yaml" --host 192.0.2.10 --capture "$DIR/play.pcap" --packet "$@"; }
	same "packet 5: in udp 198.51.100.7:3478 > 192.0.2.10:40000 len=42
is dropped: no-rule (no rule for this protocol, port and direction)
decided by: the end: nothing lets it pass
nearest: rule 'stun-out' lets such replies in, but there is no live flow: the host has sent nothing lately that this answers" "$(ask 5)"
	[[ $(ask 14) == *"nearest: rule 'sip-in' allows tcp 5061 in, but no more than 1/s, burst 2"* ]]
	[[ $(ask 34) == *"nearest: rule 'media-in' allows udp 5000 in, but only with a payload of udp-media"* ]]
	same "packet 28: in tcp 198.51.100.7:443 > 192.0.2.10:40001 flags=none len=54
gets no verdict: truncated (the capture has 40 bytes of it, its headers take 54; tcpdump -s 0 keeps all)
decided by: nothing: the capture has too little of it" "$(ask 28)"
	# judged by the length that it had
	[[ $(ask 29) == "packet 29: in tcp 198.51.100.7:443 > 192.0.2.10:40001 flags=PA len=114
passes as a reply of rule 'web-out'"* ]]
	[[ $(ask 33) == 'packet 33: in, neither IP nor ARP that can be read'* ]]
	[[ $(ask 33 --json | jq -S -c .) == '{"direction":"in","mode":null,"n":33,"nearest":null,"reason":"malformed","step":"headers","verdict":"drop","version":1}' ]]
}

@test "explain --capture -i: the policy in force meets the capture, and nothing of the gate moves" {
	net_begin
	net_pair
	gate host apply -i gate0 lync-2013-public-im
	local before number
	before=$(gate_stats host | jq -S '[.rules, .flows]')
	for number in 2 5; do
		same "$("$EDGEGATE" explain --json --host 192.0.2.10 --capture "$DIR/s.pcap" --packet $number |
			jq -S '.mode = "enforce"')" \
			"$(gate host explain --json -i gate0 --host 192.0.2.10 --capture "$DIR/s.pcap" --packet $number | jq -S .)"
	done
	same "$before" "$(gate_stats host | jq -S '[.rules, .flows]')"
	# a flow of the gate is none of the capture: packet 2 stands first in this one
	in_ns host socat -u - UDP:192.0.2.1:3478,bind=192.0.2.10:40000 <<<x
	# shellcheck disable=SC2016 # evaluated anew each time
	wait_until eval '(($(rule_count host av-stun-out packets) > 0))'
	[[ $(gate host explain -i gate0 'in udp 192.0.2.1:3478 > 192.0.2.10:40000') == *'passes as a reply'* ]]
	capture_begin "$DIR/reply.pcap"
	capture_add "$DIR/reply.pcap" 0 "$(ip4 17 c0000201 "$HOST4" "$(datagram 3478 40000)")"
	[[ $(gate host explain -i gate0 --host 192.0.2.10 --capture "$DIR/reply.pcap" --packet 1) == *'is dropped: no-rule'* ]] ||
		fail "$(gate host explain -i gate0 --host 192.0.2.10 --capture "$DIR/reply.pcap" --packet 1)"
}

@test "explain --capture: wrong questions and damaged files are refused, with what is right" {
	refused() { # STATUS PATTERN ARGUMENT...
		local expected=$1 pattern=$2
		shift 2
		run --separate-stderr "-$expected" "$EDGEGATE" explain "$@"
		# shellcheck disable=SC2053 # a pattern
		[[ -z $output && $stderr == $pattern ]] || fail "$*: $stderr"
		[[ $(wc -l <<<"$stderr") -ge 2 ]]
	}
	refused 2 '*--capture needs --packet*' --capture "$DIR/s.pcap"
	refused 2 '*--packet needs --capture*' --packet 1
	refused 2 '*--packet needs --capture*' --packet 1 "$DIR/s.pcap"
	refused 2 "*--packet: '0' is no packet's number*counted from 1*" --capture "$DIR/s.pcap" --packet 0
	refused 2 "*'1x' is no packet's number*" --capture "$DIR/s.pcap" --packet 1x
	refused 2 "*'18446744073709551616' is no packet's number*" --capture "$DIR/s.pcap" --packet 18446744073709551616
	refused 2 '*one packet: in words, or of a capture*' --capture "$DIR/s.pcap" --packet 1 'in arp 192.0.2.1 > 192.0.2.10'
	refused 2 "*'in ...' or 'out ...'*" --host 192.0.2.10 'in arp 192.0.2.1 > 192.0.2.10'
	refused 2 '*standard input can be read only once*' --capture - --packet 1 - <"$DIR/s.pcap"
	refused 2 "*--host: '192.0.2.256' is no address*" --capture "$DIR/s.pcap" --packet 1 --host 192.0.2.256
	refused 2 "*there is no policy 'nobodys'*" nobodys --capture "$DIR/s.pcap" --packet 1
	refused 1 '*the capture has only 6 packets*' --capture "$DIR/s.pcap" --packet 7 --host 192.0.2.10
	refused 1 '*the capture has only 6 packets*' --capture "$DIR/s.pcap" --packet 18446744073709551615 --host 192.0.2.10
	refused 1 '*none.pcap: cannot open it: No such file*' --capture "$DIR/none.pcap" --packet 1
	refused 1 "*$DIR: cannot open it: Is a directory*" --capture "$DIR" --packet 1
	refused 1 '*it is no capture: *pcap or pcapng*' --capture "$DIR/edge.yaml" --packet 1
	head -c 24 "$DIR/s.pcap" >"$DIR/empty.pcap"
	refused 1 '*the capture has no packets*' --capture "$DIR/empty.pcap" --packet 1
	capture_begin "$DIR/one.pcap"
	capture_add "$DIR/one.pcap" 0 "$(arp "$HOST4" "$FAR4")"
	refused 1 '*the capture has only 1 packet'$'\n''*' --capture "$DIR/one.pcap" --packet 2 --host 192.0.2.10
	capture_begin "$DIR/wlan.pcap" 105
	refused 1 '*link type, IEEE802_11 (105), is not known*' --capture "$DIR/wlan.pcap" --packet 1
	gzip -k "$DIR/s.pcap"
	refused 1 '*it is compressed: zcat FILE | edgegate explain*' --capture "$DIR/s.pcap.gz" --packet 1
	# damage is no matter to those in front of it
	head -c $((24 + 2 * 58 + 30)) "$DIR/s.pcap" >"$DIR/cut.pcap"
	run -0 "$EDGEGATE" explain --host 192.0.2.10 --capture "$DIR/cut.pcap" --packet 2
	[[ $output == 'packet 2: in udp '* ]]
	for number in 3 99; do
		refused 1 '*cut.pcap: packet 3: *damaged from there on; packets can be asked about up to number 2' \
			--host 192.0.2.10 --capture "$DIR/cut.pcap" --packet $number
	done
	head -c 30 "$DIR/s.pcap" >"$DIR/cut.pcap"
	refused 1 '*cut.pcap: packet 1: *no packet of the file can be read*' --capture "$DIR/cut.pcap" --packet 1
	run --separate-stderr -1 setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$EDGEGATE" explain --capture - --packet 1 <"$DIR/s.pcap"
	[[ $stderr == *'run edgegate as root'* ]]
}
