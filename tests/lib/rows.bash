# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The six rows of the built-in policy at work, what must not pass beside them, and the ledger: the
# gate's counters against what interfaces and IP counted. To be loaded after servers.bash.
#
#	cast host peer 192.0.2.10 2001:db8::10 192.0.2.1 2001:db8::1
#	rows_serve; forbidden_reached
#	gate host apply -i gate0
#	rows_work host; forbidden_dropped host

LEDGER=()

# Who is the edge and who is the other end, by their short names, and their addresses.
cast() { # EDGE FAR EDGE4 EDGE6 FAR4 FAR6
	EDGE=$1 FAR=$2 EDGE4=$3 EDGE6=$4 FAR4=$5 FAR6=$6
}

# Fails a test, and says why.
fail() { # WHAT
	echo "$*" >&2
	return 1
}

# edgegate in a namespace.
gate() { # NAME VERB...
	local name
	name=$(ns "$1")
	shift
	"$EDGEGATE" --netns "$name" "$@"
}

# direction protocol port: of what has a listener, and no row. icmp is a ping.
FORBIDDEN=(
	'in tcp 22' 'in tcp 5060' 'in tcp 49999' 'in tcp 50000' 'in tcp 59999' 'in tcp 60000'
	'in tcp 45678' 'in udp 5061' 'in udp 3479' 'in icmp 0'
	'out tcp 442' 'out tcp 49999' 'out tcp 60000' 'out udp 3479' 'out icmp 0'
)

rows_serve() {
	local one direction protocol port where
	tls_serve "$EDGE" 443 5061
	tls_serve "$FAR" 5061
	stun_serve "$EDGE" "$EDGE4" "$EDGE6"
	stun_serve "$FAR" "$FAR4" "$FAR6"
	media_serve "$FAR" 50555
	tcp_serve "$FAR" 50000 59999
	for one in "${FORBIDDEN[@]}"; do
		read -r direction protocol port <<<"$one"
		[[ $protocol != icmp ]] || continue
		where=$EDGE
		[[ $direction == in ]] || where=$FAR
		net_start_listener "$where" "$protocol" "$port"
	done
	for one in "${FORBIDDEN[@]}"; do
		read -r direction protocol port <<<"$one"
		[[ $protocol != icmp ]] || continue
		where=$EDGE
		[[ $direction == in ]] || where=$FAR
		wait_listen "$where" "$protocol" "$port"
	done
	head -c 300000 /dev/urandom >"$NET_DIR/media"
}

row() { # COMMAND...
	"$@" >/dev/null || fail "no exchange: $*"
}

# Every row, over IPv4 and IPv6; each is counted at its own rule, there and back, and nothing of it
# is dropped.
rows_work() { # GATE
	local gate=$1 family edge far before after
	for family in 4 6; do
		edge=EDGE$family edge=${!edge} far=FAR$family far=${!far}
		before=$(gate_stats "$gate")
		row tls_try "$FAR" "$edge" 5061
		row tls_try "$EDGE" "$far" 5061
		row tls_try "$FAR" "$edge" 443
		row media_try "$EDGE" "$far" 50555 "$NET_DIR/media"
		row tcp_try "$EDGE" "$far" 50000
		row tcp_try "$EDGE" "$far" 59999
		row stun_try "$EDGE" "$far"
		row stun_try "$FAR" "$edge"
		after=$(gate_stats "$gate")
		jq -e -n --argjson before "$before" --argjson after "$after" '
			($after.rules | length) == 6 and
			all(range(6); $after.rules[.].packets > $before.rules[.].packets and
				$after.rules[.].reply_packets > $before.rules[.].reply_packets) and
			$after.drops == $before.drops' >/dev/null ||
			fail "IPv$family, counted wrongly: $(jq -c '.rules, .drops' <<<"$after")"
	done
}

forbidden_try() { # in|out tcp|udp|icmp 4|6 PORT
	local from=$FAR to=EDGE$3
	[[ $1 == in ]] || from=$EDGE to=FAR$3
	case $2 in
	icmp) ping_try "$from" "${!to}" ;;
	*) "$2_try" "$from" "${!to}" "$4" ;;
	esac
}

# All of it at once. Prints what ended otherwise than said.
forbidden_all() { # reached|dropped
	local one direction protocol port family pids=() file wrong=0
	for one in "${FORBIDDEN[@]}"; do
		read -r direction protocol port <<<"$one"
		for family in 4 6; do
			file=$NET_DIR/forbidden-$direction-$protocol-$port-$family
			{
				if forbidden_try "$direction" "$protocol" "$family" "$port"; then
					echo reached
				else
					echo dropped
				fi
			} >"$file" 2>/dev/null 3>&- &
			pids+=($!)
		done
	done
	wait "${pids[@]}"
	for file in "$NET_DIR"/forbidden-*; do
		if [[ $(<"$file") != "$1" ]]; then
			echo "${file##*/}: $(<"$file"), should have been $1" >&2
			wrong=1
		fi
	done
	return $wrong
}

# Without a gate there is an answer from behind every port.
forbidden_reached() {
	forbidden_all reached
}

