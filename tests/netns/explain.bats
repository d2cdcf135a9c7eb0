#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Questions to the real program: of a policy, and of a gate in force, which they must leave alone.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/replay.bash
load ../lib/frames.bash

setup() {
	net_begin
	net_pair
}

teardown() { net_end; }

explain() { # ARGUMENT...
	"$EDGEGATE" explain "$@"
}

# The verdict of a packet, as JSON has it: "drop address", "pass rule access-sip-mtls-in".
verdict() { # ARGUMENT...
	explain --json "$@" | jq -r '"\(.verdict) \(.reason // .kind // (.path + " " + .rule))"'
}

asked() { # EXPECTED ARGUMENT...
	local expected=$1 got
	shift
	got=$(verdict "$@")
	[[ $got == "$expected" ]] || fail "$*: $got, not $expected"
}

@test "explain: a policy is asked, by words and by bytes" {
	asked 'pass forward access-sip-mtls-in' 'in tcp 198.51.100.7:40000 > 192.0.2.10:5061'
	asked 'drop no-rule' 'in tcp 198.51.100.7:40000 > 192.0.2.10:22'
	asked 'drop address' --group access-edge=192.0.2.10 'in tcp 198.51.100.7:40000 > 192.0.2.11:5061'
	asked 'drop martian' 'in tcp 127.0.0.1:40000 > 192.0.2.10:5061'
	asked 'drop bad-tcp-flags' 'in tcp 198.51.100.7:40000 > 192.0.2.10:5061 flags=SF'
	asked 'drop malformed' 'in tcp 198.51.100.7:40000 > 192.0.2.10:5061 vlan=1 vlan=2 vlan=3'
	asked 'pass arp' 'in arp 192.0.2.1 > 192.0.2.10'
	asked 'pass neighbor-discovery' 'in icmpv6 fe80::1 > ff02::1 type=134'
	asked 'drop malformed' 'in hex 020000000001 020000000002 0800'
	asked 'pass reply av-stun-out' 'in udp 198.51.100.7:3478 > 192.0.2.10:40000 after out udp 192.0.2.10:40000 > 198.51.100.7:3478'
	asked 'drop no-rule' 'in udp 198.51.100.7:3478 > 192.0.2.10:40000 wait=5m after out udp 192.0.2.10:40000 > 198.51.100.7:3478'
	asked 'pass icmp-error' 'in icmp 203.0.113.1 > 192.0.2.10 type=3 code=4 about udp 192.0.2.10:40000 > 198.51.100.7:3478 after out udp 192.0.2.10:40000 > 198.51.100.7:3478'
	run explain 'in tcp 198.51.100.7:40000 > 192.0.2.10:22'
	[[ $output == *"nearest: rule 'access-sip-mtls-in' allows tcp 5061 in"* ]]
}

@test "explain: what is in force is asked, with its flows, and nothing of it moves" {
	gate host apply -i gate0 --group partners=192.0.2.1 lync-2013-public-im host-basics
	in_ns host socat -u - UDP:192.0.2.1:53,bind=192.0.2.10:41000 <<<x
	# it waits for its neighbor's address before it goes out
	until (($(rule_count host dns-udp-out packets) > 0)); do sleep 0.1; done
	local before after
	before=$(gate host stats -i gate0 --json)
	live() { gate host explain --json -i gate0 "$1" | jq -r '"\(.verdict) \(.reason // .kind // (.path + " " + .rule))"'; }
	[[ $(live 'in udp 192.0.2.1:53 > 192.0.2.10:41000') == 'pass reply dns-udp-out' ]]
	[[ $(live 'in udp 192.0.2.1:53 > 192.0.2.10:41001') == 'drop no-rule' ]]
	[[ $(live 'in udp 192.0.2.1:53 > 192.0.2.10:41000 wait=5m') == 'drop no-rule' ]]
	[[ $(live 'in icmp 192.0.2.9 > 192.0.2.10 type=3 about udp 192.0.2.10:41000 > 192.0.2.1:53') == 'pass icmp-error' ]]
	[[ $(live 'in tcp 192.0.2.1:40000 > 192.0.2.10:5061') == 'pass forward access-sip-mtls-in' ]]
	[[ $(live 'in tcp 192.0.2.2:40000 > 192.0.2.10:5061') == 'drop address' ]]
	# a packet that goes out here makes no flow there
	[[ $(live 'out udp 192.0.2.10:41002 > 192.0.2.1:53') == 'pass forward dns-udp-out' ]]
	[[ $(live 'in udp 192.0.2.1:53 > 192.0.2.10:41002') == 'drop no-rule' ]]
	after=$(gate host stats -i gate0 --json)
	# neighbor discovery and ARP may come at any time: rules and drops are compared
	diff <(jq -S '.gates[0] | [.rules, .flows]' <<<"$before") <(jq -S '.gates[0] | [.rules, .flows]' <<<"$after")
}

