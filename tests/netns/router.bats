#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A gate on a router in front of the edge: on its outer interface, or by XDP alone on both.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_routed
	cast inner peer 192.0.2.10 2001:db8::10 198.51.100.7 2001:db8:1::7
	rows_serve
	no_offloads inner wire0
	no_offloads router lan0 wan0
	no_offloads peer wire0
}

teardown() { net_end; }

outer_ledger() {
	ledger_open 'received router wan0' 'crossed_count router in'
	ledger_open 'forwarded_ip router' 'forwarded_count router'
}

both_ledger() {
	ledger_open 'received router wan0' 'crossed_count router in'
	ledger_open 'received router lan0' 'crossed_count router out'
}

@test "router: both hooks on the outer interface" {
	play router outer_ledger -i wan0
}

@test "router: both hooks on the outer interface, by clsact, with a VLAN tag" {
	net_vlan router wan0
	net_vlan peer wire0
	play router outer_ledger -i wan0 --tc clsact
}

@test "router: XDP alone on both interfaces" {
	run --separate-stderr gate router apply --hooks xdp -i wan0 -i lan0:inside --group access-edge=192.0.2.10,2001:db8::10
	[[ $output == *'to and from this machine itself is judged in one direction only'* ]]
	gate router detach -i lan0 --yes
	play router both_ledger --hooks xdp -i wan0 -i lan0:inside
}

@test "router: XDP alone on both interfaces, with VLAN tags on both sides" {
	net_vlan router wan0
	net_vlan peer wire0
	net_vlan router lan0 two
	net_vlan inner wire0 two
	play router both_ledger --hooks xdp -i wan0 -i lan0:inside
}

@test "router: generic XDP alone on both interfaces" {
	play router both_ledger --hooks xdp --xdp generic -i wan0 -i lan0:inside
}
