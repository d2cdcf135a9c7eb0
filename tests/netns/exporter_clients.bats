#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The exporter and clients that mean no good: it goes on serving, and holds on to nothing of theirs.
# shellcheck disable=SC2034 # exporter.bash reads what is set here

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/exporter.bash

# What is measured is what is shipped.
EXPORTER=$PWD/build/edgegate

setup() {
	net_begin
	net_ns host
}

teardown() { net_end; }

# Bytes of memory, and descriptors, of the process that serves.
memory() {
	awk '$1 == "VmRSS:" { print $2 * 1024 }' "/proc/$EXPORTER_PID/status"
}

descriptors() {
	find "/proc/$EXPORTER_PID/fd" -mindepth 1 | wc -l
}

# No more than at the beginning, when a connection may just have been closing.
descriptors_are() { # NUMBER
	(($(descriptors) <= $1))
}

healthy() { # [CURL-OPTION...]
	[[ $(fetch host /healthz "$@") == ok ]]
	fetch host /metrics "$@" | grep -q ^edgegate_build_info
}

# What raw requests get, all sent at the same time: a line each, in their order, the first of the answer; empty where
# there is none.
raw() { # TEXT...
	local text number=0 pids=()
	for text; do
		printf '%b' "$text" | timeout 15 nsenter --net="/run/netns/$(ns host)" socat -t 3 - TCP:127.0.0.1:9979 2>/dev/null |
			head -n 1 | tr -d '\r\n' >"$NET_DIR/raw-$number" 3>&- &
		pids+=("$!")
		number=$((number + 1))
	done
	wait "${pids[@]}" || true
	for ((number = 0; number < $#; number++)); do
		echo "$(<"$NET_DIR/raw-$number")"
	done
}

# Says a letter a second, and what became of it.
dripping() {
	# shellcheck disable=SC2016 # for the shell in the namespace
	in_ns host timeout 30 bash -c 'exec 5<>/dev/tcp/127.0.0.1/9979; printf "GET / HTTP/1.1\r\nHost: " >&5
		until read -r -t 1 -n 1 -u 5; (($? <= 128)); do printf a >&5 2>/dev/null || break; done; echo $SECONDS'
}

# The same connection.
twice_in_eleven_seconds() {
	local get='GET /healthz HTTP/1.1\r\nHost: localhost\r\n'
	{
		printf '%b' "$get\r\n"
		sleep 11
		printf '%b' "${get}Connection: close\r\n\r\n"
	} | in_ns host timeout 20 socat -t 5 - TCP:127.0.0.1:9979
}

@test "exporter: requests that are none, or huge, of other methods, or never finished" {
	local began path method answers slow=() idle unseen
	exporter_start host
	exporter_wait host
	healthy
	began=$(descriptors)
	twice_in_eleven_seconds >"$NET_DIR/twice" 3>&- &
	idle=$!
	dripping >"$NET_DIR/one" 3>&- &
	slow+=("$!")
	dripping >"$NET_DIR/two" 3>&- &
	slow+=("$!")
	for method in POST PUT DELETE OPTIONS TRACE CONNECT PATCH BREW get; do
		[[ $(status_of host /metrics --request $method) == 405 ]]
	done
	in_ns host curl --silent --include --request POST http://127.0.0.1:9979/ | grep -q $'^Allow: GET, HEAD\r$'
	[[ $(in_ns host curl --silent --head --write-out '%{http_code} %{size_download}' --output /dev/null http://127.0.0.1:9979/metrics) == '200 0' ]]
	for path in /../../etc/passwd /metrics/../../etc/shadow /./metrics //metrics /metrics/ /..%2f..%2fetc%2fpasswd \
		/%2e%2e/etc/passwd /metrics%00 /api/v1/ /api/v1/stats/../../../etc/passwd /sys/fs/bpf /proc/self/environ; do
		[[ $(status_of host "$path") == 404 ]]
	done
	[[ $(status_of host '/metrics?a=b&c') == 200 ]]
	[[ $(status_of host /metrics --data-binary "$(printf '%010000d' 0)" --request GET) == 413 ]]
	[[ $(status_of host /metrics --header 'Transfer-Encoding: chunked' --data x --request GET) == 413 ]]
	# a path and a head that are larger than a connection may take of memory; and one without Host
	mapfile -t answers < <(raw "GET /$(printf '%040000d' 0) HTTP/1.1\r\nHost: localhost\r\n\r\n" \
		"GET / HTTP/1.1\r\nHost: localhost\r\nX: $(printf '%040000d' 0)\r\n\r\n" 'GET / HTTP/1.1\r\n\r\n')
	((${#answers[@]} == 3))
	[[ ${answers[0]} == *' 4'* && ${answers[1]} == *' 4'* && ${answers[2]} == *' 400 '* ]]
	mapfile -t answers < <(raw 'GET / HTTP/9.9\r\n\r\n' '\r\n\r\n' '\x00\x00\x00\x00' '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' \
		'GET' 'GET /\r\n\r\n' 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' ' GET / HTTP/1.1\r\n\r\n' \
		'GET / HTTP/1.1\r\nContent-Length: -1\r\nHost: localhost\r\n\r\n' \
		'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n' \
		'GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n')
	((${#answers[@]} == 11))
	[[ ${answers[*]} != *' 200 '* ]]
	# two who read it could take it for two different requests
	mapfile -t answers < <(raw 'GET /metrics\x00x HTTP/1.1\r\nHost: localhost\r\n\r\n' \
		'GET /metrics?a\x00b HTTP/1.1\r\nHost: localhost\r\n\r\n' 'GET /metrics?a=\x00 HTTP/1.0\r\n\r\n' \
		'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n' \
		'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\ncontent-length: 0\r\n\r\n')
	((${#answers[@]} == 5))
	for path in "${answers[@]}"; do
		[[ $path == *' 400 '* ]]
	done
	[[ $(status_of host '/metrics?a=b&c%00' --header 'Content-Length: 0') == 200 ]]
	[[ $(status_of host /metrics --http1.0 --header 'Host:') == 200 ]]
	raw 'GET\t/\tHTTP/1.1\r\nHost: localhost\r\n\r\n' >/dev/null
	healthy
	# who closed in the middle of a request is noticed when its time is over
	wait_until descriptors_are "$began"
	# and so is who goes on saying a letter a second: ten seconds, and no more (than a busy machine makes of them)
	wait "${slow[@]}"
	for path in "$NET_DIR/one" "$NET_DIR/two"; do
		(($(<"$path") >= 9 && $(<"$path") <= 20))
	done
	# who has been answered may ask again, as Prometheus does
	wait "$idle"
	[[ $(grep -c ' 200 OK' "$NET_DIR/twice") -eq 2 ]]
	healthy
	# what our own code answers is counted, each status of it; what the library refuses isn't, and isn't listed
	unseen=$(fetch host /metrics | sed -n 's/^edgegate_exporter_responses_total{code="\([0-9]*\)"} 0$/\1/p')
	[[ ${unseen//$'\n'/ } == '401 421 429 503' ]]
	exporter_is_quiet
}

@test "exporter: 10,000 connections that ask nothing" {
	local began memory
	exporter_start host
	exporter_wait host
	healthy
	began=$(descriptors) memory=$(memory)
	net_start host build/tests/tools/crowd connect 127.0.0.1 9979 10000
	# while they come, who asks from their address may be taken for one of them and be cut; from another one nobody is
	for _ in {1..5}; do
		healthy --interface 127.0.0.2
		(($(descriptors) <= began + 130))
		sleep 0.2
	done
	NET_PATIENCE=30 wait_until grep -q ready "$NET_DIR/host-crowd.log"
	# they are there, and no more come: who asks now is the last to go, from their address, too
	healthy
	(($(descriptors) <= began + 130))
	# a connection's memory and its bookkeeping: 128 of them
	(($(memory) - memory < 8 << 20))
	(($(fetch host /metrics | awk '$1 == "edgegate_exporter_connections_cut_total" { print $2 }') >= 9000))
	kill "$NET_PID"
	wait_until descriptors_are "$began"
	healthy
}

# A client that thinks for half a second before it asks.
slow_to_ask() {
	# shellcheck disable=SC2016 # for the shell in the namespace
	in_ns host timeout 10 bash -c 'exec 5<>/dev/tcp/127.0.0.1/9979; sleep 0.5
		printf "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n" >&5; head -n 1 <&5' | grep -q ' 200 '
}

@test "exporter: a crowd that asks, takes no answer, and keeps coming back" {
	# or the kernel would take all of it for them
	in_ns host sysctl -qw net.ipv4.tcp_wmem='4096 4096 4096' net.ipv4.tcp_rmem='4096 4096 4096'
	exporter_start host
	exporter_wait host
	# one after the other: there is none that waits for a request to cut instead
	for _ in {1..3}; do
		net_start host build/tests/tools/crowd connect 127.0.0.1 9979 140 $'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
		wait_until grep -q ready "$NET_DIR/host-crowd.log"
		healthy
		slow_to_ask
	done
	(($(fetch host /metrics | awk '$1 == "edgegate_exporter_connections" { print $2 }') <= 128))
	(($(fetch host /metrics | awk '$1 == "edgegate_exporter_connections_cut_total" { print $2 }') >= 12))
}

# What it has used of a processor, in hundredths of a second.
processor() {
	awk '{ print $14 + $15 }' "/proc/$EXPORTER_PID/stat"
}

@test "exporter: more connections than it may have descriptors" {
	local began most
	most=$(ulimit -Sn)
	ulimit -Sn 32
	exporter_start host
	ulimit -Sn "$most"
	exporter_wait host
	net_start host build/tests/tools/crowd connect 127.0.0.1 9979 40
	wait_until grep -q ready "$NET_DIR/host-crowd.log"
	began=$(processor)
	# while they wait for each other, it doesn't run in circles; and whoever comes behind them gets their turn
	sleep 1
	(($(processor) - began < 30))
	healthy
}

@test "exporter: those that never finish their handshake" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=edge \
		-keyout "$NET_DIR/key" -out "$NET_DIR/crt" 2>/dev/null
	chmod 600 "$NET_DIR/key"
	exporter_start host --tls-cert "$NET_DIR/crt" --tls-key "$NET_DIR/key" --listen 127.0.0.1:9443
	wait_listen host tcp 9443
	net_start host build/tests/tools/crowd connect 127.0.0.1 9443 300
	wait_until grep -q ready "$NET_DIR/host-crowd.log"
	EXPORTER_AT=https://127.0.0.1:9443 fetch host /healthz --insecure
}

documents() {
	find "/proc/$EXPORTER_PID/fd" -mindepth 1 -lname '/memfd:*' | wc -l
}

@test "exporter: those that ask for much and take nothing" {
	local i most=0 now
	net_ns peer
	net_link host gate0 peer wire0
	awk 'BEGIN {
		print "policy: many\nflows: {max: 1024}\nrules:"
		for (n = 0; n < 1000; n++) printf "  - {name: rule-%04d, direction: in, protocol: tcp, ports: %d}\n", n, 10000 + n
	}' >"$NET_DIR/many.yaml"
	gate host apply -i gate0 "$NET_DIR/many.yaml"
	# or the kernel would take all of it for them
	in_ns host sysctl -qw net.ipv4.tcp_wmem='4096 4096 4096' net.ipv4.tcp_rmem='4096 4096 4096'
	exporter_start host
	exporter_wait host
	for i in {1..14}; do
		# shellcheck disable=SC2016 # for the shell in the namespace
		net_start host bash -c 'exec 5<>/dev/tcp/127.0.0.1/9979; printf "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" >&5; sleep 60'
		sleep 0.35
		now=$(documents)
		((now <= most)) || most=$now
	done
	# each has another one, and so many are kept: the oldest of them have been cut
	((most >= 6 && most <= 10))
	(($(fetch host /metrics | awk '$1 == "edgegate_exporter_connections_cut_total" { print $2 }') >= 4))
	[[ $(metrics_of host gate0 | grep -c '^edgegate_rule_packets_total') -eq 2000 ]]
}

# How many of three that think for half a second before they ask are answered.
slow_ones() { # NAMESPACE ADDRESS
	local pids=() pid count=0
	for _ in 1 2 3; do
		# shellcheck disable=SC2016 # for the shell in the namespace
		in_ns "$1" timeout 10 bash -c 'exec 5<>/dev/tcp/"$0"/9979; sleep 0.5
			printf "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n" >&5; head -n 1 <&5' "$2" 3>&- | grep -q ' 200 ' &
		pids+=("$!")
	done
	for pid in "${pids[@]}"; do
		! wait "$pid" || count=$((count + 1))
	done
	echo "$count"
}

@test "exporter: who floods it with connections keeps out nobody of another address" {
	local cuts
	net_ns peer
	ip link add gate0 netns "$(ns host)" type veth peer name wire0 netns "$(ns peer)"
	ip -n "$(ns host)" address add 192.0.2.10/24 dev gate0
	ip -n "$(ns peer)" address add 192.0.2.1/24 dev wire0
	ip -n "$(ns host)" link set gate0 up
	ip -n "$(ns peer)" link set wire0 up
	exporter_start host --listen 0.0.0.0:9979
	exporter_wait host
	net_start peer build/tests/tools/crowd flood 192.0.2.10 9979
	wait_until cuts_are 200
	[[ $(slow_ones host 127.0.0.1) == 3 ]]
	# it was one all the while, and is one still
	cuts=$(connections_cut)
	wait_until cuts_are $((cuts + 200))
	kill "$NET_PID"
}

connections_cut() {
	fetch host /metrics | awk '$1 == "edgegate_exporter_connections_cut_total" { print $2 }'
}

cuts_are() { # NUMBER
	(($(connections_cut) > $1))
}
