# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Frames as hex, and captures of them, byte by byte, for tests that need more than tools would send.
#
#	capture_begin FILE
#	capture_add FILE 1.5 "$(ip4 17 $HOST4 $FAR4 "$(datagram 40000 3478)")"
#
# Addresses are hex as well.

# shellcheck disable=SC2034 # for who loads this
HOST4=c000020a FAR4=c6336407 # 192.0.2.10, 198.51.100.7
# shellcheck disable=SC2034
HOST6=20010db8000000000000000000000010 FAR6=20010db8000100000000000000000007
MACS=020000000001020000000002 # the two addresses; the type comes behind

datagram() { # SOURCE-PORT DESTINATION-PORT [DATA]
	printf '%04x%04x%04x0000%s' "$1" "$2" $((8 + ${#3} / 2)) "${3-}"
}

segment() { # SOURCE-PORT DESTINATION-PORT FLAGS [DATA]
	printf '%04x%04x000000000000000050%s%s%s' "$1" "$2" "$3" ffff00000000 "${4-}"
}

# A packet without its link header. FRAGMENT: the header's flags and offset; ID with it.
ip4_bare() { # PROTOCOL SOURCE DESTINATION PAYLOAD [FRAGMENT ID]
	printf '4500%04x%04x%s40%02x0000%s%s%s' $((20 + ${#4} / 2)) "${6-0}" "${5-0000}" "$1" "$2" "$3" "$4"
}

ip4() { # as ip4_bare
	printf '%s0800%s' "$MACS" "$(ip4_bare "$@")"
}

ip6() { # NEXT-HEADER SOURCE DESTINATION PAYLOAD
	printf '%s86dd60000000%04x%02x40%s%s%s' "$MACS" $((${#4} / 2)) "$1" "$2" "$3" "$4"
}

# The tag stands behind the addresses.
vlan() { # ID FRAME
	printf '%s8100%04x%s' "${2:0:24}" "$1" "${2:24}"
}

arp() { # SENDER TARGET
	printf '%s08060001080006040001020000000002%s000000000000%s' "$MACS" "$1" "$2"
}

# With nanoseconds, so that a test sees that they count.
capture_begin() { # FILE [LINK-TYPE]
	printf 4d3cb2a1020004000000000000000000ffff0000%02x000000 "${2-1}" | xxd -r -p >"$1"
}

capture_number() { # NUMBER
	printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24))
}

# CAPTURED: bytes that are kept of it; LENGTH: that it had, as of one cut off.
capture_add() { # FILE SECONDS[.NANOSECONDS] FRAME [CAPTURED [LENGTH]]
	local size=$((${#3} / 2)) fraction=000000000 captured
	[[ $2 != *.* ]] || fraction=${2#*.}000000000
	captured=${4:-$size}
	printf '%s%s%s%s%s' "$(capture_number "${2%.*}")" "$(capture_number $((10#${fraction:0:9})))" "$(capture_number "$captured")" \
		"$(capture_number "${5:-$size}")" "${3:0:$((captured * 2))}" | xxd -r -p >>"$1"
}
