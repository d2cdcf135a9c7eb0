#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A gate whose maps another version of edgegate has laid out: it goes on filtering, every verb refuses it and
# says what to do, none changes anything of it, and detach takes it away.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/running.bash

setup() {
	net_begin
	net_pair
	printf 'policy: web\nrules:\n  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n' >"$NET_DIR/web.yaml"
}

teardown() {
	net_end
}

# The layout's number in a stamp, behind the magic.
set_layout() { # FOLDER NUMBER
	# shellcheck disable=SC2046 # they are words
	bpftool map update pinned "$1/stamp" key 0 0 0 0 \
		value $(bpftool -j map dump pinned "$1/stamp" | jq -r --arg number "$2" '.[0].value | .[4] = $number | join(" ")')
}

layout() { # FOLDER
	bpftool -j map dump pinned "$1/stamp" | jq -r '.[0].value[4]' | xargs printf '%d'
}

# All of a gate but its counters and what the host does by itself.
gate_whole() { # FOLDER
	local pin
	find "$1" | sort
	for pin in "$1"/stamp "$1"/slot* "$1"/tuples; do
		bpftool -j map dump pinned "$pin"
	done
	"${NET_LIBRARY:-$PWD/build/tests/lib}/../tools/poke" "$1/memory" state
	for pin in "$1"/*-link; do
		bpftool -j link show pinned "$pin" | jq -c 'del(.pids)'
	done
}

# What a verb says of the gate in a folder: two lines, the last of which is a command that mends it.
refuses() { # NAME FOLDER LAYOUT VERB...
	local name=$1 folder=$2 number=$3 label ours
	shift 3
	ours=$(sed -nE 's/^#define ABI_VERSION ([0-9]+)u$/\1/p' include/edgegate/abi.h)
	label=netns-$(sed -E 's/.*network-namespace-([0-9]+).*/\1/' <<<"$folder")/${folder##*/}
	run -1 --separate-stderr gate "$name" "$@"
	[[ ${#stderr_lines[@]} == 2 && ${stderr_lines[0]} == *"the gate in $folder is another version's of edgegate: its maps have layout $number, this edgegate knows $ours" &&
		${stderr_lines[1]} == *"use the edgegate that made it"*"edgegate detach -i $label and apply again: in between everything passes" ]] ||
		fail "$*: $stderr"
}

every_verb() { # NAME FOLDER LAYOUT INTERFACE
	local verb
	for verb in "apply -i $4 $NET_DIR/web.yaml" "apply -i $4 --dry-run $NET_DIR/web.yaml" "apply -i $4 --force --confirm 60s $NET_DIR/web.yaml" \
		"confirm -i $4" "rollback -i $4 --yes" "block -i $4" "open -i $4" "resume -i $4" "status -i $4" "status -i $4 --json" \
		"stats -i $4" "stats -i $4 --json" "stats -i $4 --watch" "flows -i $4" "flows -i $4 --flush --yes" "diff -i $4 $NET_DIR/web.yaml"; do
		# shellcheck disable=SC2086 # it is words
		refuses "$1" "$2" "$3" $verb
		[[ -z $output ]] || fail "$verb says: $output"
	done
	refuses "$1" "$2" "$3" explain -i "$4" 'in tcp 198.51.100.7:40000 > 192.0.2.10:443'
}

@test "abi: another layout is refused by every verb and stays as it is; detach takes it away" {
	local folder before empty number
	empty=$(remains)
	tcp_serve host 443 22
	gate host apply -i gate0 "$NET_DIR/web.yaml" >/dev/null
	gate host apply -i gate0 --confirm 1h "$NET_DIR/web.yaml" >/dev/null
	gate peer apply -i wire0 --mode monitor "$NET_DIR/web.yaml" >/dev/null
	folder=$(gate_folder host)
	number=$(($(layout "$folder") + 1))
	set_layout "$folder" "$number"
	before=$(gate_whole "$folder")
	every_verb host "$folder" "$number" gate0
	[[ $(gate_whole "$folder") == "$before" ]] || fail "changed: $(diff <(echo "$before") <(gate_whole "$folder"))"
	# it goes on
	tcp_try peer 192.0.2.10 443
	run ! tcp_try peer 192.0.2.10 22
	# the others are shown all the same
	run -1 --separate-stderr gate host status
	[[ $output == *"$(ns peer)/wire0"*'policy web'* && $stderr == *"$folder is another version's"* ]]
	run -1 --separate-stderr gate host status --json
	jq -e --arg peer "$(ns peer)" 'any(.gates[]; .netns == $peer)' <<<"$output" >/dev/null
	# the version that made it is back: nothing was lost
	set_layout "$folder" $((number - 1))
	run -0 gate host confirm -i gate0
	set_layout "$folder" $((number - 2))
	refuses host "$folder" $((number - 2)) apply -i gate0 "$NET_DIR/web.yaml"
	run -0 gate host detach -i gate0 --yes
	[[ $output == *"the gate of another version of edgegate (layout $((number - 2))) is detached; everything passes" ]]
	tcp_try peer 192.0.2.10 22
	gate host apply -i gate0 "$NET_DIR/web.yaml" >/dev/null
	run ! tcp_try peer 192.0.2.10 22
	gate host detach -i gate0 --yes >/dev/null
	gate peer detach -i wire0 --yes >/dev/null
	left_nothing "$empty"
}

# A later version may know more of a gate: only the first eight bytes are every version's.
@test "abi: a stamp of another size, on two interfaces, by clsact; and one that is no stamp" {
	local folder before empty verb
	empty=$(remains)
	net_link host gate1 peer wire1
	gate host apply -i gate0 -i gate1 --tc clsact "$NET_DIR/web.yaml" >/dev/null
	folder=$(gate_folder host)
	rm "$folder/stamp"
	bpftool map create "$folder/stamp" type array key 4 value 1000 entries 1 name stamp
	# shellcheck disable=SC2046 # they are words
	bpftool map update pinned "$folder/stamp" key 0 0 0 0 value 0x45 0x47 0x44 0x45 77 0 0 0 $(printf '1 %.0s' {1..992})
	before=$(gate_whole "$folder")
	refuses host "$folder" 77 status -i gate0
	# the second one has no folder by its name
	refuses host "$folder" 77 apply -i gate1 "$NET_DIR/web.yaml"
	refuses host "$folder" 77 status -i gate1
	refuses host "$folder" 77 block -i gate1
	refuses host "$folder" 77 detach -i gate1 --yes
	[[ $(gate_whole "$folder") == "$before" ]] || fail "changed: $(diff <(echo "$before") <(gate_whole "$folder"))"
	# no magic: not edgegate's, or broken
	# shellcheck disable=SC2046
	bpftool map update pinned "$folder/stamp" key 0 0 0 0 value 0x46 0x47 0x44 0x45 77 0 0 0 $(printf '1 %.0s' {1..992})
	run -1 --separate-stderr gate host apply -i gate0 "$NET_DIR/web.yaml"
	[[ ${stderr_lines[0]} == *"$folder has no stamp that can be read"* && ${stderr_lines[1]} == *'edgegate detach -i netns-'* ]]
	# none at all: its programs go on, and nobody says that there is no gate
	rm "$folder/stamp"
	for verb in 'status -i gate0' status "apply -i gate0 $NET_DIR/web.yaml" 'status -i gate1' 'rollback -i gate0 --yes'; do
		# shellcheck disable=SC2086 # it is words
		run -1 --separate-stderr gate host $verb
		[[ ${stderr_lines[0]} == *"$folder has no stamp that can be read"* && ${stderr_lines[1]} == *'edgegate detach -i netns-'* &&
			$output != *'no gate'* ]] || fail "$verb: $output $stderr"
	done
	gate host detach -i gate0 --yes >/dev/null
	left_nothing "$empty"
	[[ -z $(in_ns host tc filter show dev gate1 egress) ]]
}
