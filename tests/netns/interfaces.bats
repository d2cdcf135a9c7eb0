#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which interfaces a gate stands on: several, of one name, with a dot, down, held by others.
# shellcheck disable=SC2154 # bats' run sets stderr and stderr_lines

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash

# With no expectations, which take their time: for what is refused whatever the policy says.
setup() {
	net_begin
	net_pair
	SMALL=$NET_DIR/small.yaml
	printf 'policy: small\n' >"$SMALL"
}

teardown() { net_end; }

@test "interfaces: two gates on interfaces of one name don't collide" {
	tcp_serve host 5061 22
	ip -n "$(ns peer)" link set wire0 down
	ip -n "$(ns peer)" link set wire0 name gate0 up
	net_address peer gate0 2001:db8::1/64
	net_route peer default 192.0.2.10 || true
	gate host apply -i gate0
	gate peer apply -i gate0 --mode monitor
	"$EDGEGATE" stats --json | jq -e --arg host "$(ns host)/gate0" --arg peer "$(ns peer)/gate0" \
		'[.gates[].gate] | contains([$host, $peer])'
	[[ $("$EDGEGATE" stats) == *"$(ns host)/gate0"* ]]
	[[ $("$EDGEGATE" status) == *"$(ns peer)/gate0"* ]]
	[[ $(gate_stats host | jq -r .mode) == enforce ]]
	[[ $(gate_stats peer | jq -r .mode) == monitor ]]
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 22
	(($(rule_count host access-sip-mtls-in) > 0))
	(($(rule_count peer access-sip-mtls-out) > 0))
	gate host detach -i gate0 --yes
	run -1 gate_stats host
	[[ $(gate_stats peer | jq -r .mode) == monitor ]]
}

@test "interfaces: a name with a dot" {
	ip -n "$(ns host)" link set gate0 down
	ip -n "$(ns host)" link set gate0 name gate0.100 up
	tcp_serve host 5061 22
	net_address host gate0.100 2001:db8::10/64
	gate host apply -i gate0.100
	[[ $(gate_stats host | jq -r '.interfaces[0].name') == gate0.100 ]]
	tcp_try peer 2001:db8::10 5061
	run ! tcp_try peer 2001:db8::10 22
	gate host detach -i gate0.100 --yes
	tcp_try peer 2001:db8::10 22
}

# Out by one interface, back by the other.
@test "interfaces: those of one gate share policy, counters and flows" {
	net_link host gate1 peer wire1
	net_address host gate1 203.0.113.10/24
	net_address peer wire1 203.0.113.1/24
	in_ns host sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.gate0.rp_filter=0 net.ipv4.conf.gate1.rp_filter=0
	in_ns peer sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wire0.rp_filter=0 net.ipv4.conf.wire1.rp_filter=0
	ip -n "$(ns peer)" route add 192.0.2.10/32 via 203.0.113.10
	tcp_serve peer 5061
	gate host apply -i gate0 -i gate1
	[[ $(gate_stats host | jq -c '[.interfaces[].name]') == '["gate0","gate1"]' ]]
	local gate0 gate1
	gate0=$(received host gate0) gate1=$(received host gate1)
	tcp_try host 192.0.2.1 5061
	(($(received host gate1) >= gate1 + 3))
	(($(received host gate0) <= gate0 + 2)) # no more than ARP
	(($(rule_count host access-sip-mtls-out reply_packets) > 0))
	gate host detach -i gate1 --yes
	[[ $(xdp_of host gate0) == 0 && $(xdp_of host gate1) == 0 ]]
}

@test "interfaces: all or none, with one that is missing" {
	run --separate-stderr -1 gate host apply -i gate0 -i gate1 "$SMALL"
	[[ ${stderr_lines[0]} == "edgegate: apply to gate0 and gate1: there is no interface 'gate1'" ]]
	[[ ${stderr_lines[1]} == *"did you mean 'gate0'?"* ]]
	[[ $(xdp_of host gate0) == 0 ]]
	run -1 gate_stats host
}

@test "interfaces: one that is down is guarded, and that is said" {
	tcp_serve host 5061 22
	ip -n "$(ns host)" link set gate0 down
	run --separate-stderr -0 gate host apply -i gate0
	[[ $stderr == *'warning: apply to gate0: gate0 is down; it is guarded all the same'* ]]
	[[ $stderr == *'ip link set gate0 up'* ]]
	ip -n "$(ns host)" link set gate0 up
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 22
}

