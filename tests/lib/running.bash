# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A gate that is changed under traffic: what tests/tools/traffic sends, two policies that agree on it and
# on nothing else, and somebody who reads the counters all the while. Load after rows.bash.
#
#	running_policies; gate host apply -i gate0 "$NET_DIR/one.yaml"
#	traffic_start host peer 192.0.2.10 192.0.2.1 2001:db8::10 2001:db8::1; counters_watch host
#	... changes ...
#	counters_judge; traffic_judge

TRAFFIC_PID=
COUNTERS_PID=

# Both let pass what the traffic needs, and neither what it sends to port 9. The rules have the same names,
# slots and ports, but the sets of addresses change their numbers and the candidate lists theirs: whoever
# judges by a bit of one and a bit of the other lets pass what is forbidden, and drops what is not.
running_policies() {
	cat >"$NET_DIR/one.yaml" <<-'END'
		policy: one
		flows: {timeouts: {udp: 1h}} # one of them stands still for as long as the test takes
		groups: {near: [192.0.2.0/24, 198.51.100.0/24, "2001:db8::/32"], far: [203.0.113.0/24, "fd00::/8"]}
		rules:
		  - {name: service-in, direction: in, protocol: udp, ports: 5061, from: near}
		  - {name: stun-out, direction: out, protocol: udp, ports: 3478-3479, to: near}
		  - {name: talk-out, direction: out, protocol: tcp, ports: 5061, to: near}
		  - {name: closed-in, direction: in, protocol: udp, ports: 9, from: far}
		  - {name: closed-out, direction: out, protocol: udp, ports: 9, to: far}
		  - {name: only-one-in, direction: in, protocol: tcp, ports: 443}
	END
	cat >"$NET_DIR/two.yaml" <<-'END'
		policy: two
		flows: {timeouts: {udp: 1h}}
		groups: {near: [192.0.2.0/24, 198.51.100.0/24, "2001:db8::/32"], far: [203.0.113.0/24, "fd00::/8"]}
		rules:
		  - {name: only-two-in, direction: in, protocol: tcp, ports: 8000-8100, limit: {rate: 50/s, per: source}}
		  - {name: closed-out, direction: out, protocol: udp, ports: 9, to: far, peer-ports: 1024-65535}
		  - {name: closed-in, direction: in, protocol: udp, ports: 9, from: far}
		  - {name: talk-out, direction: out, protocol: tcp, ports: 5061, to: near}
		  - {name: stun-out, direction: out, protocol: udp, ports: 3478-3479, to: near, limit: {rate: 1000000/s}}
		  - {name: service-in, direction: in, protocol: udp, ports: 5061, from: near}
	END
}

# ---- traffic -------------------------------------------------------------------------------------

# Whatever TCP sends again has been lost: nothing is, because a busy machine was slow to answer.
traffic_patience() { # HOST
	local family line
	ip netns exec "$(ns "$1")" sysctl -q net.ipv4.tcp_early_retrans=0
	for family in -4 -6; do
		while read -r line; do
			[[ $line != fe80:* && $line != *rto_min* ]] || continue
			# shellcheck disable=SC2086 # a route is many words
			ip -n "$(ns "$1")" "$family" route change $line proto kernel rto_min 3s
		done < <(ip -n "$(ns "$1")" "$family" route show proto kernel)
	done
}

traffic_start() { # HOST PEER HOST4 PEER4 HOST6 PEER6
	traffic_patience "$1"
	traffic_patience "$2"
	TRAFFIC_LOG=$NET_DIR/$1-traffic.log
	net_start "$1" "${NET_LIBRARY:-$PWD/build/tests/lib}/../tools/traffic" \
		"$(ns "$1")" "$(ns "$2")" "$3" "$4" "$5" "$6"
	TRAFFIC_PID=${NET_PIDS[-1]}
	traffic_says 1 loud
}

traffic_says() { # COUNT WORD: so many times by now
	# shellcheck disable=SC2016 # it is the inner shell's
	wait_until bash -c '(($(grep -cx "$1" "$2") >= $3))' - "$2" "$TRAFFIC_LOG" "$1" ||
		fail "traffic: $(<"$TRAFFIC_LOG")"
}

# What is forbidden isn't sent until traffic_loud: somebody will let it pass.
traffic_quiet() {
	local before
	before=$(grep -cx quiet "$TRAFFIC_LOG") || true
	kill -USR1 "$TRAFFIC_PID" || fail "traffic has ended: $(<"$TRAFFIC_LOG")"
	traffic_says $((before + 1)) quiet
}

traffic_loud() {
	local before
	before=$(grep -cx loud "$TRAFFIC_LOG") || true
	kill -USR2 "$TRAFFIC_PID" || fail "traffic has ended: $(<"$TRAFFIC_LOG")"
	traffic_says $((before + 1)) loud
}