# What a gate answers, as `verdict` has it.
live() { # PACKET
	gate host explain --json -i gate0 "$1" | jq -r '"\(.verdict) \(.reason // .kind // (.path + " " + .rule))"'
}

@test "explain -i: the nearest rule is told as of the policy itself" {
	local packet policy=(lync-2013-public-im host-basics --group partners=198.51.100.0/24)
	policy+=(--group "access-edge=192.0.2.10,2001:db8::10")
	gate host apply -i gate0 "${policy[@]}"
	[[ $(gate host explain -i gate0 'in tcp 203.0.113.7:40000 > 192.0.2.10:5061') == \
		*$'\n'"nearest: rule 'access-sip-mtls-in' allows tcp 5061 in, but from partners only: 198.51.100.0/24"$'\n'* ]]
	for packet in 'in tcp 203.0.113.7:1 > 192.0.2.11:5061' 'in tcp [2001:db8::7]:1 > [2001:db8::10]:5061' \
		'in udp 203.0.113.7:53 > 192.0.2.10:4000' 'out tcp 192.0.2.10:40000 > 198.51.100.7:25' \
		'in icmp 203.0.113.7 > 192.0.2.10' 'in 47 203.0.113.7 > 192.0.2.10'; do
		same "$("$EDGEGATE" explain --json "${policy[@]}" "$packet" | jq -S '.mode = "enforce"')" \
			"$(gate host explain --json -i gate0 "$packet" | jq -S .)"
	done
}

@test "explain -i: what monitor mode does with a verdict is said" {
	local packet='in tcp 203.0.113.7:40000 > 192.0.2.10:22'
	gate host apply -i gate0 --mode monitor lync-2013-public-im
	same "in tcp 203.0.113.7:40000 > 192.0.2.10:22 flags=S
would be dropped: no-rule (no rule for this protocol, port and direction); the gate is in monitor mode, so it passes and is counted
decided by: the end: nothing lets it pass
nearest: rule 'access-sip-mtls-in' allows tcp 5061 in
mode: monitor" "$(gate host explain -i gate0 "$packet")"
	gate host explain --json -i gate0 "$packet" | jq -e '.verdict == "drop" and .mode == "monitor"'
	[[ $(gate host explain -i gate0 'in tcp 203.0.113.7:40000 > 192.0.2.10:443') == \
		*"passes by rule 'access-sip-tls-in'"*'mode: monitor' ]]
	gate host apply -i gate0 lync-2013-public-im
	[[ $(gate host explain -i gate0 "$packet") == *$'\nis dropped: no-rule '*'mode: enforce' ]]
	# a policy is in no mode
	[[ $("$EDGEGATE" explain "$packet") != *mode* ]]
	[[ $("$EDGEGATE" explain --json "$packet" | jq -c .mode) == null ]]
}

