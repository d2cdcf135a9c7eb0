#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# edgegate flows: what a real gate remembers of real conversations, and forgets when asked.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_pair
	cat >"$NET_DIR/flows.yaml" <<-'END'
		policy: flows
		groups: {partners: [198.51.100.7]}
		rules:
		  - {name: partners-out, direction: out, protocol: tcp, ports: 5061, to: partners}
		  - {name: tcp-out, direction: out, protocol: tcp, ports: 5000-5999}
		  - {name: relay-out, direction: out, protocol: udp, ports: 40000, port-of: source, peer-ports: 7000-7999}
		  - {name: udp-out, direction: out, protocol: udp, ports: 7777}
		  - {name: web-in, direction: in, protocol: tcp, ports: 443}
		essentials: {ping: true}
		flows: {timeouts: {tcp: 2h4m, tcp-transitory: 4m, udp: 5m, icmp: 1m, other: 10m}}
	END
}

teardown() { net_end; }

flows() { # ARGUMENTS...
	gate host flows -i gate0 "$@"
}

# The flows as lines of what names them.
listed() { # ARGUMENTS...
	flows --json "$@" | jq -r '.gates[].flows[] |
		"\(.rule) \(.protocol) \(.local) \(.local_port) \(.remote) \(.remote_port) \(.state)"'
}

@test "flows: each conversation with its rule, its state and what is left of it" {
	tcp_serve peer 5061 5070
	udp_serve peer 7777
	gate host apply -i gate0 "$NET_DIR/flows.yaml"
	[[ $(flows) == *'gate0  0 flows' ]]
	tcp_try host 198.51.100.7 5061 sourceport=41001
	tcp_try host 198.51.100.8 5061 sourceport=41002
	tcp_try host 2001:db8:1::7 5070 sourceport=41003
	udp_try host 192.0.2.1 7777 sourceport=40000
	udp_try host 192.0.2.1 7777 sourceport=41004
	udp_try host 2001:db8::1 7777 sourceport=41004
	ping_try host 198.51.100.8
	# in the order of the rules, then IPv4 before IPv6, then by address
	listed | sed 's/ [a-z-]*$//' >"$NET_DIR/listed"
	diff - "$NET_DIR/listed" <<-'END'
		partners-out tcp 192.0.2.10 41001 198.51.100.7 5061
		tcp-out tcp 192.0.2.10 41002 198.51.100.8 5061
		tcp-out tcp 2001:db8::10 41003 2001:db8:1::7 5070
		relay-out udp 192.0.2.10 40000 192.0.2.1 7777
		udp-out udp 192.0.2.10 41004 192.0.2.1 7777
		udp-out udp 2001:db8::10 41004 2001:db8::1 7777
		null icmp 192.0.2.10 null 198.51.100.8 null
	END
	flows --json | jq -e '[.gates[0].flows[] | select(.protocol == "udp")] | length == 3 and
		all(.[]; .state == null and .timeout_left > 200 and .timeout_left <= 300 and .age < 60)'
	flows --json | jq -e '.gates[0].flows[] | select(.rule == null) |
		.kind == "ping" and (.echo_id | type) == "number" and .timeout_left <= 60'
	# as many as stats counts
	[[ $(gate host stats -i gate0 --json | jq '.gates[0].flows.entries') == 7 ]]
	run --separate-stderr -0 flows
	[[ ${lines[0]} == *'gate0  7 flows' ]]
	[[ ${lines[2]} =~ ^'  partners-out  tcp '.*' 192.0.2.10:41001 > 198.51.100.7:5061'$ ]]
	[[ ${lines[4]} == *'[2001:db8::10]:41003 > [2001:db8:1::7]:5070' ]]
	[[ ${lines[8]} =~ ^'  (ping)        icmp '.*' 192.0.2.10 > 198.51.100.8 id '[0-9]+$ ]]
}

@test "flows: the state of a conversation, from its opening to its end" {
	tcp_serve peer 5061
	gate host apply -i gate0 "$NET_DIR/flows.yaml"
	net_start host socat -u 'EXEC:sleep 60' TCP:198.51.100.7:5061,sourceport=41001
	has() { # STATE PORT
		[[ $(listed --port "$2") == *" $1" ]]
	}
	wait_until has established 41001
	[[ $(listed) == 'partners-out tcp 192.0.2.10 41001 198.51.100.7 5061 established' ]]
	flows --json | jq -e '.gates[0].flows[0].timeout_left | . > 7000 and . <= 7440'
	kill "$NET_PID"
	wait_until has closing 41001
	flows --json | jq -e '.gates[0].flows[0].timeout_left <= 240'
	# nobody answers: it stays where it began
	in_ns peer ip address del 198.51.100.8/32 dev lo
	in_ns peer ip route add blackhole 198.51.100.8/32
	run ! tcp_try host 198.51.100.8 5061 sourceport=41002
	[[ $(listed --port 41002) == *' syn-sent' ]]
}