# Ends it. Nothing that is allowed was lost, nothing that is forbidden arrived, the flows that were there at
# the beginning are there at the end, and there was something to judge: so many datagrams of each kind.
traffic_judge() { # [LEAST]
	local status=0
	kill "$TRAFFIC_PID" 2>/dev/null || true # it ends by itself when something is missing
	wait "$TRAFFIC_PID" || status=$?
	TRAFFIC=$(tail -n 1 "$TRAFFIC_LOG")
	((status == 0)) || fail "traffic ended with $status: $(<"$TRAFFIC_LOG")"
	jq -e --argjson least "${1-100}" '
		([.in, .out] | all(.sent == .returned and .leaked == 0 and .sent >= $least and .forbidden >= $least)) and
		.tcp.sent == .tcp.returned and .tcp.sent >= $least and .tcp.retransmitted == 0 and .kept == 1' \
		<<<"$TRAFFIC" >/dev/null || fail "traffic: $TRAFFIC"
}

# ---- counters ------------------------------------------------------------------------------------

# Reads them again and again until counters_judge. The interface need not be the only one of the gate.
counters_watch() { # NAME [INTERFACE]
	COUNTERS=$NET_DIR/counters
	touch "$NET_DIR/counters-go-on"
	# shellcheck disable=SC2016 # they are the inner shell's
	net_start "$1" bash -c 'while [[ -e $1 ]]; do "$2" stats --json -i "$3" >>"$4" || echo "failed: $?" >>"$4"; sleep 0.05; done' \
		- "$NET_DIR/counters-go-on" "$EDGEGATE" "${2-gate0}" "$COUNTERS"
	COUNTERS_PID=${NET_PIDS[-1]}
}

# Of each look and the one before it: no counter of a rule that both have, of a kind or of a reason, and not
# the sum of all, has gone back; and they did move. LOOKS: how many there were.
counters_judge() { # [LEAST]
	local worst
	rm "$NET_DIR/counters-go-on"
	wait "$COUNTERS_PID"
	! grep '^failed' "$COUNTERS" || fail 'stats could not be read'
	worst=$(jq -n -r --argjson least "${1-10}" '
		def flat: .gates[0] | [
			(.rules[] | select(.name != "(removed)") | ["rule \(.direction) \(.name)", .packets, .bytes, .reply_packets, .reply_bytes]),
			(.passed[] | ["kind \(.direction) \(.kind)", .packets, .bytes]),
			(.drops[] | ["reason \(.direction) \(.reason)", .packets, .bytes]),
			["sum", ([.rules[] | .packets + .reply_packets] + [(.passed[], .drops[]) | .packets] | add)]
		] | map({key: .[0], value: .[1:]}) | from_entries;
		reduce (inputs | flat) as $now ({n: 0, bad: []};
			.n += 1 | .first //= $now | .past as $past |
			if $past then .bad += [$now | to_entries[] | .key as $key | select($past[$key]) |
				select([.value, $past[$key]] | transpose | any(.[0] < .[1])) | "\($key): \($past[$key]) then \(.value)"] else . end |
			.past = $now) |
		if .bad != [] then "went back: " + (.bad[:3] | join("; "))
		elif .n < $least then "only \(.n) looks"
		elif .past.sum[0] <= .first.sum[0] or .past["rule in service-in"][0] <= .first["rule in service-in"][0]
			or .past["rule out stun-out"][2] <= .first["rule out stun-out"][2] then "did not move"
		else "\(.n) looks" end' "$COUNTERS") || fail 'counters: cannot be compared'
	[[ $worst == *' looks' && $worst != only* ]] || fail "counters: $worst"
	# shellcheck disable=SC2034 # for who wants to say it
	LOOKS=${worst% looks}
}

# ---- what must not change ------------------------------------------------------------------------

# How often the interfaces went down and up, and what is attached to them.
carriers() { # NAME INTERFACE...
	local name=$1 interface
	shift
	for interface; do
		ip netns exec "$(ns "$name")" cat "/sys/class/net/$interface/carrier_changes"
	done
}

# Links by their ids, which a link keeps as long as it lives; of clsact the filter's place.
attachments() { # NAME INTERFACE...
	local name=$1 interface
	shift
	gate "$name" status --json -i "$1" | jq -c '.gates[0].interfaces[] | [.name, .xdp_link, .tc_link, .tc]'
	for interface; do
		in_ns "$name" tc filter show dev "$interface" egress | grep -oE 'pref [0-9]+ bpf chain 0 handle 0x[0-9a-f]+' || true
	done
}

# Ages of the host's flows in seconds, the youngest first.
flow_ages() { # NAME INTERFACE
	gate "$1" flows --json -i "$2" | jq -c '[.gates[0].flows[].age] | sort'
}
