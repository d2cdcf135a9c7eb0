#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Whatever changes a gate may be killed at any system call: what was in force stays, or what is to come is there
# whole; the next command sets right what is left.
# It takes long: it begins first.
# shellcheck disable=SC2034 # cases are called by name

load ../lib/net.bash
load ../lib/rows.bash
load ../lib/kill.bash
load ../lib/kill_cases.bash
load ../lib/remains.bash
load ../lib/neighbours.bash

setup() {
	net_begin
	net_pair
	kill_begin
}

teardown() {
	rm -f "/sys/fs/bpf/$NET_ID"
	kill_finish && net_end
}

# ---- killed --------------------------------------------------------------------------------------

@test "kill: a first apply" { kill_case first 800; }
@test "kill: a first apply, by clsact" { kill_case clsact 1200; }
@test "kill: a second apply" { kill_case second 500; }
@test "kill: an apply that is to be confirmed" { kill_case confirmed 800; }
@test "kill: an apply in another's window" { kill_case forced 800; }
@test "kill: confirm" { kill_case confirm 28; }
@test "kill: rollback" { kill_case rollback 40; }
@test "kill: detach" { kill_case detach 80; }
@test "kill: an apply that overtakes, by TCX" { kill_case tcx 1; }
@test "kill: an apply that overtakes, by clsact" { kill_case filter 1; }
@test "kill: an upgrade" { kill_case upgrade 1000; }
