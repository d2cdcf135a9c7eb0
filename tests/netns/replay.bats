#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Replay: options, captures one after the other, ends that come early.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/replay.bash

setup() {
	replay_begin
}

teardown() {
	net_end
}

# ---- options -------------------------------------------------------------------------------------

@test "replay: --json, --only, --filter and --write" {
	run --separate-stderr -0 "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/s.pcap"
	same "$SAMPLE_VERDICTS" "$output"
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
	run --separate-stderr -0 "$EDGEGATE" replay --json "$DIR/s.pcap"
	[[ $stderr == 'edgegate: warning: replay: without --host, the host is guessed to be 198.51.100.7'*'--host 198.51.100.7'* ]]
	# who was first sent to: the stranger, here
	[[ ${lines[0]} == *'"direction":"in"'* ]]
}

# ---- ends ------------------------------------------------------------------------------------------

@test "replay: Ctrl-C ends it, tells what was judged, and leaves nothing" {
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

@test "replay: a hang-up ends it too, but not under nohup" {
	local status=0 pid
	mkfifo "$DIR/pipe"
	"$EDGEGATE" replay --host 192.0.2.10 --write "$DIR/kept.pcap" - <"$DIR/pipe" >"$DIR/out" &
	pid=$!
	exec {held}>"$DIR/pipe"
	cat "$DIR/s.pcap" >&"$held"
	wait_until compgen -G "$DIR/kept.pcap.*"
	sleep 0.3
	kill -HUP "$pid"
	wait "$pid" || status=$?
	exec {held}>&-
	((status == 129))
	[[ -z $(compgen -G "$DIR/kept*") ]]
	nohup "$EDGEGATE" replay --host 192.0.2.10 --write "$DIR/kept.pcap" - <"$DIR/pipe" >"$DIR/out" 2>&1 &
	pid=$!
	exec {held}>"$DIR/pipe"
	cat "$DIR/s.pcap" >&"$held"
	wait_until compgen -G "$DIR/kept.pcap.*"
	kill -HUP "$pid"
	sleep 0.3
	exec {held}>&-
	wait "$pid"
	[[ $(<"$DIR/out") == *'6 packets in 5.000 s: 3 in, 3 out' && -s $DIR/kept.pcap ]]
}

@test "replay: who reads its lines may stop when there are enough" {
	many "$DIR/many.pcap" 5000
	local statuses
	"$EDGEGATE" replay --json --host 192.0.2.10 --write "$DIR/kept.pcap" "$DIR/many.pcap" 2>"$DIR/said" |
		head -n 1 >"$DIR/out" && statuses=("${PIPESTATUS[@]}") || statuses=("${PIPESTATUS[@]}")
	((statuses[0] == 141))
	[[ ! -s $DIR/said && $(wc -l <"$DIR/out") == 1 ]]
	[[ -z $(compgen -G "$DIR/kept*") ]]
}

@test "replay: a bar on a terminal, when it takes over a second" {
	# as many as five chunks; lines that nobody reads hold it up
	many "$DIR/many.pcap" 20480
	cat >"$DIR/slowly" <<-END
		#!/bin/bash
		[[ \$1 != - ]] || exec < <(cat "$DIR/many.pcap")
		"$EDGEGATE" replay --json --host 192.0.2.10 "\$1" |
			{ read -r line && sleep 1.3 && echo "\$line" && cat; } >"$DIR/out"
	END
	chmod +x "$DIR/slowly"
	SHELL=/bin/bash net_script -qec "$DIR/slowly $DIR/many.pcap" /dev/null >"$DIR/screen"
	[[ $(wc -l <"$DIR/out") == 20480 ]]
	# drawn at least once, and taken away
	[[ $(<"$DIR/screen") == $'\r\e[K[###'*'...]  '*' %  '*' packets'*$'\r\e[K' ]]
	# of a pipe there is no part to tell
	SHELL=/bin/bash net_script -qec "$DIR/slowly -" /dev/null >"$DIR/screen"
	[[ $(<"$DIR/screen") == $'\r\e[K'*' packets'*$'\r\e[K' && $(<"$DIR/screen") != *%* ]]
	# no terminal, no bar
	"$DIR/slowly" "$DIR/many.pcap" 2>"$DIR/screen"
	[[ ! -s $DIR/screen ]]
}

@test "replay: memory is flat in what is read" {
	local packet
	packet=$(printf '%02800d' 0)
	pcap_header micro 1 | xxd -r -p >"$DIR/header"
	pcap_packet 0 0 "$ETHERNET${SAMPLE[2]}$packet" | xxd -r -p >"$DIR/packets"
	for ((i = 0; i < 10; i++)); do
		cat "$DIR/packets" "$DIR/packets" >"$DIR/packet"
		mv "$DIR/packet" "$DIR/packets"
	done
	[[ $(wc -c <"$DIR/packets") -gt 1000000 ]]
	most() { # TIMES: kilobytes
		{ cat "$DIR/header"; for ((i = 0; i < $1; i++)); do cat "$DIR/packets"; done; } |
			ASAN_OPTIONS=quarantine_size_mb=1 python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
				"$EDGEGATE" replay --json --summary --host 192.0.2.10 --write /dev/null -
	}
	local little much
	little=$(most 10)
	much=$(most 200)
	echo "$little KB for 10 MB, $much KB for 200 MB"
	((much < little + 4096))
}

@test "replay: without privilege it says what is missing" {
	chmod 755 "$DIR" "$DIR/s.pcap"
	run --separate-stderr -1 setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$EDGEGATE" replay --host 192.0.2.10 - <"$DIR/s.pcap"
	[[ $stderr == *'Operation not permitted'*'run edgegate as root'* ]]
}
