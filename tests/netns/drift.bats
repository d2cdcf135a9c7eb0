#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Somebody else writes to the maps of a policy in force: that is noticed, named, and set right by an apply.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash

# What users run where much is applied: the sanitized one takes ten times as long.
PLAIN=$PWD/build/edgegate

setup() {
	net_begin
	net_pair
	cat >"$NET_DIR/all.yaml" <<-'END'
		policy: all
		groups: {near: [192.0.2.0/24, 198.51.100.0/25, "2001:db8::/32", "2001:db8:1::/48"]}
		rules:
		  - {name: sip-in, direction: in, protocol: tcp, ports: 5061, from: near, limit: {rate: 50/s, per: source}}
		  - {name: web-in, direction: in, protocol: tcp, ports: [443, 8000-8100], from: 203.0.113.0/24}
		  - {name: stun-out, direction: out, protocol: udp, ports: 3478, peer-ports: 40000-50000, port-of: source}
		  - {name: any-out, direction: out, protocol: tcp, ports: 60000-60999, port-of: either, to: near}
		  - {name: gre-out, direction: out, protocol: 47}
	END
}

teardown() { net_end; }

drift() { # what status says: the parts, in one line
	gate host status --json -i gate0 |
		jq -r '.gates[0] | if .drift == (.drifted != []) then .drifted | join(" ") else "contradiction" end'
}

poke() {
	"${NET_LIBRARY:-$PWD/build/tests/lib}/../tools/poke" "$(gate_folder host)/memory" "$@"
}