@test "explain -i: without a policy in force everything passes, and that is said" {
	gate host apply -i gate0 lync-2013-public-im
	in_ns host tests/lib/no-policy gate0
	same "in tcp 203.0.113.7:40000 > 192.0.2.10:22 flags=S
passes: no policy is in force, so nothing is judged or counted
decided by: nothing: there is no policy
mode: none" "$(gate host explain -i gate0 'in tcp 203.0.113.7:40000 > 192.0.2.10:22')"
	same '{"direction":"in","mode":"none","nearest":null,"step":"nothing: there is no policy","verdict":"pass","version":1}' \
		"$(gate host explain --json -i gate0 'in hex 0200000000010200000000020800' | jq -S -c .)"
	capture_begin "$NET_DIR/cut.pcap"
	capture_add "$NET_DIR/cut.pcap" 0 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 443 40001 18)")" 40
	[[ $(gate host explain --json -i gate0 --host 192.0.2.10 --capture "$NET_DIR/cut.pcap" --packet 1 |
		jq -r .verdict) == pass ]]
	# the question is read all the same
	run gate host explain -i gate0 'in tcp 203.0.113.7:40000 > 192.0.2.10'
	[[ $status == 2 && $output == *'has no port'* ]]
}

@test "explain -i: live flows, fragments and limits of IPv4 and IPv6, behind tags, in words and in hex" {
	cat >"$NET_DIR/live.yaml" <<-'END'
		policy: live
		rules:
		  - {name: dns-out, direction: out, protocol: udp, ports: 53}
		  - {name: ping-out, direction: out, protocol: icmp, types: echo-request}
		  - {name: ping6-out, direction: out, protocol: icmpv6, types: echo-request}
		  - {name: sip-in, direction: in, protocol: tcp, ports: 5061, limit: {rate: 1/m, burst: 2, per: source}}
		  - {name: media-in, direction: in, protocol: udp, ports: 3478}
	END
	gate host apply -i gate0 "$NET_DIR/live.yaml"
	udp_serve host 3478
	tcp_serve host 5061
	in_ns host socat -u - UDP:192.0.2.1:53,bind=192.0.2.10:41000 <<<x
	in_ns host socat -u - 'UDP:[2001:db8::1]:53,bind=[2001:db8::10]:41000' <<<x
	in_ns host ping -q -c 1 -W 1 -e 4242 192.0.2.1
	in_ns host ping -q -c 1 -W 1 -e 4242 2001:db8::1
	wait_until flows_are 4
	local flow='udp 192.0.2.10:41000 > 192.0.2.1:53' six='udp [2001:db8::10]:41000 > [2001:db8::1]:53'
	asked() { # EXPECTED PACKET
		local got
		got=$(live "$2")
		[[ $got == "$1" ]] || fail "$2: $got, not $1"
	}
	asked 'pass reply dns-out' 'in udp 192.0.2.1:53 > 192.0.2.10:41000 vlan=7 vlan=8'
	asked 'drop malformed' 'in udp 192.0.2.1:53 > 192.0.2.10:41000 vlan=7 vlan=8 vlan=9'
	asked 'pass reply dns-out' 'in udp [2001:db8::1]:53 > [2001:db8::10]:41000'
	asked 'drop no-rule' 'in udp [2001:db8::1]:53 > [2001:db8::10]:41001'
	asked 'pass reply ping-out' 'in icmp 192.0.2.1 > 192.0.2.10 type=echo-reply echo=4242'
	asked 'drop no-rule' 'in icmp 192.0.2.1 > 192.0.2.10 type=echo-reply echo=4243'
	asked 'pass reply ping6-out' 'in icmpv6 2001:db8::1 > 2001:db8::10 type=echo-reply echo=4242'
	# errors that quote them, in either direction
	asked 'pass icmp-error' "in icmp 203.0.113.1 > 192.0.2.10 type=11 about $flow"
	asked 'drop unrelated-icmp' "in icmp 203.0.113.1 > 192.0.2.10 type=11 about ${flow/41000/41001}"
	asked 'pass icmp-error' 'in icmp 203.0.113.1 > 192.0.2.10 type=3 about icmp 192.0.2.10 > 192.0.2.1 echo=4242'
	asked 'pass icmp-error' "in icmpv6 2001:db8::99 > 2001:db8::10 type=packet-too-big about $six"
	asked 'drop unrelated-icmp' "in icmpv6 2001:db8::99 > 2001:db8::10 type=2 about ${six/41000/41001}"
	asked 'pass icmp-error' 'out icmp 192.0.2.10 > 192.0.2.1 type=3 about udp 192.0.2.1:53 > 192.0.2.10:41000'
	asked 'drop unrelated-icmp' 'out icmp 192.0.2.10 > 192.0.2.1 type=3 about udp 192.0.2.1:54 > 192.0.2.10:41000'
	# the same in hex, and with what was sent before it
	local quote
	quote=$(ip4_bare 17 "$HOST4" c0000201 "$(datagram 41000 53)")
	asked 'pass icmp-error' "in hex $(ip4 1 cb007101 "$HOST4" "0b00000000000000$quote")"
	quote=$(ip4_bare 17 "$HOST4" c0000201 "$(datagram 41001 53)")
	asked 'drop unrelated-icmp' "in hex $(ip4 1 cb007101 "$HOST4" "0b00000000000000$quote")"
	asked 'pass icmp-error' "in hex $(ip4 1 cb007101 "$HOST4" "0b00000000000000$quote") after out ${flow/41000/41001}"
	# a later fragment says nothing of the flow by which its first one passes
	asked 'pass fragment' "in hex $(ip4 17 c0000201 "$HOST4" 0011223344556677 0001 5) after in udp 192.0.2.1:53 > 192.0.2.10:41000 frag=0+ id=5"
	asked 'drop fragment' "in hex $(ip4 17 c0000201 "$HOST4" 0011223344556677 0001 5) after in udp 192.0.2.1:53 > 192.0.2.10:41001 frag=0+ id=5"
	# `after` goes on from what the gate remembers: a packet of the host prolongs a flow, five minutes on
	asked 'drop no-rule' 'in udp 192.0.2.1:53 > 192.0.2.10:41000 wait=5m'
	asked 'pass reply dns-out' "in udp 192.0.2.1:53 > 192.0.2.10:41000 wait=4m after out $flow wait=4m"
	# a limit's bucket, as it is now: two tokens a source
	tcp_try peer 192.0.2.10 5061
	asked 'pass forward sip-in' 'in tcp 192.0.2.1:4 > 192.0.2.10:5061'
	tcp_try peer 192.0.2.10 5061
	asked 'drop rate-limit' 'in tcp 192.0.2.1:4 > 192.0.2.10:5061'
	asked 'pass forward sip-in' 'in tcp 192.0.2.2:4 > 192.0.2.10:5061'
	[[ $(gate host explain -i gate0 'in tcp 192.0.2.1:4 > 192.0.2.10:5061') == \
		*"nearest: rule 'sip-in' allows tcp 5061 in, but no more than 1/m, burst 2, per source"* ]]
	# fragments of a datagram that came in: the last of them again, byte by byte
	local address filter last
	for address in 192.0.2.10 '[2001:db8::10]'; do
		filter='ip[6:2] & 0x1fff != 0'
		[[ $address != *:* ]] || filter='ip6[6] == 44 and ip6[42:2] & 0xfff8 != 0'
		net_start peer tcpdump -U -i wire0 -c 2 -w "$NET_DIR/last.pcap" "$filter"
		wait_until test -s "$NET_DIR/last.pcap"
		head -c 4000 /dev/zero | in_ns peer socat -b 4000 -u - "UDP:$address:3478"
		wait "$NET_PID"
		last=$(tcpdump -r "$NET_DIR/last.pcap" -c 1 -t -xx 2>/dev/null | sed -n 's/^\s*0x[0-9a-f]*: *//p' | tr -d ' \n')
		((${#last} > 100))
		asked 'pass fragment' "in hex $last"
		rm "$NET_DIR/last.pcap"
	done
	# DHCP: an answer to the host's own request
	asked 'drop no-rule' 'in udp 192.0.2.1:67 > 192.0.2.10:68'
	in_ns host socat -u - UDP-DATAGRAM:255.255.255.255:67,broadcast,bind=192.0.2.10:68 <<<x
	asked 'pass dhcp' 'in udp 192.0.2.1:67 > 192.0.2.10:68'
	asked 'drop no-rule' 'in udp 192.0.2.1:67 > 192.0.2.10:68 wait=61s'
	# another packet's
	asked 'drop fragment' 'in udp 192.0.2.1:9 > 192.0.2.10:3478 frag=1480 id=9'
}

flows_are() { # NUMBER
	(($(gate host flows --json -i gate0 | jq '.gates[0].flows | length') == $1))
}

@test "explain: wrong questions are refused, with what is right" {
	run explain
	[[ $status == 2 && $output == *'it needs a packet'* ]]
	run explain 'in tpc 198.51.100.7:1 > 192.0.2.10:2'
	[[ $status == 2 && $output == *"did you mean 'tcp'"* ]]
	run explain in tcp 198.51.100.7:1 '>' 192.0.2.10:2
	[[ $status == 2 && $output == *'in one argument'*'in quotes'* ]]
	run explain ''
	[[ $status == 2 && $output == *'it needs a packet'* ]]
	run explain ' '
	[[ $status == 2 && $output == *"begins with 'in' or 'out'"* ]]
	run explain "'in tcp 198.51.100.7:1 > 192.0.2.10:2'"
	[[ $status == 2 && $output == *"begins with 'in' or 'out'"* ]]
	run explain 'after out udp 192.0.2.10:1 > 198.51.100.7:3478'
	[[ $status == 2 && $output == *"begins with 'in' or 'out', not 'after'"* ]]
	run explain 'in tcp 198.51.100.7:1 > 192.0.2.10:2 after'
	[[ $status == 2 && $output == *"begins with 'in' or 'out'"* ]]
	run explain 'in udp 198.51.100.7:1 > 192.0.2.10:2 frag=4 id=1'
	[[ $status == 2 && $output == *'a multiple of 8'* ]]
	run explain 'in tcp [2001:db8::1]:1 > 192.0.2.10:2'
	[[ $status == 2 && $output == *'one end is IPv4, the other IPv6'* ]]
	run explain "in tcp 198.51.100.7:1 > 192.0.2.10:2 $(printf 'wait=30d after in arp 192.0.2.1 > 192.0.2.10 %.0s' {1..400})wait=30d"
	[[ $status == 2 && $output == *'its waits come to decades'* ]]
	run gate host explain -i gate0 'in tcp 198.51.100.7:1 > 192.0.2.10:2'
	[[ $status == 1 && $output == *'there is no gate on gate0'* ]]
	run explain -i gate0 host-basics 'in tcp 198.51.100.7:1 > 192.0.2.10:2'
	[[ $status == 2 && $output == *'no policy'* ]]
	run explain 'in tcp 198.51.100.7:1 > 192.0.2.10:2 len=20'
	[[ $status == 2 && $output == *'less than the 54 bytes'*"edgegate explain 'in hex BYTES'"* ]]
	run setpriv --reuid 65534 --clear-groups "$EDGEGATE" explain 'in tcp 198.51.100.7:1 > 192.0.2.10:2'
	[[ $status == 1 && $output == *'run edgegate as root'* ]]
}

@test "explain: frames in hex, from the smallest to the largest, and what is wrong with them" {
	asked 'drop malformed' 'in hex 00'
	asked 'drop malformed' 'out hex 0200000000010200000000020800'
	asked 'drop malformed' $'\tin\thex\n02:00:00:00:00:01 02:00:00:00:00:02\n08:06\n'
	asked 'drop ethertype' 'in hex 02000000000102000000000288b5'
	asked 'pass forward access-sip-mtls-in' "in hex $(ip4 6 "$FAR4" "$HOST4" "$(segment 40000 5061 02)")"
	asked 'pass forward access-sip-mtls-in' "in hex $(vlan 7 "$(ip4 6 "$FAR4" "$HOST4" "$(segment 40000 5061 02)")")"
	asked 'pass reply av-stun-out' "in hex $(ip6 17 "$FAR6" "$HOST6" "$(datagram 3478 40000)") after out udp [2001:db8::10]:40000 > [2001:db8:1::7]:3478"
	# on either side of what a batch takes, and as much as an argument of 128 KiB holds
	local size
	for size in 3000 3358 3359 65400; do
		asked 'pass forward av-stun-in' "in hex $(ip4 17 "$FAR4" "$HOST4" "$(datagram 9 3478 "$(printf "%0$((size * 2))d" 0)")")"
		asked 'pass forward av-stun-in' "in udp 198.51.100.7:9 > 192.0.2.10:3478 len=$((size + 42))"
	done
	asked 'pass forward av-stun-in' 'in udp 198.51.100.7:9 > 192.0.2.10:3478 len=65549'
	wrong() { # PATTERN PACKET
		run explain "$2"
		# shellcheck disable=SC2053 # a pattern
		[[ $status == 2 && $output == $1 ]] || fail "$2: $output"
	}
	wrong '*packet:1:7: the frame?s bytes are missing*two digits a byte*' 'in hex'
	wrong '*packet:1:9: half a byte*two digits a byte*' 'in hex 0'
	wrong '*packet:1:12: half a byte*' 'in hex 00 1 1'
	wrong '*packet:1:9: this is no hex digit*' 'in hex 0x00'
	wrong '*packet:2:3: this is no hex digit*' $'in hex 00\n 0_'
	wrong '*packet:1:41: *not ?uot?*' 'in hex 02000000000102000000000208 after uot udp 192.0.2.10:1 > 198.51.100.7:3478'
	wrong '*packet:1:42: a packet begins with*' 'in hex 0200000000010200000000020800 after'
}

@test "expect: run by check and before apply, and what fails stops the apply" {
	local file=$BATS_TEST_TMPDIR/edge.yaml
	cat >"$file" <<-'END'
		policy: edge
		groups: {edge: [192.0.2.10], all: [any]}
		rules:
		  - {name: web, direction: in, protocol: tcp, ports: 443, to: edge}
		expect:
		  - pass in tcp all:40000 > edge:443
		  - drop in tcp all:40000 > edge:80
	END
	run "$EDGEGATE" check "$file"
	[[ $status == 0 && $output == *'2 expectations: as expected'* ]]
	[[ $("$EDGEGATE" check --json "$file" | jq -c .expectations) == '{"count":2,"run":2}' ]]
	run setpriv --reuid 65534 --clear-groups "$EDGEGATE" check - <"$file"
	[[ $status == 0 && $output == *'2 expectations: not run; that takes root'* ]]
	gate host apply -i gate0 "$file"
	local before
	before=$(gate host status --json -i gate0)
	echo '  - pass in tcp all:40000 > edge:8443' >>"$file"
	run "$EDGEGATE" check "$file"
	[[ $status == 2 && $output == *'edge.yaml:8:5: expected to pass, but it is dropped: no-rule'* ]]
	[[ $output == *"rule 'web' allows tcp 443 in"* ]]
	run gate host apply -i gate0 "$file"
	[[ $status == 2 && $output == *'expected to pass'* ]]
	[[ $(gate host status --json -i gate0) == "$before" ]]
}

# The clock of limits counts parts of a nanosecond: 430 questions a month apart, and it has gone round.
@test "expect: as many as one likes, with limits" {
	{
		printf '%s\n' 'policy: many' 'rules:' \
			'  - {name: web, direction: in, protocol: tcp, ports: 443, limit: {rate: 1/m}}' 'expect:'
		printf '  - pass in tcp 198.51.100.7:%d > 192.0.2.10:443\n' {1..900}
		echo '  - drop in tcp 198.51.100.7:1 > 192.0.2.10:443 after in tcp 198.51.100.7:2 > 192.0.2.10:443'
	} >"$NET_DIR/many.yaml"
	run "$EDGEGATE" check "$NET_DIR/many.yaml"
	[[ $status == 0 && $output == *'901 expectations: as expected'* ]]
}

@test "expect: all shipped policies hold, alone, together, and with groups filled" {
	local name
	for name in $("$EDGEGATE" policies --json | jq -r '.policies[].name'); do
		run "$EDGEGATE" check "$name"
		[[ $status == 0 && $output == *'expectations: as expected'* ]]
	done
	run "$EDGEGATE" check lync-2013-public-im host-basics --group access-edge=2001:db8::10 --group host=192.0.2.10
	[[ $status == 0 && $output == *'expectations: as expected'* ]]
}
