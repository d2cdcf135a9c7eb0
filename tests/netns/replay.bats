#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Replay: what crossed a live gate, replayed, gives the gate's own counts; real captures give what was
# worked out by hand; and what can go wrong with captures, options and files.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup_file() {
	bats_require_minimum_version 1.5.0
}

setup() {
	[[ $EUID -eq 0 ]] || skip 'needs root'
	NET_ID=
	DIR=$BATS_TEST_TMPDIR
}

teardown() {
	! mountpoint -q "$DIR/disk" || umount "$DIR/disk"
	net_end
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

# ---- real captures, worked out by hand -----------------------------------------------------------

captures() {
	CAPTURES=${EDGEGATE_CAPTURES-$PWD/../shared/captures}
	[[ -d $CAPTURES ]] || skip "no captures: set EDGEGATE_CAPTURES"
	cat >"$DIR/hand.yaml" <<-'END'
		policy: hand
		rules:
		  - {name: web-out, direction: out, protocol: tcp, ports: [80, 443]}
		  - {name: dns-in, direction: in, protocol: udp, ports: 53}
	END
	cat >"$DIR/server.yaml" <<-'END'
		policy: server
		rules:
		  - {name: web-in, direction: in, protocol: tcp, ports: [80, 443, 8080]}
		  - {name: gre-in, direction: in, protocol: 47}
	END
}

by_hand() { # POLICY HOST CAPTURE EXPECTED...
	local policy=$1 host=$2 capture=$3
	shift 3
	same "$(printf '%s\n' "$@" | sort)" \
		"$(replay "$DIR/$policy.yaml" --host "$host" "$CAPTURES/$capture" | counted)"
}

@test "replay: real captures: link control, and what is none" {
	captures
	# 20 slow protocols' frames to 01-80-C2-00-00-02
	by_hand hand 192.0.2.10 tcpdump-LACP.pcap 'in pass link-control 20'
	# 8 LLDP; 4 CDP are LLC/SNAP to Cisco's own group
	by_hand hand 192.0.2.10 tcpdump-LLDP_and_CDP.pcap 'in pass link-control 8' 'in drop ethertype 4'
}

@test "replay: real captures: neighbor discovery, an ICMP error about nothing" {
	captures
	# 7 solicitations, 1 of them of routers; 2 + 4 advertisements; 8 MLD reports: none from the host
	by_hand hand 192.0.2.10 zeek-icmp6-nd-options.pcap 'in pass neighbor-discovery 20'
	# fe80::dead says "too big" to fe80::beef, who never sent it anything
	by_hand hand fe80::beef zeek-icmp6-toobig.pcap 'in drop unrelated-icmp 1'
}

@test "replay: real captures: a web page, seen from either end, behind one and two tags" {
	captures
	local capture
	for capture in zeek-http-vlan.pcap zeek-http-qinq.pcap; do
		# 7 segments of the client (SYN, 2 + 2 ACK, request, FIN), 7 of the server
		by_hand hand 141.142.228.5 "$capture" 'out rule web-out 7' 'in reply web-out 7'
		by_hand server 192.150.187.43 "$capture" 'in rule web-in 7' 'out reply web-in 7'
		# seen by a policy that has no rule for it
		by_hand server 141.142.228.5 "$capture" 'out drop no-rule 7' 'in drop no-rule 7'
	done
	# TLS: 15 segments of the client, 16 of the server
	by_hand hand 192.168.0.64 zeek-tls-client-certificate.pcap \
		'out rule web-out 15' 'in reply web-out 16'
}

@test "replay: real captures: atomic fragments, and a packet that stands before its time" {
	captures
	# Four connections of 2001:db8:1::2, behind a destination options header, an atomic fragment's,
	# hop-by-hop options: 5 + 5 + 5 out, 5 + 5 + 5 in; and behind a routing header of type 0: 3 out, and
	# 3 in for which there is no flow. Nor is there one for the first SYN+ACK, which stands in front of
	# its SYN (30 microseconds later by its own time). One solicitation out, one advertisement in.
	by_hand hand 2001:db8:1::2 zeek-ipv6-http-atomic-frag.pcap \
		'out rule web-out 15' 'in reply web-out 14' 'in drop no-rule 4' 'out drop malformed 3' \
		'out pass neighbor-discovery 1' 'in pass neighbor-discovery 1'
}

@test "replay: real captures: fragments" {
	captures
	# Bare IP. The first fragment holds 8 bytes of a TCP header: it can't be judged, nor can the others.
	by_hand server 2.2.2.2 sv-frag-ip-tcp-syn.pcap 'in drop fragment 3'
	# To this server 4 requests; 4 answers of 2 fragments each, the second beginning where the first ends.
	same "$(printf '%s\n' 'in rule dns-in 4' 'out reply dns-in 4' 'out pass fragment 4' | sort)" \
		"$(replay "$DIR/hand.yaml" --host 193.24.227.238 --filter 'host 193.24.227.238' \
			"$CAPTURES/ndpi-dns_fragmented.pcap" | counted)"
}

@test "replay: real captures: what a tunnel carries is not looked at" {
	captures
	by_hand server 192.0.2.10 ndpi-gre.pcapng 'in rule gre-in 1'
	by_hand hand 192.0.2.10 ndpi-gre.pcapng 'in drop no-rule 1'
}

@test "replay: every real capture, whatever the host, is counted to the last packet" {
	captures
	local capture packets lines
	for capture in "$CAPTURES"/*.pcap*; do
		packets=$(tcpdump -nn -r "$capture" --count 2>/dev/null | awk '{ print $1 }')
		lines=$("$EDGEGATE" replay --json "$capture" 2>/dev/null | wc -l)
		((packets > 0 && packets == lines)) || {
			echo "$capture: $packets packets, $lines lines" >&2
			return 1
		}
	done
}

# ---- what crossed a live gate ---------------------------------------------------------------------

# A host that serves SIP (sipp), TLS (openssl) and STUN (coturn), and a peer that does as well.
stage() { # GATE'S OPTIONS...
	net_begin
	net_pair
	no_offloads host gate0
	no_offloads peer wire0
	tls_serve host 443
	stun_serve host 192.0.2.10 2001:db8::10
	stun_serve peer 192.0.2.1 2001:db8::1
	net_start host sipp -sn uas -t t1 -i 192.0.2.10 -p 5061 -nostdin
	wait_listen host tcp 5061
	POLICY=(lync-2013-public-im host-basics --group access-edge=192.0.2.10,2001:db8::10)
	gate host apply -i gate0 --mode monitor "$@" "${POLICY[@]}"
	HOST=192.0.2.10,2001:db8::10,$(ip -n "$(ns host)" -j address show dev gate0 |
		jq -r '.[0].addr_info[] | select(.scope == "link") | .local')
}

crossed() {
	gate_stats host | jq -c '[.rules, .passed, .drops]'
}

# Captures what crosses from one moment to another, at which nothing does: CAPTURE NAMESPACE ARGUMENTS...
watch_begin() {
	local capture before words
	WATCHERS=()
	for attempt in 1 2 3 4 5 6 7 8 9 10; do
		before=$(crossed)
		for words; do
			# shellcheck disable=SC2086 # options are words
			set -- $words
			capture=$DIR/$1
			net_start "$2" tcpdump -U -Z root -B 8192 -w "$capture" "${@:3}"
			WATCHERS+=("$NET_PID")
			wait_until test -s "$capture"
		done
		[[ $before != "$(crossed)" ]] || return 0
		echo "attempt $attempt: something crossed meanwhile" >&2
		watch_end
		WATCHERS=()
		set -- "${CAPTURED[@]}"
	done
	return 1
}

settled() {
	local before
	before=$(crossed)
	sleep 0.5
	[[ $before == "$(crossed)" ]]
}

watch_end() {
	local pid
	wait_until settled
	for pid in "${WATCHERS[@]}"; do
		kill -INT "$pid"
		wait "$pid" 2>/dev/null || true
	done
}

traffic() {
	tls_try peer 192.0.2.10 443
	tls_try peer 2001:db8::10 443
	in_ns peer sipp -sn uac -t t1 -i 192.0.2.1 -m 3 -r 10 -nostdin 192.0.2.10:5061 >/dev/null 2>&1
	stun_try peer 192.0.2.10
	stun_try peer 2001:db8::10
	stun_try host 192.0.2.1
	stun_try host 2001:db8::1
	# what the policy would drop
	tcp_try peer 192.0.2.10 22 && return 1
	udp_try peer 2001:db8::10 9999 && return 1
	tcp_try host 192.0.2.1 8443 && return 1
	in_ns peer ping -q -n -c 2 -i 0.2 192.0.2.10 >/dev/null
	in_ns peer ping -q -n -c 1 -s 3000 2001:db8::10 >/dev/null
}

live() { # FIELD...
	gate_stats host | jq -S '{rules: [.rules[] | del(.from, .to, .ports)], passed, drops, flows}'
}

replayed() { # CAPTURE
	replay "${POLICY[@]}" --host "$HOST" "$DIR/$1" |
		jq -S '.gates[0] | {rules: [.rules[] | del(.from, .to, .ports)], passed, drops, flows}'
}

# What was counted before the capture began is taken off.
since() { # BEFORE AFTER
	jq -n -S --argjson before "$1" --argjson after "$2" '
		def less($b): if type == "object" then with_entries(.key as $k | .value |= less($b[$k]))
			elif type == "array" then [to_entries[] | .key as $k | .value | less($b[$k])]
			elif type == "number" then . - $b else . end;
		($after.flows) as $flows | $after | less($before) | .flows = $flows'
}

@test "replay: what crossed a live gate gives the gate's own counts" {
	command -v sipp >/dev/null || skip 'needs sipp'
	stage
	local before
	CAPTURED=('wire.pcap peer -i wire0' 'short.pcap peer -i wire0 -s 128' 'cut.pcap peer -i wire0 -s 70'
		'any2.pcap host -i any -y LINUX_SLL2' 'any1.pcap host -i any -y LINUX_SLL'
		'nano.pcap peer -i wire0 --nano')
	watch_begin "${CAPTURED[@]}"
	before=$(live)
	traffic
	watch_end
	local expected
	expected=$(since "$before" "$(live)")
	# or it would show nothing
	[[ $(jq '[.rules[] | select(.packets > 0)] | length' <<<"$expected") -ge 4 ]]
	[[ $(jq '[.drops[] | select(.packets > 0)] | length' <<<"$expected") -ge 2 ]]
	[[ $(jq '.flows.entries' <<<"$expected") -ge 2 ]]
	same "$expected" "$(replayed wire.pcap)"
	# all headers are within 128 bytes, also those that an ICMP error quotes
	same "$expected" "$(replayed short.pcap)"
	same "$expected" "$(replayed nano.pcap)"
	# of the device `any` the link headers are made anew
	same "$expected" "$(replayed any2.pcap)"
	same "$expected" "$(replayed any1.pcap)"

	# With 70 bytes, TCP over IPv4 is judged as ever (54), UDP over IPv6 too (62); TCP over IPv6 (74)
	# and an ICMPv6 error's quote (110) are not there. Whoever gets no verdict changes no other's.
	"$EDGEGATE" replay --json "${POLICY[@]}" --host "$HOST" "$DIR/wire.pcap" >"$DIR/whole.json"
	"$EDGEGATE" replay --json "${POLICY[@]}" --host "$HOST" "$DIR/cut.pcap" >"$DIR/cut.json"
	paste -d '\n' "$DIR/whole.json" "$DIR/cut.json" | jq -s -e '
		[range(0; length; 2) as $i | select(.[$i + 1].verdict != "unknown" and .[$i] != .[$i + 1])]
		| length == 0'
	[[ $(jq 'select(.verdict == "unknown") | .n' "$DIR/cut.json") == $("$EDGEGATE" replay --json \
		"${POLICY[@]}" --host "$HOST" "$DIR/wire.pcap" --filter 'ip6 proto 6 or
		(icmp6 and ip6[40] >= 1 and ip6[40] <= 4)' | jq .n) ]]
	[[ $(jq 'select(.verdict == "unknown") | .reason' "$DIR/cut.json" | sort -u) == '"truncated"' ]]
}

# ---- options -------------------------------------------------------------------------------------

# Ten packets, in hex: pcap, Ethernet. A flow, what it lets in, a rule's packet, and what none lets.
sample() { # FILE
	local at=0 packet
	local ip='08004500001c0000000040' udp
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

@test "replay: --json, --only, --filter and --write" {
	sample "$DIR/s.pcap"
	run --separate-stderr -0 "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/s.pcap"
	same "$(cat <<-'END'
		{"n":1,"direction":"out","verdict":"pass","rule":"av-stun-out","path":"forward"}
		{"n":2,"direction":"in","verdict":"pass","rule":"av-stun-out","path":"reply"}
		{"n":3,"direction":"in","verdict":"pass","rule":"av-stun-in","path":"forward"}
		{"n":4,"direction":"out","verdict":"pass","rule":"av-stun-in","path":"reply"}
		{"n":5,"direction":"in","verdict":"drop","reason":"no-rule"}
		{"n":6,"direction":"out","verdict":"drop","reason":"no-rule"}
	END
	)" "$output"
	[[ -z $stderr ]]
	# what is not shown is judged all the same: the flow is there
	run --separate-stderr -0 "$EDGEGATE" replay --json --host 192.0.2.0/24 "$DIR/s.pcap" \
		--filter 'dst host 192.0.2.10' --only pass --write "$DIR/kept.pcap"
	[[ $(jq -c .n <<<"$output" | paste -sd ' ') == '2 3' ]]
	same "$(tcpdump -tt -nn -r "$DIR/s.pcap" 'dst host 192.0.2.10 and not port 9999' 2>/dev/null)" \
		"$(tcpdump -tt -nn -r "$DIR/kept.pcap" 2>/dev/null)"
	[[ $(echo "$DIR"/kept*) == "$DIR/kept.pcap" ]]
	run --separate-stderr -0 "$EDGEGATE" replay --host 192.0.2.10 --only drop "$DIR/s.pcap"
	[[ $output == *'6 packets in 5.000 s; 2 of them shown: 1 in, 1 out' ]]
	same 'in drop no-rule 1
out drop no-rule 1' "$(replay --host 192.0.2.10 --only drop "$DIR/s.pcap" | counted)"
	[[ $(replay --host 192.0.2.10 "$DIR/s.pcap" | jq -c .gates[0].flows.entries) == 1 ]]
}

@test "replay: several captures, one after the other by their own clocks" {
	sample "$DIR/s.pcap"
	# five minutes after the first, the flow of the first has ended; a capture of the past goes on
	cat >"$DIR/reply.yaml" <<-'END'
		policy: short
		flows: {timeouts: {udp: 6s}}
		rules:
		  - {name: stun-out, direction: out, protocol: udp, ports: 3478}
	END
	"$EDGEGATE" replay --host 192.0.2.10 "$DIR/s.pcap" --write "$DIR/two.pcap" \
		--filter 'src port 3478 and dst host 192.0.2.10' >/dev/null
	run --separate-stderr -0 "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/reply.yaml" "$DIR/s.pcap" "$DIR/two.pcap"
	[[ ${lines[6]} == '{"n":1,"capture":"'"$DIR"'/two.pcap","direction":"in","verdict":"pass","rule":"stun-out","path":"reply"}' ]]
	sed -i 's/6s/5s/' "$DIR/reply.yaml"
	run --separate-stderr -0 "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/reply.yaml" "$DIR/s.pcap" "$DIR/two.pcap"
	[[ ${lines[6]} == *'"verdict":"drop","reason":"no-rule"}' ]]
	# standard input, and a policy from there
	run --separate-stderr -0 "$EDGEGATE" replay --json --host 192.0.2.10 - <"$DIR/s.pcap"
	((${#lines[@]} == 6))
	run --separate-stderr -0 "$EDGEGATE" replay --json --host 192.0.2.10 - "$DIR/s.pcap" <"$DIR/reply.yaml"
	[[ ${lines[0]} == *stun-out* ]]
}

@test "replay: --diff shows what two policies judge differently" {
	sample "$DIR/s.pcap"
	run --separate-stderr -0 "$EDGEGATE" replay --host 192.0.2.10 "$DIR/s.pcap" --diff host-basics
	[[ $output == *'lync-2013-public-im        host-basics '*'pass: av-stun-out (reply)  drop: no-rule '*'4 of them shown'* ]]
	[[ $output != *'  rule '* ]]
	run --separate-stderr -0 "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/s.pcap" --diff host-basics --summary
	((${#lines[@]} == 5))
	[[ ${lines[1]} == '{"n":2,"direction":"in","verdict":"pass","rule":"av-stun-out","path":"reply","other":{"verdict":"drop","reason":"no-rule"}}' ]]
	[[ $(jq -c '[.gates[].policy]' <<<"${lines[4]}") == '["lync-2013-public-im","host-basics"]' ]]
	run --separate-stderr -0 "$EDGEGATE" replay --host 192.0.2.10 "$DIR/s.pcap" --diff lync-2013-public-im-relay --only drop
	[[ $output == 'both judge every packet alike'* ]]
}

@test "replay: without --host it guesses, and says so" {
	sample "$DIR/s.pcap"
	run --separate-stderr -0 "$EDGEGATE" replay --json "$DIR/s.pcap"
	[[ $stderr == 'edgegate: warning: replay: without --host, the host is guessed to be 198.51.100.7'*'--host 198.51.100.7'* ]]
	# who was first sent to: the stranger, here
	[[ ${lines[0]} == *'"direction":"in"'* ]]
}

# ---- what can go wrong ----------------------------------------------------------------------------

# Exit status 1 or 2, and two lines: what failed and why, what to do.
refused() { # STATUS WORDS ARGUMENT...
	local status_wanted=$1 words=$2
	shift 2
	run --separate-stderr "-$status_wanted" "$EDGEGATE" replay "$@"
	# shellcheck disable=SC2053 # a pattern
	[[ $stderr == $words ]] || fail "$stderr"
	[[ $(wc -l <<<"$stderr") -ge 2 ]]
}

@test "replay: a damaged capture is judged up to the damage" {
	sample "$DIR/s.pcap"
	local size packets
	for size in 24 25 39 40 65 81 82 83 140 371; do
		head -c "$size" "$DIR/s.pcap" >"$DIR/cut.pcap"
		packets=$(((size - 24) / 58))
		if (((size - 24) % 58)); then
			refused 1 "edgegate: replay $DIR/cut.pcap: packet $((packets + 1)): *" --json \
				--host 192.0.2.10 "$DIR/cut.pcap"
		else
			run -0 --separate-stderr "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/cut.pcap"
		fi
		[[ $(grep -c . <<<"$output") == "$packets" ]]
	done
	# the table as well
	refused 1 '*packet 7: *' --host 192.0.2.10 <(cat "$DIR/s.pcap" <(echo x))
	[[ $output == *'6 packets in 5.000 s: 3 in, 3 out' ]]
	# what was read of it is kept
	refused 1 '*packet 6: *' --host 192.0.2.10 --write "$DIR/kept.pcap" "$DIR/cut.pcap"
	cmp <(tail -c +25 "$DIR/kept.pcap") <(tail -c +25 "$DIR/s.pcap" | head -c $((5 * 58)))
}

@test "replay: what is no capture, no filter, no host" {
	sample "$DIR/s.pcap"
	echo 'policy: x' >"$DIR/x.yaml"
	refused 1 "edgegate: replay $DIR/none.pcap: cannot open it: No such file*" "$DIR/none.pcap"
	refused 1 "*it is no capture: *pcap or pcapng*" "$DIR/x.yaml"
	gzip -k "$DIR/s.pcap"
	refused 1 '*it is no capture: *zcat FILE | edgegate replay*' "$DIR/s.pcap.gz"
	refused 1 "*the filter 'port nobody': *man pcap-filter*" "$DIR/s.pcap" --filter 'port nobody'
	refused 1 '*link type, IEEE802_11 (105), is not known*' <(head -c 20 "$DIR/s.pcap"; printf '\x69\0\0\0')
	refused 2 "*--host: *192.0.2.256*" --host 192.0.2.256 "$DIR/s.pcap"
	refused 2 '*host bits*192.0.2.0/24*' --host 192.0.2.1/24 "$DIR/s.pcap"
	refused 2 '*replay: it needs a capture*'
	refused 2 '*standard input can be read only once*' - -
	refused 2 '*--only*all*none of pass | drop | unknown*' --only all "$DIR/s.pcap"
	refused 2 '*' "$DIR/none.yaml" "$DIR/s.pcap"
	refused 2 '*' "$DIR/s.pcap" --diff "$DIR/none.yaml"
}

@test "replay: a full disk under --write is said, and nothing is left of it" {
	sample "$DIR/s.pcap"
	mkdir "$DIR/disk"
	# 64 KiB; the capture has a quarter of a MiB
	mount -t tmpfs -o size=64k tmpfs "$DIR/disk"
	head -c 24 "$DIR/s.pcap" >"$DIR/big.pcap"
	tail -c +25 "$DIR/s.pcap" >"$DIR/packets"
	for ((i = 0; i < 800; i++)); do cat "$DIR/packets"; done >>"$DIR/big.pcap"
	echo before >"$DIR/disk/kept.pcap"
	refused 1 "*cannot write $DIR/disk/kept.pcap: packet *: No space left on device*" \
		--host 192.0.2.10 --write "$DIR/disk/kept.pcap" "$DIR/big.pcap"
	[[ $output == *' packets in '* ]]
	[[ $(ls "$DIR/disk") == kept.pcap && $(<"$DIR/disk/kept.pcap") == before ]]
	refused 1 '*cannot write /nonexistent/x: No such file*' --write /nonexistent/x --host 192.0.2.10 "$DIR/s.pcap"
}

@test "replay: Ctrl-C ends it, tells what was judged, and leaves nothing" {
	sample "$DIR/s.pcap"
	local status=0
	mkfifo "$DIR/pipe"
	(trap - INT; exec "$EDGEGATE" replay --host 192.0.2.10 --write "$DIR/kept.pcap" - <"$DIR/pipe" >"$DIR/out") &
	local pid=$!
	exec {held}>"$DIR/pipe"
	cat "$DIR/s.pcap" >&"$held"
	wait_until compgen -G "$DIR/kept.pcap.*"
	sleep 0.3
	kill -INT "$pid"
	wait "$pid" || status=$?
	exec {held}>&-
	((status == 130))
	! compgen -G "$DIR/kept*"
	[[ $(<"$DIR/out") == *'6 packets in 5.000 s: 3 in, 3 out' ]]
}

@test "replay: without privilege it says what is missing" {
	sample "$DIR/s.pcap"
	chmod 755 "$DIR" "$DIR/s.pcap"
	run --separate-stderr -1 setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$EDGEGATE" replay --host 192.0.2.10 - <"$DIR/s.pcap"
	[[ $stderr == *'Operation not permitted'*'run edgegate as root'* ]]
}
