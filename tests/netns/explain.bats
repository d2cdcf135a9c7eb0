#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Questions to the real program: of a policy, and of a gate in force, which they must leave alone.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

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

@test "explain: wrong questions are refused, with what is right" {
	run explain
	[[ $status == 2 && $output == *'it needs a packet'* ]]
	run explain 'in tpc 198.51.100.7:1 > 192.0.2.10:2'
	[[ $status == 2 && $output == *"did you mean 'tcp'"* ]]
	run explain 'in hex 0'
	[[ $status == 2 && $output == *'two digits a byte'* ]]
	run gate host explain -i gate0 'in tcp 198.51.100.7:1 > 192.0.2.10:2'
	[[ $status == 1 && $output == *'gate0 has no gate'* ]]
	run explain -i gate0 host-basics 'in tcp 198.51.100.7:1 > 192.0.2.10:2'
	[[ $status == 2 && $output == *'no policy'* ]]
	run explain 'in tcp 198.51.100.7:1 > 192.0.2.10:2 len=20'
	[[ $status == 2 && $output == *'less than the 54 bytes'* ]]
	run setpriv --reuid 65534 --clear-groups "$EDGEGATE" explain 'in tcp 198.51.100.7:1 > 192.0.2.10:2'
	[[ $status == 1 && $output == *'run edgegate as root'* ]]
}

@test "expect: run by check and before apply, and what fails stops the apply" {
	local policy=$BATS_TEST_TMPDIR/edge.yaml
	cat >"$policy" <<-'END'
		policy: edge
		groups: {edge: [192.0.2.10], all: [any]}
		rules:
		  - {name: web, direction: in, protocol: tcp, ports: 443, to: edge}
		expect:
		  - pass in tcp all:40000 > edge:443
		  - drop in tcp all:40000 > edge:80
	END
	run "$EDGEGATE" check "$policy"
	[[ $status == 0 && $output == *'2 expectations: as expected'* ]]
	[[ $("$EDGEGATE" check --json "$policy" | jq -c .expectations) == '{"count":2,"run":2}' ]]
	run setpriv --reuid 65534 --clear-groups "$EDGEGATE" check - <"$policy"
	[[ $status == 0 && $output == *'2 expectations: not run; that takes root'* ]]
	gate host apply -i gate0 "$policy"
	local before
	before=$(gate host status --json)
	echo '  - pass in tcp all:40000 > edge:8443' >>"$policy"
	run "$EDGEGATE" check "$policy"
	[[ $status == 2 && $output == *'edge.yaml:8:5: expected to pass, but it is dropped: no-rule'* ]]
	[[ $output == *"rule 'web' allows tcp 443 in"* ]]
	run gate host apply -i gate0 "$policy"
	[[ $status == 2 && $output == *'expected to pass'* ]]
	[[ $(gate host status --json) == "$before" ]]
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
