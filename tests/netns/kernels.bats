#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What has to work on every kernel, in little time: `make test` runs this in virtual machines too, where
# all takes ten times as long.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash

setup() {
	local port
	net_begin
	net_pair
	tcp_serve host 5061 22
	tcp_serve peer 22
	for port in 5061 22; do
		printf 'policy: only-%s\nessentials: {ping: true}\nrules:\n  - {name: in, direction: in, protocol: tcp, ports: %s}\n' \
			$port $port >"$NET_DIR/$port.yaml"
	done
}

teardown() { net_end; }

# What passes may take its time; what is dropped never comes.
passes() { NET_TIMEOUT=15 tcp_try "$@" || fail "does not pass: $*"; }

stops() { # NAME ADDRESS
	! NET_TIMEOUT=2 tcp_try "$1" "$2" 22 || fail "passes: $*"
}

# The gate that stands: only what the policy says begins, either way, and each direction is counted.
guards() { # XDP TC
	local outward
	gate host status -i gate0 --json |
		jq -e --arg xdp "$1" --arg tc "$2" '.gates[0].interfaces[0] | .xdp == $xdp and .tc == $tc' >/dev/null ||
		fail "not $1 and $2: $(gate host status -i gate0)"
	passes peer 192.0.2.10 5061
	passes peer 2001:db8::10 5061
	# a busy emulated machine may have given up before it has sent anything
	for _ in 1 2 3 4 5; do
		stops host 192.0.2.1 &
		outward=$!
		stops peer 192.0.2.10
		wait $outward
		gate_stats host | jq -e '[.drops[] | select(.reason == "no-rule" and .packets > 0).direction] |
			unique == ["in", "out"]' >/dev/null && return
	done
	fail 'not counted in both directions'
}

open_again() {
	passes peer 192.0.2.10 22
	passes host 192.0.2.1 22
}

# One test, for an emulated machine takes longest to draw networks. The MTU is one for which a driver has native
# XDP only if the program takes frames of several buffers.
@test "kernels: native XDP, TCX or clsact, jumbo frames, a deadline, no remains; generic XDP and clsact" {
	local before
	ip -n "$(ns host)" link set gate0 mtu 9000
	ip -n "$(ns peer)" link set wire0 mtu 9000
	before=$(remains)
	gate host apply -i gate0 "$NET_DIR/5061.yaml"
	guards native "$(net_tc_kind)"
	in_ns peer ping -q -n -c 1 -W 15 -M 'do' -s 8000 192.0.2.10
	# what nobody confirms goes back by itself
	gate host apply -i gate0 --confirm "$((3 * NET_TIMEOUT_DROPPED + 5))s" "$NET_DIR/22.yaml"
	passes peer 192.0.2.10 22
	run ! pgrep -f "^$EDGEGATE"
	NET_PATIENCE=$((NET_PATIENCE + 3 * NET_TIMEOUT_DROPPED + 5)) wait_until tcp_try peer 192.0.2.10 5061
	stops peer 192.0.2.10
	[[ $(gate host status -i gate0 --json | jq -r '.gates[0] | "\(.policy) \(.rolled_back.by)"') == 'only-5061 deadline' ]]
	gate host detach -i gate0 --yes
	open_again
	gate host apply -i gate0 --xdp generic --tc clsact "$NET_DIR/5061.yaml"
	guards generic clsact
	gate host detach -i gate0 --yes
	open_again
	left_nothing "$before"
}
