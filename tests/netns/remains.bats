#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What is left of a gate in the kernel, of all programs, links, maps and pins: nothing. It runs alone.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash

# With no expectations, which take their time.
setup() {
	net_begin
	net_pair
	SMALL=$NET_DIR/small.yaml
	printf '%s\n' 'policy: small' 'rules:' '  - {name: web-in, direction: in, protocol: tcp, ports: 443}' >"$SMALL"
}

teardown() { net_end; }

@test "remains: detach leaves no program, link, map or pin" {
	local before
	before=$(remains)
	gate host apply -i gate0 "$SMALL"
	[[ -n $(new_remains "$before") ]]
	gate host detach -i gate0 --yes
	left_nothing "$before"
	gate host apply -i gate0 --tc clsact "$SMALL"
	gate host detach -i gate0 --yes
	left_nothing "$before"
	[[ $(in_ns host tc qdisc show dev gate0) != *clsact* ]]
	[[ $(ip -n "$(ns host)" link show dev gate0) != *xdp* ]]
}

# At every third name that it takes away, and the one that it gives: what is left then is no gate, the interface is
# open as the detach meant it to be, and the next apply makes a whole one.
@test "remains: a detach that is killed leaves nothing in the next one's way" {
	local before call count n
	command -v strace >/dev/null || skip 'needs strace'
	# many times: what users run
	local EDGEGATE=$PWD/build/edgegate
	tcp_serve host 22
	before=$(remains)
	for call in unlink rename rmdir; do
		gate host apply -i gate0 "$SMALL" >/dev/null 2>&1
		in_order strace -f -qq -e "trace=$call" -o "$NET_DIR/calls" -- "$EDGEGATE" --netns "$(ns host)" detach -i gate0 --yes >/dev/null
		count=$(grep -c "$call(" "$NET_DIR/calls")
		((count > 0))
		# the gate that the next detach takes away is the one that was made over what the last one had left
		gate host apply -i gate0 "$SMALL" >/dev/null 2>&1
		for ((n = 1; n <= count; n += count > 9 ? 3 : 1)); do
			in_order strace -f -qq -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" -o /dev/null -- \
				"$EDGEGATE" --netns "$(ns host)" detach -i gate0 --yes >/dev/null 2>&1 || true
			tcp_try peer 192.0.2.10 22
			gate host apply -i gate0 "$SMALL" >/dev/null 2>&1
			[[ $(gate host status -i gate0 --json | jq -r '.gates[0].policy') == small ]]
			((n % 9 != 1)) || run ! tcp_try peer 192.0.2.10 22
		done
		gate host detach -i gate0 --yes >/dev/null
	done
	left_nothing "$before"
}

@test "remains: a refused apply leaves nothing" {
	local before
	before=$(remains)
	run -1 gate host apply -i gate0 -i nosuch0 "$SMALL"
	left_nothing "$before"
	run -2 gate host apply -i gate0 --hooks xdp "$SMALL"
	left_nothing "$before"
}

@test "remains: somebody else's XDP program is named and left alone" {
	foreign_xdp host gate0
	local id before
	id=$(xdp_of host gate0)
	((id > 0))
	before=$(remains)
	run --separate-stderr -1 gate host apply -i gate0 "$SMALL"
	[[ $stderr == *"edgegate: apply to gate0: another XDP program holds gate0: id $id, foreign_pass"* ]]
	[[ $(xdp_of host gate0) == "$id" ]]
	left_nothing "$before"
}

@test "remains: all or none, with one that somebody else's XDP program holds" {
	net_link host gate1 peer wire1
	foreign_xdp host gate1
	local id before
	id=$(xdp_of host gate1)
	before=$(remains)
	run --separate-stderr -1 gate host apply -i gate0 -i gate1 "$SMALL"
	[[ $stderr == *"another XDP program holds gate1: id $id, foreign_pass"* ]]
	[[ $(xdp_of host gate0) == 0 && $(xdp_of host gate1) == "$id" ]]
	left_nothing "$before"
	tcp_serve host 22
	tcp_try peer 192.0.2.10 22
}
