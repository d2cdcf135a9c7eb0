#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A gate on the edge's own interface: every way of attaching, with and without VLAN tags.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_pair
	cast host peer 192.0.2.10 2001:db8::10 192.0.2.1 2001:db8::1
	rows_serve
	no_offloads host gate0
	no_offloads peer wire0
}

teardown() { net_end; }

ledger() {
	ledger_open 'received host gate0' 'crossed_count host in'
	ledger_open 'sent_ip host' 'crossed_ip host out'
}

attached() { # XDP TC
	local interface
	interface=$(gate_stats host | jq -r '.interfaces[0] | "\(.name) \(.facing) \(.xdp) \(.tc)"')
	[[ $interface == "gate0 outside $1 $2" ]] || fail "attached as $interface"
}

@test "host: the rows pass, the rest is dropped, everything is counted once" {
	play host ledger -i gate0
}

@test "host: by clsact" {
	play host ledger -i gate0 --tc clsact
}

@test "host: by generic XDP" {
	play host ledger -i gate0 --xdp generic
}

@test "host: frames with a VLAN tag" {
	net_vlan host gate0
	net_vlan peer wire0
	play host ledger -i gate0
}

@test "host: frames with two VLAN tags, by clsact" {
	net_vlan host gate0 two
	net_vlan peer wire0 two
	play host ledger -i gate0 --tc clsact
}

@test "host: frames with a VLAN tag, by generic XDP" {
	net_vlan host gate0
	net_vlan peer wire0
	play host ledger -i gate0 --xdp generic
}

@test "host: what is asked for is what is attached" {
	gate host apply -i gate0
	attached native "$(net_tc_kind)"
	gate host detach -i gate0 --yes
	gate host apply -i gate0 --xdp generic --tc clsact
	attached generic clsact
	gate host detach -i gate0 --yes
	[[ $(net_tc_kind) == tcx ]] || skip 'TCX needs Linux 6.6'
	gate host apply -i gate0 --xdp native --tc tcx
	attached native tcx
}
