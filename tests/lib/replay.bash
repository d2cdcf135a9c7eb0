# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests of replay share. To be loaded after net.bash.

# Everything that was counted, one line each, sorted: DIRECTION rule|reply|pass|drop|unknown NAME PACKETS
counted() { # < a stats document
	jq -r '
		def other: if . == "in" then "out" else "in" end;
		(.gates[0] |
			(.rules[] | [.direction, "rule", .name, .packets]),
			(.rules[] | [(.direction | other), "reply", .name, .reply_packets]),
			(.passed[] | [.direction, "pass", .kind, .packets]),
			(.drops[] | [.direction, "drop", .reason, .packets])),
		(.unknown[]? | [.direction, "unknown", .reason, .packets])
		| select(.[3] > 0) | map(tostring) | join(" ")' | sort
}

replay() { # ARGUMENT...: the summary
	"$EDGEGATE" replay --json --summary "$@" | tail -n 1
}

same() { # EXPECTED GOT
	[[ $1 == "$2" ]] || {
		diff <(echo "$1") <(echo "$2") >&2
		return 1
	}
}

# Six packets a second apart, Ethernet, 58 bytes each in the file: what makes a flow for the built-in policy
# and its reply, a rule's packet and the answer, and one each way that none lets.
sample() { # FILE
	local at=0 packet
	local ip='08004500001c0000000040'
	{
		xxd -r -p <<<d4c3b2a1020004000000000000000000ffff000001000000
		udp() { # SOURCE PORT DESTINATION PORT
			printf '%s' "000000000000000000000000${ip}110000$1$3$2$4""00080000"
		}
		for packet in \
			"$(udp c000020a 9c40 c6336407 0d96)" "$(udp c6336407 0d96 c000020a 9c40)" \
			"$(udp c6336407 9c40 c000020a 0d96)" "$(udp c000020a 0d96 c6336407 9c40)" \
			"$(udp c6336407 9c40 c000020a 270f)" "$(udp c000020a 9c40 c6336407 270f)"; do
			printf '%08x%08x2a0000002a000000%s' $((at * 16777216)) 0 "$packet" | xxd -r -p
			at=$((at + 1))
		done
	} >"$1"
}

# ---- what crosses a live gate ----------------------------------------------------------------------

crossed() { # NAME
	gate_stats "$1" | jq -c '[.rules, .passed, .drops]'
}

settled() { # NAME
	local before
	before=$(crossed "$1")
	sleep 0.5
	[[ $before == "$(crossed "$1")" ]]
}

# Starts captures, into $DIR, at a moment at which nothing crosses the gate of a namespace; "OPTIONS" are
# tcpdump's.
watch_begin() { # NAME "FILE NAME OPTIONS"...
	local gate=$1 before words
	shift
	for _ in {1..10}; do
		before=$(crossed "$gate")
		WATCHERS=()
		for words; do
			watch_start "$words"
		done
		[[ $before != "$(crossed "$gate")" ]] || return 0
		watch_stop
	done
	return 1
}

# Immediately: else the kernel hands over what it has once a second, and an end in between loses it.
watch_start() { # "FILE NAME OPTIONS"
	local words
	read -r -a words <<<"$1"
	net_start "${words[1]}" tcpdump -U --immediate-mode -Z root -B 8192 -w "$DIR/${words[0]}" "${words[@]:2}"
	WATCHERS+=("$NET_PID")
	wait_until test -s "$DIR/${words[0]}"
}

watch_stop() {
	local pid
	for pid in "${WATCHERS[@]}"; do
		kill -INT "$pid"
		wait "$pid" 2>/dev/null || true
	done
}

watch_end() { # NAME
	wait_until settled "$1"
	watch_stop
}
