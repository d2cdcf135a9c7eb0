#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What would change: `diff` against what is in force, `apply` before it acts, `apply --dry-run`, which
# changes nothing.
# shellcheck disable=SC2154,SC2030,SC2031 # bats' run sets stderr and status

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_pair
}

teardown() { net_end; }

readonly RELAY_DIFF='lync-2013-public-im -> lync-2013-public-im-relay
  ~ av-rtp-out: port-of destination -> source
  opens 10000 tuples: out tcp from port 50000-59999
  closes 10000 tuples: out tcp 50000-59999'

# All that edgegate could change for an interface: pins, programs, filters, counters, what is in force.
everything() { # INTERFACE
	find /sys/fs/bpf/edgegate -path "*$1*" -printf '%p %i %T@\n' 2>/dev/null | sort
	in_ns host ip -details -json link | jq -c '.[] | [.ifname, .xdp]'
	in_ns host tc qdisc
	gate host status -i "$1" --json 2>&1 || true
	gate host stats -i "$1" --json 2>&1 || true
}

@test "diff: of what is in force with what apply would be given" {
	local policy
	run --separate-stderr -1 gate host diff -i gate0
	[[ $stderr == *'there is no gate on gate0'* ]]
	gate host apply -i gate0
	run --separate-stderr -0 gate host diff -i gate0
	[[ -z $stderr && $output == $'lync-2013-public-im -> lync-2013-public-im\n  no rule changed' ]]
	run --separate-stderr -0 gate host diff -i gate0 lync-2013-public-im-relay
	[[ $output == "$RELAY_DIFF" ]]
	# the maps of a gate say what the text says: every policy against every other
	for policy in lync-2013-public-im-relay host-basics; do
		gate host apply -i gate0 "$policy"
		run --separate-stderr -0 gate host diff -i gate0 "$policy"
		[[ $output == "$policy -> $policy"$'\n  no rule changed' ]]
	done
	gate host apply -i gate0 lync-2013-public-im host-basics --group access-edge=192.0.2.10,2001:db8::10 --group partners=198.51.100.0/24
	run --separate-stderr -0 gate host diff -i gate0 lync-2013-public-im host-basics --group access-edge=192.0.2.10,2001:db8::10 --group partners=198.51.100.0/24
	[[ ${lines[1]} == '  no rule changed' && ${#lines[@]} == 2 ]]
	run --separate-stderr -0 gate host diff -i gate0 lync-2013-public-im host-basics --group access-edge=192.0.2.10 --group partners=198.51.100.0/23
	[[ ${lines[1]} == '  ~ access-sip-mtls-in: from partners (198.51.100.0/24) -> partners (198.51.100.0/23) (wider); to access-edge (192.0.2.10, 2001:db8::10) -> access-edge (192.0.2.10) (narrower)' ]]
	run --separate-stderr -0 gate host diff -i gate0 --json lync-2013-public-im
	jq -e '.was.policy == "lync-2013-public-im" and .closes.tuples == 4 and .opens.tuples == 0' <<<"$output"
}

# GOLDEN_UPDATE=1 writes the expectations anew: read them.
@test "diff: each shipped policy with each other one" {
	local one two golden
	for one in $("$EDGEGATE" policies --json | jq -r '.policies[].name'); do
		for two in $("$EDGEGATE" policies --json | jq -r '.policies[].name'); do
			golden=tests/golden/diff/$one--$two.txt
			run --separate-stderr -0 "$EDGEGATE" diff "$one" "$two"
			[[ -z $stderr ]]
			[[ -z ${GOLDEN_UPDATE-} ]] || echo "$output" >"$golden"
			diff "$golden" - <<<"$output"
		done
	done
	# standard input, files, and what can't be compared
	run --separate-stderr -0 "$EDGEGATE" diff - lync-2013-public-im <user/policy/builtin/lync-2013-public-im.yaml
	[[ ${lines[1]} == '  no rule changed' && ${#lines[@]} == 2 ]]
	run --separate-stderr -2 "$EDGEGATE" diff - - <user/policy/builtin/lync-2013-public-im.yaml
	run --separate-stderr -2 "$EDGEGATE" diff lync-2013-public-im
	run --separate-stderr -2 "$EDGEGATE" diff lync-2013-public-im lync-2013
	[[ $stderr == *'lync-2013'* ]]
}

@test "diff: apply says the same before it acts" {
	gate host apply -i gate0
	run --separate-stderr -0 gate host apply -i gate0 lync-2013-public-im-relay --mode monitor
	[[ $output == "gate0: ${RELAY_DIFF/relay/relay, in monitor mode}"$'\n  ~ mode enforce -> monitor\ngate0: policy lync-2013-public-im-relay is in force in monitor mode\n'* ]]
	# who can't be told is not given it
	run -1 bash -c "'$EDGEGATE' --netns '$(ns host)' apply -i gate0 host-basics >/dev/full"
	[[ $output == *'nothing was changed'* ]]
	[[ $(gate host status -i gate0 --json | jq -r '.gates[0].policy') == lync-2013-public-im-relay ]]
}

@test "diff: --dry-run says what apply would say, and changes nothing" {
	local name=dry$BASHPID side # whose pins are no other test's
	for side in host peer; do # which ask for routers and groups when they like, and counters are compared
		in_ns "$side" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	done
	ip -n "$(ns host)" link set dev gate0 down
	ip -n "$(ns host)" link set dev gate0 name "$name" up
	everything "$name" >"$NET_DIR/before"
	run --separate-stderr -0 gate host apply --dry-run -i "$name"
	[[ ${lines[0]} == "$name: no policy -> lync-2013-public-im" && $output == *'  + av-stun-in: in udp 3478, '* ]]
	[[ $output != *'in force'* && $stderr == *'no rule lets DNS out'* ]]
	everything "$name" >"$NET_DIR/after"
	diff "$NET_DIR/before" "$NET_DIR/after"
	run --separate-stderr -1 gate host status -i "$name"
	gate host apply -i "$name"
	everything "$name" >"$NET_DIR/before"
	run --separate-stderr -0 gate host apply --dry-run -i "$name" lync-2013-public-im-relay
	[[ $output == "$name: $RELAY_DIFF" ]]
	everything "$name" >"$NET_DIR/after"
	diff "$NET_DIR/before" "$NET_DIR/after"
	# or the comparison would show nothing
	gate host apply -i "$name" lync-2013-public-im-relay
	everything "$name" >"$NET_DIR/after"
	run ! diff -q "$NET_DIR/before" "$NET_DIR/after"
}

# None of these has a policy with expectations: those would be run, each time.
@test "diff: --dry-run leaves with the status that apply would" {
	local words good=$NET_DIR/good.yaml
	printf 'policy: good\n' >"$good"
	printf 'policy: large\nflows: {max: 2048}\n' >"$NET_DIR/large.yaml"
	printf 'policy: bad\nrule: []\n' >"$NET_DIR/bad.yaml"
	for words in "-i none0 $good" "-i lo $good" "-i gate0 $NET_DIR/bad.yaml" "-i gate0 $NET_DIR/none.yaml" \
		"-i gate0 --hooks xdp $good" '-i gate0 --group nobody=192.0.2.1'; do
		# shellcheck disable=SC2086 # words
		same $words
	done
	# another program is there
	in_ns host ip link set dev gate0 xdp obj "${NET_LIBRARY:-$PWD/build/tests/lib}/foreign.bpf.o" sec xdp
	same -i gate0 "$good"
	in_ns host ip link set dev gate0 xdp off
	gate host apply -i gate0 "$good"
	same -i gate0:inside "$good"
	same -i gate0 --xdp generic "$good"
	same -i gate0 "$NET_DIR/large.yaml"
}

# Both fail, in the same words.
same() { # WORDS...
	local code said
	run --separate-stderr gate host apply --dry-run "$@"
	code=$status said=$stderr
	((code > 0))
	run --separate-stderr gate host apply "$@"
	[[ $status == "$code" ]]
	[[ $stderr == "$said" ]]
}
