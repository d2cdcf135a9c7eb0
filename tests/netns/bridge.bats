#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A gate on a transparent bridge in front of the edge: on its outer port, or by XDP alone on both.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_bridged
	cast inner peer 192.0.2.10 2001:db8::10 192.0.2.7 2001:db8::7
	rows_serve
	no_offloads inner wire0
	no_offloads bridge lan0 wan0
	no_offloads peer wire0
}

teardown() { net_end; }

ledger() {
	ledger_open 'received bridge wan0' 'crossed_count bridge in'
	ledger_open 'received bridge lan0' 'crossed_count bridge out'
}

tag() { # one|two
	net_vlan inner wire0 "$1"
	net_vlan peer wire0 "$1"
}

@test "bridge: both hooks on the outer port" {
	play bridge ledger -i wan0
}

@test "bridge: both hooks on the outer port, with a VLAN tag" {
	tag one
	play bridge ledger -i wan0
}

@test "bridge: both hooks on the outer port, by clsact, with two VLAN tags" {
	tag two
	play bridge ledger -i wan0 --tc clsact
}

@test "bridge: XDP alone on both ports" {
	play bridge ledger --hooks xdp -i wan0 -i lan0:inside
}

@test "bridge: XDP alone on both ports, with two VLAN tags" {
	tag two
	play bridge ledger --hooks xdp -i wan0 -i lan0:inside
}
