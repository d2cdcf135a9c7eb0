#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What explain says of a packet is what the wire then does: random packets, each asked about and sent
# (tests/wire/main.c).
#   AGREE_PACKETS=N   packets of the first test, instead of 60,000; all tests together are 100,000
#   AGREE_SEED=N      the second test's seed, otherwise another each time

load ../lib/net.bash

# Alone, the first test takes 20 seconds; on a machine that does much besides, several times as long.
BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:+400}
AGREE=${NET_LIBRARY:-$PWD/build/tests/lib}/../wire/agree

# A wire with nobody at its ends who might answer, or say anything by itself.
setup() {
	net_begin
	net_ns host peer
	local name
	for name in host peer; do
		in_ns "$name" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	done
	net_link host gate0 peer wire0
	# frames of several buffers
	ip -n "$(ns host)" link set gate0 mtu 9000 arp off
	ip -n "$(ns peer)" link set wire0 mtu 9000 arp off
}

teardown() { net_end; }

agree() { # OPTION... -- APPLY-OPTION...
	local options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	TMPDIR=$NET_DIR "$AGREE" "${options[@]}" "$EDGEGATE" "$(ns host)" gate0 "$(ns peer)" wire0 "$@"
}

@test "explain: 60,000 packets, each as the wire ends it" {
	agree --seed 1 --packets "${AGREE_PACKETS-60000}" --
}

@test "explain: the same of another seed" {
	local seed=${AGREE_SEED-$(date +%s%N)}
	echo "# seed $seed: AGREE_SEED=$seed runs it again" >&3
	agree --seed "$seed" --packets 20000 --
}

@test "explain: the same by generic XDP and clsact" {
	agree --seed 2 --packets 10000 -- --xdp generic --tc clsact
}

@test "explain: the same of a gate that faces inside" {
	agree --seed 3 --packets 10000 --inside --
}