@test "interfaces: facings and hooks that don't go together" {
	net_link host gate1 peer wire1
	run --separate-stderr -2 gate host apply -i gate0 -i gate1:inside "$SMALL"
	[[ ${stderr_lines[0]} == *'inside and outside interfaces in one gate judge what is forwarded twice' ]]
	[[ ${stderr_lines[1]} == *'--hooks xdp'* ]]
	run --separate-stderr -2 gate host apply --hooks xdp -i gate0 -i gate1 "$SMALL"
	[[ ${stderr_lines[0]} == *'--hooks xdp needs an outside and an inside interface'* ]]
	run --separate-stderr -2 gate host apply --hooks xdp -i gate0:inside "$SMALL"
	run --separate-stderr -2 gate host apply -i gate0:sideways "$SMALL"
	[[ ${stderr_lines[0]} == *"'sideways' is not a facing" ]]
	run --separate-stderr -2 gate host apply -i gate0 -i gate0 "$SMALL"
	[[ ${stderr_lines[0]} == *'gate0 is named twice' ]]
	[[ $(xdp_of host gate0) == 0 ]]
}

@test "interfaces: what is fixed when a gate is made" {
	net_link host gate1 peer wire1
	gate host apply -i gate0 "$SMALL"
	run --separate-stderr -1 gate host apply -i gate0:inside "$SMALL"
	[[ $stderr == *'the facing was fixed when the gate on gate0 was made'*"edgegate --netns $(ns host) detach -i gate0"* ]]
	run --separate-stderr -1 gate host apply -i gate0 -i gate1 "$SMALL"
	[[ $stderr == *'its interfaces were fixed'* ]]
	run --separate-stderr -1 gate host apply -i gate0 --xdp generic "$SMALL"
	[[ $stderr == *'the XDP mode was fixed'* ]]
	if [[ $(net_tc_kind) == tcx ]]; then
		run --separate-stderr -1 gate host apply -i gate0 --tc clsact "$SMALL"
		[[ $stderr == *'the way of tc was fixed'* ]]
	fi
	gate host apply -i gate1 "$SMALL"
	run --separate-stderr -1 gate host apply -i gate1 -i gate0 "$SMALL"
	[[ $stderr == *gate0* ]]
	gate host apply -i gate0:outside --tc "$(net_tc_kind)" --xdp native "$SMALL"
}

@test "interfaces: there is none of that name" {
	run --separate-stderr -1 gate host apply -i gaet0 "$SMALL"
	[[ ${stderr_lines[0]} == "edgegate: apply to gaet0: there is no interface 'gaet0'" ]]
	[[ ${stderr_lines[1]} == *"did you mean 'gate0'?"* ]]
	run --separate-stderr -1 gate host apply -i xyzzy "$SMALL"
	[[ ${stderr_lines[1]} == *'ip link'* ]]
	run --separate-stderr -1 gate host apply -i lo "$SMALL"
	[[ ${stderr_lines[0]} == *'lo is no Ethernet interface' ]]
	run --separate-stderr -1 "$EDGEGATE" --netns "$(ns nobody)" apply -i gate0 "$SMALL"
	[[ ${stderr_lines[0]} == *"there is no network namespace '$(ns nobody)'" ]]
}

@test "interfaces: one that is gone is said by status, and its gate can be taken away" {
	gate host apply -i gate0 "$SMALL"
	ip -n "$(ns peer)" link delete wire0
	[[ $("$EDGEGATE" status) == *'gate0:outside  is gone: apply again when it is back'* ]]
	gate host detach -i gate0 --yes
	run -1 gate_stats host
}

@test "interfaces: one that was made anew is open until the next apply, which says so and guards it" {
	tcp_serve host 5061 22
	gate host apply -i gate0
	ip -n "$(ns peer)" link delete wire0
	net_link host gate0 peer wire0
	net_address host gate0 192.0.2.10/24
	net_address peer wire0 192.0.2.1/24
	tcp_try peer 192.0.2.10 22
	run --separate-stderr -0 gate host apply -i gate0
	[[ $stderr == *'warning: apply to gate0: gate0 was made anew since the last apply; until now it was open'* ]]
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 22
	[[ $("$EDGEGATE" status | grep -A 1 "^$(ns host)/gate0") != *'is gone'* ]]
}
