#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A gate on a VM host, on the interface that faces its guest: in and out change hooks there.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_guest
	cast guest peer 192.0.2.10 2001:db8::10 192.0.2.7 2001:db8::7
	rows_serve
	no_offloads guest eth0
	no_offloads vmhost vnet0 uplink0
	no_offloads peer wire0
}

teardown() { net_end; }

ledger() {
	ledger_open 'received vmhost vnet0' 'crossed_count vmhost out'
	ledger_open 'received vmhost uplink0' 'crossed_count vmhost in'
}

@test "guest: the rows pass, the rest is dropped, everything is counted once" {
	play vmhost ledger -i vnet0:inside
}

@test "guest: by clsact, with a VLAN tag" {
	net_vlan guest eth0
	net_vlan peer wire0
	play vmhost ledger -i vnet0:inside --tc clsact
}

@test "guest: by generic XDP, with two VLAN tags" {
	net_vlan guest eth0 two
	net_vlan peer wire0 two
	play vmhost ledger -i vnet0:inside --xdp generic
}
