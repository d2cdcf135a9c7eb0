# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a gate leaves in the kernel, and somebody else's programs beside it. Load after rows.bash.

# edgegate's programs, links of its kinds, maps, and pins; not what a process holds, which a gate
# doesn't need.
remains() {
	{
		bpftool -j prog list | jq -r '.[] | select(.pids == null and (.name // "" | startswith("edgegate"))) | "program \(.id)"'
		bpftool -j link list | jq -r '.[] | select(.pids == null and (.type == "xdp" or .type == "tcx")) | "link \(.id)"'
		bpftool -j map list | jq -r '.[] | select(.pids == null) | "map \(.id) \(.name)"'
		find /sys/fs/bpf/edgegate -mindepth 1 2>/dev/null
	} | sort
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
		skip 'something is left, but others are at work in namespaces of theirs: run it alone'
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
