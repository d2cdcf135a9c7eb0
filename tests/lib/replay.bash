# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests of replay share. To be loaded after net.bash.

# For setup: $DIR, a folder of the test's own, with the sample in s.pcap.
replay_begin() {
	[[ $EUID -eq 0 ]] || skip 'needs root'
	DIR=$BATS_TEST_TMPDIR
	sample "$DIR/s.pcap"
}

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

# ---- captures, made byte by byte; all of them print hex, for xxd -r -p ------------------------------

# The lowest bytes of numbers, the least first.
little() { # BYTES NUMBER...
	local size=$1 number i
	shift
	for number; do
		for ((i = 0; i < size; i++)); do printf '%02x' $((number >> (8 * i) & 255)); done
	done
}

# Little endian. `nano`: its fractions are nanoseconds.
pcap_header() { # micro|nano LINKTYPE
	local magic=$((0xa1b2c3d4))
	[[ $1 == micro ]] || magic=$((0xa1b23c4d))
	little 4 "$magic" && little 2 2 4 && little 4 0 0 65535 "$2"
}

pcap_packet() { # SECONDS FRACTION HEX [LENGTH]
	little 4 "$1" "$2" $((${#3} / 2)) "${4:-$((${#3} / 2))}"
	printf '%s' "$3"
}

# pcapng: draft-ietf-opsawg-pcapng.
pcapng_block() { # TYPE HEX
	local padding=$((-${#2} / 2 & 3)) size
	size=$((12 + ${#2} / 2 + padding))
	little 4 "$1" "$size"
	printf '%s' "$2"
	little "$padding" 0
	little 4 "$size"
}

pcapng_section() {
	pcapng_block $((0x0a0d0d0a)) "$(little 4 $((0x1a2b3c4d)))$(little 2 1 0)ffffffffffffffff"
}

pcapng_interface() { # LINKTYPE SNAPLEN [IF_TSRESOL]
	pcapng_block 1 "$(little 2 "$1" 0)$(little 4 "$2")${3:+$(little 2 9 1)$(little 4 "$3" 0)}"
}

pcapng_packet() { # INTERFACE TICKS HEX
	local size=$((${#3} / 2))
	pcapng_block 6 "$(little 4 "$1" $(($2 >> 32)) "$2" "$size" "$size")$3"
}

# An empty datagram over IPv4, all addresses and ports in hex.
udp() { # SOURCE PORT DESTINATION PORT
	printf '4500001c0000000040110000%s' "$1$3$2${4}00080000"
}

# Of a conversation: what makes a flow for the built-in policy and its reply, a rule's packet and the answer,
# and one each way that none lets.
SAMPLE=("$(udp c000020a 9c40 c6336407 0d96)" "$(udp c6336407 0d96 c000020a 9c40)"
	"$(udp c6336407 9c40 c000020a 0d96)" "$(udp c000020a 0d96 c6336407 9c40)"
	"$(udp c6336407 9c40 c000020a 270f)" "$(udp c000020a 9c40 c6336407 270f)")
ETHERNET=0000000000000000000000000800 # in front of IPv4
# What the built-in policy makes of it.
# shellcheck disable=SC2034 # for who loads this
SAMPLE_VERDICTS='{"n":1,"direction":"out","verdict":"pass","rule":"av-stun-out","path":"forward"}
{"n":2,"direction":"in","verdict":"pass","rule":"av-stun-out","path":"reply"}
{"n":3,"direction":"in","verdict":"pass","rule":"av-stun-in","path":"forward"}
{"n":4,"direction":"out","verdict":"pass","rule":"av-stun-in","path":"reply"}
{"n":5,"direction":"in","verdict":"drop","reason":"no-rule"}
{"n":6,"direction":"out","verdict":"drop","reason":"no-rule"}'

# A pcap of it, a second apart, each packet behind this link header, which is Ethernet's.
sample() { # FILE [LINKTYPE HEX]
	local at=0 packet
	{
		pcap_header micro "${2-1}"
		for packet in "${SAMPLE[@]}"; do
			pcap_packet "$at" 0 "${3-$ETHERNET}$packet"
			at=$((at + 1))
		done
	} | xxd -r -p >"$1"
}

# The same packet of the sample's, again and again.
many() { # FILE COUNT
	local packet
	packet=$(pcap_packet 0 0 "$ETHERNET${SAMPLE[2]}")
	# shellcheck disable=SC2046,SC2183 # as many as there are numbers
	{ pcap_header micro 1 && printf '\n' && printf "$packet%.0s\n" $(seq "$2"); } | xxd -r -p >"$1"
}

# ---- what goes wrong -------------------------------------------------------------------------------

# Exit status 1 or 2, and two lines: what failed and why, what to do.
refused() { # STATUS WORDS ARGUMENT...
	local status_wanted=$1 words=$2
	shift 2
	refused_by "$status_wanted" "$words" "$EDGEGATE" replay "$@"
}

refused_by() { # STATUS WORDS COMMAND...
	local status_wanted=$1 words=$2
	shift 2
	run --separate-stderr "-$status_wanted" "$@"
	# shellcheck disable=SC2053,SC2154 # a pattern; bats' run sets stderr
	[[ $stderr == $words ]] || {
		echo "$stderr" >&2
		return 1
	}
	# shellcheck disable=SC2154 # bats' run sets it
	# a policy's error shows the place as well
	[[ $(wc -l <<<"$stderr") == 2 || $status == 2 && $(wc -l <<<"$stderr") -gt 2 ]]
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