# With one there is none; all of it is counted as no-rule in its direction, and nothing otherwise. Where other
# tests are at work, thirty clients at once may take a second until the last of them has sent something.
forbidden_dropped() { # GATE
	# shellcheck disable=SC2034 # read by what tries
	local before after in_tries=0 one NET_TIMEOUT=$((2 * NET_TIMEOUT_DROPPED))
	for one in "${FORBIDDEN[@]}"; do
		[[ $one != in* ]] || in_tries=$((in_tries + 2))
	done
	before=$(gate_stats "$1")
	forbidden_all dropped
	after=$(gate_stats "$1")
	jq -e -n --argjson before "$before" --argjson after "$after" --argjson in $in_tries \
		--argjson out $((2 * ${#FORBIDDEN[@]} - in_tries)) '
		def grown: [range($after.drops | length) as $i | $after.drops[$i] +
			{packets: ($after.drops[$i].packets - $before.drops[$i].packets)} |
			select(.packets > 0)];
		(grown | map(.reason) | unique) == ["no-rule"] and
		(grown[] | select(.direction == "in")).packets >= $in and
		(grown[] | select(.direction == "out")).packets >= $out and
		($after.rules | map(.packets, .reply_packets)) ==
		($before.rules | map(.packets, .reply_packets))' >/dev/null ||
		fail "counted wrongly: $(jq -c '.rules, .drops' <<<"$before") then $(jq -c '.rules, .drops' <<<"$after")"
}

# ---- the ledger ----------------------------------------------------------------------------------

# Offloads off: then what is counted anywhere is what is on the wire.
no_offloads() { # NAME INTERFACE...
	local name=$1 interface
	shift
	for interface; do
		in_ns "$name" ethtool -K "$interface" tso off gso off gro off tx-udp-segmentation off >/dev/null
	done
}

# What an interface has received: all that XDP on it judges, dropped or not.
received() { # NAME INTERFACE
	ip -n "$(ns "$1")" -j -s link show dev "$2" | jq '.[0].stats64.rx.packets'
}

# What a namespace has sent by TCP, UDP and ICMP, also where its own egress dropped it (UDP counts
# that as an error of a buffer), without neighbor discovery. TCP hands down more than one segment at
# a time, whatever the offloads: IP's own counters count those once.
sent_ip() { # NAME
	in_ns "$1" sh -c 'cat /proc/net/snmp /proc/net/snmp6' | awk '
		/^(Tcp|Udp|Icmp):/ {
			if (!($1 in titles)) { titles[$1] = $0; next }
			split(titles[$1], title)
			for (i = 2; i <= NF; i++)
				if (title[i] ~ /^(OutSegs|OutDatagrams|SndbufErrors|OutMsgs|RetransSegs)$/) sum += $i
		}
		$1 ~ /^(Udp6OutDatagrams|Udp6SndbufErrors|Icmp6OutMsgs)$/ { sum += $2 }
		$1 ~ /^Icmp6Out(Router|Neighbor|MLDv2|GroupMemb)/ { sum -= $2 }
		END { print sum }'
}

# What crossed a gate in one direction, without ARP and neighbor discovery. All numbers are from one
# look: a neighbor may be asked for at any moment.
crossed_ip() { # NAME in|out
	gate_stats "$1" | jq --arg direction "$2" '
		([.rules[] | if .direction == $direction then .packets else .reply_packets end] +
		[(.passed[], .drops[]) | select(.direction == $direction and .kind != "arp" and
			.kind != "neighbor-discovery") | .packets]) | add'
}

# What a router has forwarded, to either side, dropped at its egress or not.
forwarded_ip() { # NAME
	in_ns "$1" sh -c 'cat /proc/net/snmp /proc/net/snmp6' | awk '
		$1 == "Ip:" && title == "" { title = $0; split($0, titles); next }
		$1 == "Ip:" { for (i = 2; i <= NF; i++) if (titles[i] == "ForwDatagrams") sum += $i }
		$1 == "Ip6OutForwDatagrams" { sum += $2 }
		END { print sum }'
}

# The same as the gate has it: all that came to the hook of one side, what the other let through.
forwarded_count() { # NAME
	gate_stats "$1" | jq '
		([.rules[] | .packets, .reply_packets] + [(.passed[] | select(.kind != "arp" and
			.kind != "neighbor-discovery")), (.drops[] | select(.direction == "out")) | .packets]) | add'
}

# From now on the two commands have to give numbers that grow alike.
ledger_open() { # "COMMAND" "COMMAND"
	local difference again
	again=$(($($1) - $($2)))
	until [[ ${difference-} == "$again" ]]; do # a packet may have come between the two
		difference=$again
		again=$(($($1) - $($2)))
	done
	LEDGER+=("$1|$2|$difference")
}

ledger_agrees() {
	local entry one two difference
	for entry in "${LEDGER[@]}"; do
		IFS='|' read -r one two difference <<<"$entry"
		(($($one) - $($two) == difference)) || return 1
	done
}

ledger_holds() {
	local entry one two difference
	wait_until ledger_agrees || {
		for entry in "${LEDGER[@]}"; do
			IFS='|' read -r one two difference <<<"$entry"
			echo "$one: $(($($one) - difference)); $two: $($two)" >&2
		done
		return 1
	}
}

# ---- the play ------------------------------------------------------------------------------------

net_flush_neighbors() {
	local name
	for name in $(net_namespaces "$NET_ID-"); do
		ip -n "$name" neighbor flush all
	done
}

# All of it at one gate: what passes without it, what with it, and after it. LEDGER is a function
# that opens what is to be compared.
play() { # GATE LEDGER APPLY'S-ARGUMENTS...
	local gate=$1 ledger=$2 interface
	shift 2
	forbidden_reached
	gate "$gate" apply "$@"
	"$ledger"
	net_flush_neighbors
	rows_work "$gate"
	forbidden_dropped "$gate"
	ledger_holds
	interface=$(gate_stats "$gate" | jq -r '.interfaces[0].name')
	gate "$gate" detach -i "$interface" --yes
	forbidden_reached
}