@test "flows: filters by rule, address, port and protocol, alone and together" {
	tcp_serve peer 5061 5070
	udp_serve peer 7777
	gate host apply -i gate0 "$NET_DIR/flows.yaml"
	tcp_try host 198.51.100.7 5061 sourceport=41001
	tcp_try host 198.51.100.8 5070 sourceport=41002
	udp_try host 2001:db8::1 7777 sourceport=41004
	ping_try host 198.51.100.8
	[[ $(listed --rule partners-out) == *' 41001 '* && $(listed --rule partners-out | wc -l) == 1 ]]
	[[ $(listed --address 198.51.100.8 | wc -l) == 2 ]]
	[[ $(listed --address 198.51.100.0/24 | wc -l) == 3 ]]
	[[ $(listed --address 192.0.2.10 | wc -l) == 3 ]]
	[[ $(listed --address 2001:db8::/63) == *' 41004 '* ]]
	[[ $(listed --address 0.0.0.0/0 | wc -l) == 3 ]]
	[[ -z $(listed --address 203.0.113.0/24) ]]
	[[ $(listed --port 5070) == *' 41002 '* && $(listed --port 41002) == *' 5070 '* ]]
	[[ $(listed --protocol tcp | wc -l) == 2 && $(listed --protocol 17 | wc -l) == 1 ]]
	[[ $(listed --protocol icmp) == 'null icmp '* ]]
	[[ $(listed --protocol tcp --address 198.51.100.8) == *' 41002 '* ]]
	[[ -z $(listed --protocol udp --port 5061) ]]
	# an echo's identifier is no port
	[[ $(listed --port "$(flows --json --protocol icmp | jq '.gates[0].flows[0].echo_id')" --protocol icmp) == '' ]]
}

@test "flows: what is flushed is cut: the reply that comes after it is dropped" {
	udp_serve peer 7777
	gate host apply -i gate0 "$NET_DIR/flows.yaml"
	udp_try host 192.0.2.1 7777 sourceport=41004
	udp_try host 192.0.2.1 7777 sourceport=41005
	# the peer goes on talking; the host listens and says nothing
	net_start host socat -u UDP-RECVFROM:41004,fork "OPEN:$NET_DIR/heard4,creat,append"
	net_start host socat -u UDP-RECVFROM:41005,fork "OPEN:$NET_DIR/heard5,creat,append"
	wait_listen host udp 41004
	wait_listen host udp 41005
	# the server's port is taken by its listener: beside it
	speak() { # WORD PORT
		in_ns peer socat -u - "UDP:192.0.2.10:$2,bind=192.0.2.1:7777,reuseaddr" <<<"$1"
	}
	speak before 41004
	speak before 41005
	wait_until grep -q before "$NET_DIR/heard4"
	wait_until grep -q before "$NET_DIR/heard5"
	run --separate-stderr -0 flows --flush --port 41004
	[[ ${lines[0]} == *'gate0  1 flow flushed' && ${lines[2]} == *'192.0.2.10:41004 > 192.0.2.1:7777' ]]
	[[ $(listed) == 'udp-out udp 192.0.2.10 41005 192.0.2.1 7777 null' ]]
	dropped=$(gate host stats -i gate0 --json | jq '[.gates[0].drops[] | select(.direction == "in") | .packets] | add')
	speak after 41004
	speak after 41005
	wait_until grep -q after "$NET_DIR/heard5"
	[[ $(gate host stats -i gate0 --json | jq '[.gates[0].drops[] | select(.direction == "in") | .packets] | add') == $((dropped + 1)) ]]
	run ! grep -q after "$NET_DIR/heard4"
	# the host's next packet begins anew
	run --separate-stderr -0 flows --flush --rule udp-out --json
	jq -e '.gates[0].flushed == 1 and (.gates[0].flows | length) == 1' <<<"$output"
	[[ -z $(listed) ]]
}

@test "flows: --flush of everything is asked for" {
	udp_serve peer 7777
	gate host apply -i gate0 "$NET_DIR/flows.yaml"
	udp_try host 192.0.2.1 7777
	run --separate-stderr -2 flows --flush
	[[ $stderr == *'flows: it cuts all conversations that the host began on gate0, and nobody is there to ask'*'--yes'* ]]
	[[ $(listed | wc -l) == 1 ]]
	run --separate-stderr -0 flows --flush --yes
	[[ $output == *'1 flow flushed'* ]]
	[[ -z $(listed) ]]
}

@test "flows: those that the policy in force doesn't allow are none; they come back with it" {
	udp_serve peer 7777
	gate host apply -i gate0 "$NET_DIR/flows.yaml"
	udp_try host 192.0.2.1 7777
	gate host apply -i gate0 host-basics
	[[ -z $(listed) && $(gate host stats -i gate0 --json | jq '.gates[0].flows.entries') == 0 ]]
	gate host apply -i gate0 "$NET_DIR/flows.yaml"
	[[ $(listed) == 'udp-out udp '* ]]
}

@test "flows: wrong words are refused by name" {
	gate host apply -i gate0 "$NET_DIR/flows.yaml"
	run --separate-stderr -1 flows --rule partner-out
	[[ $stderr == *"no policy in force has an out rule 'partner-out'"*"did you mean 'partners-out'?"* ]]
	run --separate-stderr -1 flows --rule web-in
	[[ $stderr == *'only what the host begins has a flow'* ]]
	run --separate-stderr -2 flows --address 192.0.2.300
	[[ $stderr == *'--address: '* ]]
	run --separate-stderr -2 flows --port 0
	[[ $stderr == *"--port: '0' is not a port"* ]]
	run --separate-stderr -2 flows --protocol gre
	[[ $stderr == *"--protocol: 'gre' is not a protocol"*"'47'"* ]]
	run --separate-stderr -1 gate peer flows -i wire0
	[[ $stderr == *'there is no gate on wire0'* ]]
	run --separate-stderr -2 flows gate0
	[[ $stderr == *'no other words'* ]]
}