@test "drift: there is none after any policy, mode, rollback, confirm or emergency" {
	local policy policies EDGEGATE=$PLAIN
	mapfile -t policies < <("$EDGEGATE" policies --json | jq -r '.policies[].name')
	for policy in "${policies[@]}" tests/golden/image/*.yaml "$NET_DIR/all.yaml"; do
		gate host apply -i gate0 "$policy" >/dev/null 2>"$NET_DIR/said" ||
			{ grep -q 'was fixed when\|were fixed when' "$NET_DIR/said" && continue; }
		[[ -z $(drift) ]] || fail "$policy: $(drift)"
	done
	gate host apply -i gate0 --mode monitor "$NET_DIR/all.yaml" >/dev/null
	[[ -z $(drift) ]]
	gate host rollback -i gate0 >/dev/null
	[[ -z $(drift) ]]
	gate host apply -i gate0 --confirm 60s "$NET_DIR/all.yaml" >/dev/null
	[[ -z $(drift) ]]
	gate host confirm -i gate0 >/dev/null
	gate host block -i gate0 >/dev/null
	[[ -z $(drift) ]]
	gate host resume -i gate0 >/dev/null
	[[ -z $(drift) ]]
	run -0 --separate-stderr gate host apply -i gate0 "$NET_DIR/all.yaml"
	[[ $stderr != *'written to'* && $(gate host status -i gate0) != *DRIFT* ]]
}

@test "drift: of each map, by bpftool" {
	local folder slot key
	gate host apply -i gate0 "$NET_DIR/all.yaml" >/dev/null
	folder=$(gate_folder host)
	slot=$folder/slot0
	# a value; a key more; a key less
	bpftool map update pinned "$slot-tuples" key 0 6 0xc5 0x13 value 1 0
	[[ $(drift) == tuples ]]
	run -0 --separate-stderr gate host apply -i gate0 "$NET_DIR/all.yaml"
	[[ $stderr == *"warning: apply to gate0: what was in force is not what was applied: somebody has written to its maps (tuples)"* ]]
	[[ -z $(drift) ]]
	slot=$folder/slot1
	key=$(bpftool -j map dump pinned "$slot-prefixes4" | jq -r '.[0].key | join(" ")')
	# shellcheck disable=SC2086 # it is words
	bpftool map delete pinned "$slot-prefixes4" key $key
	[[ $(drift) == prefixes4 ]]
	# shellcheck disable=SC2086
	bpftool map update pinned "$slot-prefixes4" key $key value 1
	[[ -z $(drift) ]]
	key=$(bpftool -j map dump pinned "$slot-prefixes6" | jq -r '.[1].key | join(" ")')
	# shellcheck disable=SC2086
	bpftool map delete pinned "$slot-prefixes6" key $key
	[[ $(drift) == prefixes6 ]]
	bpftool map delete pinned "$slot-tuples" key 1 47 0 0
	[[ $(drift) == 'tuples prefixes6' ]]
	run -0 gate host status -i gate0
	[[ $output == *'DRIFT: tuples, prefixes6: not as applied, somebody has written to the maps; apply again to repair'* ]]
	run -0 --separate-stderr gate host apply -i gate0 --dry-run "$NET_DIR/all.yaml"
	[[ $stderr == *'what is in force is not what was applied'*'(tuples, prefixes6)'*'an apply sets it right'* ]]
	[[ $(drift) == 'tuples prefixes6' ]]
	# another map in the place of the one that was filled: pins and programs mean different ones
	gate host apply -i gate0 "$NET_DIR/all.yaml" >/dev/null 2>&1
	bpftool map update pinned "$folder/tuples" key 2 0 0 0 value pinned "$folder/slot1-tuples"
	[[ $(drift) == tuples ]]
}

@test "drift: of each part of the memory, and an apply sets it right" {
	local part EDGEGATE=$PLAIN
	for part in settings scopes extras peers lists candidates table; do
		gate host apply -i gate0 "$NET_DIR/all.yaml" >/dev/null 2>&1
		[[ -z $(drift) ]]
		poke "$part"
		[[ $(drift) == "$part" ]] || fail "$part: $(drift)"
		poke "$part"
		[[ -z $(drift) ]]
		poke "$part"
		run -0 --separate-stderr gate host apply -i gate0 "$NET_DIR/all.yaml"
		[[ $stderr == *"written to its maps ($part)"* ]]
		[[ -z $(drift) ]]
		# what comes back is what was there
		run -0 --separate-stderr gate host rollback -i gate0
		[[ $stderr == *"what came back is not what was applied: somebody has written to its maps ($part)"* ]]
		[[ $(drift) == "$part" ]]
	done
}

@test "drift: of what people are shown, and of the state word" {
	local folder size word
	gate host apply -i gate0 "$NET_DIR/all.yaml" >/dev/null
	folder=$(gate_folder host)
	size=$(bpftool -j map show pinned "$folder/slot0-listing" | jq .bytes_value)
	# its end is the note of a rule, or a name: still a listing, but another
	bpftool -j map dump pinned "$folder/slot0-listing" >"$NET_DIR/listing"
	# shellcheck disable=SC2046 # they are words
	bpftool map update pinned "$folder/slot0-listing" key 0 0 0 0 \
		value $(jq -r '.[0].value | .[-2] = "0x21" | join(" ")' "$NET_DIR/listing")
	[[ $(drift) == listing ]]
	# nothing at all any more: status goes on, and an apply sets it right
	# shellcheck disable=SC2046
	bpftool map update pinned "$folder/slot0-listing" key 0 0 0 0 value $(printf '0 %.0s' $(seq "$size"))
	[[ $(drift) == listing ]]
	run -0 gate host status -i gate0
	[[ $output == *'a policy of which nothing is known'*'DRIFT: listing'* ]]
	run -0 --separate-stderr gate host apply -i gate0 "$NET_DIR/all.yaml"
	[[ $stderr == *'written to its maps (listing)'* ]]
	[[ -z $(drift) ]]

	# a mode that nobody has applied; fields that mean nothing; a slot that was never filled
	word=$(poke state)
	poke state "$(printf %x $((0x$word ^ 1 << 4)))"
	[[ $(drift) == state && $(gate host status --json -i gate0 | jq -r '.gates[0].mode') == monitor ]]
	poke state "$(printf %x $((0x$word | 3 << 8 | 1 << 15)))"
	[[ $(drift) == state && $(gate host status --json -i gate0 | jq -r '.gates[0].mode') == block ]]
	poke state "$(printf %x $((0x$word & ~0xf | 2)))"
	[[ $(drift) == state ]]
	run -0 gate host status -i gate0
	[[ $output == *'a policy of which nothing is known'* ]]
	run -0 --separate-stderr gate host apply -i gate0 "$NET_DIR/all.yaml"
	[[ $stderr == *'written to its maps (state)'* ]]
	[[ -z $(drift) && $(gate host status --json -i gate0 | jq -r '.gates[0].policy') == all ]]
}

# 65,536 tuples and 100,000 prefixes: status still answers, and sees one that is missing.
@test "drift: one prefix in a hundred thousand" {
	local key EDGEGATE=$PLAIN
	awk 'BEGIN {
		printf "policy: large\ngroups:\n  many: [11.0.0.0/32"
		for (i = 1; i < 100000; i++) printf ", 11.%d.%d.%d", int(i / 32768), int(i / 128) % 256, 2 * (i % 128)
		printf "]\nrules:\n  - {name: t-in, direction: in, protocol: tcp, ports: 1-65535, from: many}\n"
	}' >"$NET_DIR/large.yaml"
	gate host apply -i gate0 "$NET_DIR/large.yaml" >/dev/null
	[[ -z $(drift) ]]
	key=$(printf '0x40 0 0 0 1 0 0 0 11 %d %d %d' $((77777 >> 15)) $((77777 >> 7 & 255)) $((2 * (77777 & 127))))
	# shellcheck disable=SC2086
	bpftool map delete pinned "$(gate_folder host)/slot0-prefixes4" key $key
	[[ $(drift) == prefixes4 ]]
}
