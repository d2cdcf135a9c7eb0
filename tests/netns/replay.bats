#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Replay: options, captures one after the other, and what can go wrong with captures and files.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/replay.bash

setup() {
	[[ $EUID -eq 0 ]] || skip 'needs root'
	DIR=$BATS_TEST_TMPDIR
}

teardown() {
	! mountpoint -q "$DIR/disk" || umount "$DIR/disk"
	net_end
}

# ---- options -------------------------------------------------------------------------------------

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
	[[ -z $(compgen -G "$DIR/kept*") ]]
	[[ $(<"$DIR/out") == *'6 packets in 5.000 s: 3 in, 3 out' ]]
}

@test "replay: without privilege it says what is missing" {
	sample "$DIR/s.pcap"
	chmod 755 "$DIR" "$DIR/s.pcap"
	run --separate-stderr -1 setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$EDGEGATE" replay --host 192.0.2.10 - <"$DIR/s.pcap"
	[[ $stderr == *'Operation not permitted'*'run edgegate as root'* ]]
}
