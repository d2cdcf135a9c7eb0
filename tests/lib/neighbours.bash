# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Somebody else's programs that stay, and streams of traffic beside what is done to a gate. Load after
# remains.bash.

# A program that a bpf_link or an open descriptor holds: tests/tools/hold.c. HOLDER is its process.
hold() { # NAME xdp|xdp-generic|netlink|tcx INTERFACE ACTION
	local log=$NET_DIR/$1-hold.log
	: >"$log"
	net_start "$1" "${NET_LIBRARY:-$PWD/build/tests/lib}/../tools/hold" "$2" "$3" "$4"
	# shellcheck disable=SC2034 # the tests release it
	HOLDER=$NET_PID
	wait_until grep -qx ready "$log" || fail "hold: $(<"$log")"
}

# The same by a link that is pinned at PIN, which the test takes away.
hold_pinned() { # NAME xdp|xdp-generic|tcx INTERFACE ACTION PIN
	in_ns "$1" "${NET_LIBRARY:-$PWD/build/tests/lib}/../tools/hold" "$2" "$3" "$4" "$5"
}

release() { # PID
	kill "$1"
	wait "$1" 2>/dev/null || true
}

# Links of XDP that are there: "ID PROGRAM" a line.
xdp_links() {
	bpftool -j link list | jq -r '.[] | select(.type == "xdp") | "\(.id) \(.prog_id)"'
}

# Programs over a gate's maps, attached or not: the kernel frees what is detached a little later.
# shellcheck disable=SC2317 # called by wait_until
gate_has_programs() { # NAME INTERFACE COUNT
	local memory folder
	folder=$(gate_folder "$1" "$2")
	memory=$(bpftool -j map show pinned "$folder/memory" | jq .id)
	(($(bpftool -j prog list | jq --argjson map "$memory" '[.[] | select(.map_ids // [] | index($map))] | length') == $3))
}

# The folder of a namespace's gate: the one whose link it has.
gate_folder() { # NAME INTERFACE
	local pin link
	link=$(interface_status "$1" "$2" | jq .xdp_link)
	for pin in /sys/fs/bpf/edgegate/*/*/xdp0-link; do
		[[ $(bpftool -j link show pinned "$pin" | jq .id) != "$link" ]] || echo "${pin%/*}"
	done
}

# What `status` says of a gate's interface.
interface_status() { # NAME INTERFACE
	"$EDGEGATE" --netns "$(ns "$1")" status --json |
		jq -e --arg netns "$(ns "$1")" --arg interface "$2" \
			'.gates[] | select(.netns == $netns) | .interfaces[] | select(.name == $interface)'
}

# "tcx foreign_held, clsact flower": what `status --json` has ahead.
ahead_of() { # NAME INTERFACE
	interface_status "$1" "$2" | jq -r '.filters_ahead | map("\(.hook) \(.name)") | join(", ")'
}

# From now on UDP datagrams go to a port, about a thousand a second; `stream_count` says how many came.
stream_begin() { # FROM TO ADDRESS PORT
	: >"$NET_DIR/stream-$4"
	net_start "$2" socat -u "UDP6-RECV:$4,ipv6only=0" "OPEN:$NET_DIR/stream-$4,append"
	wait_listen "$2" udp "$4"
	# shellcheck disable=SC2016 # it is the inner shell's
	net_start "$1" bash -c 'while :; do
			for i in {1..10}; do echo >"/dev/udp/$1/$2"; done 2>/dev/null
			sleep 0.01
		done' - "$3" "$4"
}

stream_count() { # PORT
	stat -c %s "$NET_DIR/stream-$1"
}

# shellcheck disable=SC2317 # called by wait_until
stream_is_beyond() { # PORT COUNT
	(($(stream_count "$1") > $2))
}

# shellcheck disable=SC2317 # called by wait_until
dropped_beyond() { # NAME DIRECTION COUNT
	(($(drop_count "$1" "$2" no-rule) > $3))
}

# Does what no rule lets out get out of HOST? There is no answer to wait for: the datagram itself counts.
leaks() { # [HOST ADDRESS]
	local host=${1-host} address=${2-192.0.2.1} before end
	before=$(stream_count 7777) end=$((SECONDS + NET_TIMEOUT_DROPPED + 1))
	# shellcheck disable=SC2016 # it is the inner shell's
	in_ns "$host" bash -c 'for i in 1 2 3; do echo >"/dev/udp/$1/7777"; done' - "$address"
	while ((SECONDS < end)); do
		! stream_is_beyond 7777 "$before" || return 0
		sleep 0.05
	done
	return 1
}

listen_for_leaks() { # [NAME]
	: >"$NET_DIR/stream-7777"
	net_start "${1-peer}" socat -u UDP6-RECV:7777,ipv6only=0 "OPEN:$NET_DIR/stream-7777,append"
	wait_listen "${1-peer}" udp 7777
}
