# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a gate leaves in the kernel, and somebody else's programs beside it. Load after rows.bash.

# edgegate's programs, links of its kinds, maps, and pins: not what a process holds, which a gate doesn't
# need, and not what belongs to gates that others have made.
remains() {
	local folder others=()
	while read -r folder; do
		! is_others "$folder" || others+=(-e "^$folder\(/\|$\)")
	done < <(find /sys/fs/bpf/edgegate -name stamp -printf '%h\n' 2>/dev/null)
	((${#others[@]})) || others=(-e '^$')
	{
		bpftool_remains
		find /sys/fs/bpf/edgegate -mindepth 1 ! \( -name 'network-namespace-*' ! -empty \) 2>/dev/null
	} | grep -v "${others[@]}" | sort
}

# "PIN link 5": by its own pin, or that of the link or program that needs it. 11 is TCX, for a bpftool that
# doesn't know it.
bpftool_remains() {
	jq -n -r --argjson links "$(bpftool -f -j link list)" --argjson maps "$(bpftool -f -j map list)" \
		--slurpfile programs <(bpftool -f -j prog list) '
		def pin_of($id): $programs[0][] | select(.id == $id) | .pinned[0] //
			([$links[] | select(.prog_id == $id) | .pinned // [] | .[]] | first);
		($links[] | select(.pids == null and (.type | IN("xdp", "tcx", 11))) |
			"\(.pinned[0]) link \(.id)"),
		($programs[0][] | select(.pids == null and (.name // "" | startswith("edgegate"))) |
			"\(pin_of(.id)) program \(.id)"),
		($maps[] | select(.pids == null) | .id as $id |
			"\(.pinned[0] // ([$programs[0][] | select(.map_ids // [] | index($id)) | pin_of(.id)] |
				map(values) | first)) map \(.id) \(.name)")'
}

# Is it a gate that wasn't made in a namespace of this test, by its name? The stamp has it.
is_others() { # FOLDER
	local stamp
	stamp=$(bpftool -j map dump pinned "$1/stamp" 2>/dev/null | jq -r '.[0].value | map(ltrimstr("0x")) | add') || return 1
	[[ -n $stamp && $stamp != *"$(hex_of "$NET_ID-")"* ]]
}

hex_of() { # TEXT
	printf %s "$1" | od -An -v -tx1 | tr -d ' \n'
}

new_remains() { # BEFORE: what is there now and was not
	comm -13 <(echo "$1") <(remains)
}

# shellcheck disable=SC2317 # called by wait_until
nothing_new() { # BEFORE
	[[ -z $(new_remains "$1") ]]
}

# The kernel frees what is detached a little later. Where somebody else has namespaces too, and may
# make gates in them at this moment, what is new need not be ours.
left_nothing() { # BEFORE
	wait_until nothing_new "$1" 2>/dev/null && return
	ip netns list | grep -qv "^$NET_ID-" &&
		skip "others are at work in namespaces of theirs, and something is left: $(new_remains "$1" | tr '\n' ';')"
	fail "left behind: $(new_remains "$1")"
}

foreign_object() {
	echo "${NET_LIBRARY:-$PWD/build/tests/lib}/foreign.bpf.o"
}

# Somebody else's XDP program, which lets everything pass.
foreign_xdp() { # NAME INTERFACE
	ip -n "$(ns "$1")" link set dev "$2" xdp object "$(foreign_object)" section xdp
}

xdp_of() { # NAME INTERFACE: the program's id, or 0
	ip -n "$(ns "$1")" -j link show dev "$2" | jq '.[0].xdp.prog.id // 0'
}

# Somebody else's tc filter, on a clsact that is there.
foreign_filter() { # NAME INTERFACE ingress|egress pass|drop
	in_ns "$1" tc filter add dev "$2" "$3" pref 9 bpf da object "$(foreign_object)" section "$4"
}

# The folder of the gate on gate0, known by its namespace: others may have gates of that name.
gate_folder() { # NAME
	local cookie
	cookie=$(in_ns "$1" "${NET_LIBRARY:-$PWD/build/tests/lib}/../tools/poke" cookie)
	[[ -d /sys/fs/bpf/edgegate/network-namespace-$cookie/gate0 ]] || fail "no gate on gate0 in namespace $cookie"
	echo "/sys/fs/bpf/edgegate/network-namespace-$cookie/gate0"
}
