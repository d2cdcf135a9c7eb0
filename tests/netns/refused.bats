#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Whatever the kernel refuses of a command, at any bpf(2) call: it works all the same, or it says what failed
# and what to do, and what was in force stays.
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

# ---- refused -------------------------------------------------------------------------------------

@test "refused: a first apply" { refuse_case first 56; }
@test "refused: a first apply, in threads" { refuse_case first 30 at-once; }
@test "refused: a second apply" { refuse_case second 64; }
@test "refused: confirm" { refuse_case confirm 7; }
@test "refused: rollback" { refuse_case rollback 13; }
@test "refused: detach" { refuse_case detach 18; }
@test "refused: an upgrade" { refuse_case upgrade 90; }
@test "refused: status" { refuse_case status 8; }
