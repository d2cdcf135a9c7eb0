#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The exporter whose other process, the one that reads gates, doesn't answer: it says so, and goes on with what needs none.
# shellcheck disable=SC2034 # exporter.bash reads what is set here

load ../lib/net.bash
load ../lib/exporter.bash

setup() {
	net_begin
	net_ns host
}

teardown() {
	[[ -z ${reader-} ]] || kill -KILL "$reader" 2>/dev/null || true
	net_end
}

stuck_start() { # [SECONDS]
	EDGEGATE_READER_PATIENCE=${1-60} exporter_start host
	exporter_wait host
	reader=$(pgrep -P "$EXPORTER_PID")
	fetch host /metrics >/dev/null
	sleep 0.3
}

# Status, and after how many milliseconds.
timed() { # PATH
	in_ns host curl --silent --output "$NET_DIR/said${1//\//-}" --max-time 20 --write-out '%{http_code} %{time_total}' "$EXPORTER_AT$1" |
		awk '{ print $1, int($2 * 1000) }' >"$NET_DIR/timed${1//\//-}"
}

is_timed() { # PATH STATUS LEAST MOST
	local status milliseconds
	read -r status milliseconds <"$NET_DIR/timed${1//\//-}"
	[[ $status == "$2" ]] && ((milliseconds >= $3 && milliseconds <= $4))
}

# So many have connected by now, and no time that they take has begun later.
are_asking() { # NUMBER
	(($(in_ns host ss -Htn state established 'sport = :9979' | wc -l) >= $1))
}

@test "exporter: while its reader is stuck the rest is served, documents say so, and in the end it gives up" {
	local path pids=() began status=0
	# long enough after the 8 seconds that documents wait, for a machine that stands still for some
	stuck_start 14
	kill -STOP "$reader"
	began=$SECONDS
	for path in /metrics /api/v1/history /api/v1/stats; do
		timed "$path" 3>&- &
		pids+=("$!")
	done
	wait_until are_asking 3
	sleep 0.3
	# before any document could be there
	for path in /healthz / /nothing; do
		timed "$path"
	done
	is_timed /healthz 200 0 5000
	is_timed / 200 0 5000
	is_timed /nothing 404 0 5000
	wait "${pids[@]}"
	for path in /metrics /api/v1/history /api/v1/stats; do
		is_timed "$path" 503 7500 13500
		[[ $(<"$NET_DIR/said${path//\//-}") == 'the process that reads the gates does not answer' ]]
	done
	[[ $(status_of host /healthz) == 200 ]]
	# 14 seconds after the first question, not 60 (the shell counts whole ones)
	NET_PATIENCE=30 wait_until is_gone "$EXPORTER_PID"
	wait "$EXPORTER_PID" || status=$?
	((status == 1 && SECONDS - began >= 13 && SECONDS - began < 45))
	# of gates of other tests something may have been said before
	tail -n 2 "$EXPORTER_LOG" | diff - /dev/fd/5 5<<-'END'
		edgegate: exporter: the process that reads the gates has not answered for 14 seconds
		start it again; systemd does so by itself
	END
	wait_until is_gone "$reader"
}

# No more, or nobody has asked yet how it ended.
is_gone() { # PID
	[[ ! -e /proc/$1 || $(awk '$1 == "State:" { print $2 }' "/proc/$1/status") == Z ]]
}

@test "exporter: a reader that was stuck answers what was asked, each its own" {
	local pids=() path
	stuck_start
	kill -STOP "$reader"
	for path in /metrics /api/v1/history /api/v1/stats /api/v1/status; do
		timed "$path" 3>&- &
		pids+=("$!")
	done
	wait_until are_asking 4
	sleep 1
	# who has gone meanwhile is nobody's trouble
	in_ns host curl --silent --max-time 0.5 "$EXPORTER_AT/metrics" || true
	kill -CONT "$reader"
	wait "${pids[@]}"
	for path in /metrics /api/v1/history /api/v1/stats /api/v1/status; do
		is_timed "$path" 200 1000 20000
	done
	grep -q ^edgegate_build_info "$NET_DIR/said-metrics"
	jq -e 'has("gates")' "$NET_DIR/said-api-v1-stats" "$NET_DIR/said-api-v1-status" >/dev/null
	run ! cmp "$NET_DIR/said-api-v1-stats" "$NET_DIR/said-api-v1-history"
	fetch host /metrics | grep -q ^edgegate_build_info
	exporter_stop
	is_gone "$reader"
}

@test "exporter: it ends when it is told to, and its stuck reader with it" {
	local began
	stuck_start
	kill -STOP "$reader"
	timed /metrics 3>&- &
	wait_until are_asking 1
	sleep 0.3
	began=${EPOCHREALTIME/./}
	exporter_stop
	# before that document would have been given up
	((${EPOCHREALTIME/./} - began < 7000000))
	wait_until is_gone "$reader"
}

@test "exporter: killed, it leaves no stuck reader behind" {
	stuck_start
	kill -STOP "$reader"
	kill -KILL "$EXPORTER_PID"
	wait_until is_gone "$reader"
}

# What neither of them could do isn't the reader's fault: the machine stood still, or the cgroup was frozen.
@test "exporter: time in which nothing ran is not the reader's" {
	stuck_start 3
	kill -STOP "$reader"
	timed /metrics 3>&- &
	sleep 0.3
	kill -STOP "$EXPORTER_PID"
	sleep 5
	kill -CONT "$EXPORTER_PID"
	sleep 1.5 # it has looked at the clock
	kill -CONT "$reader"
	wait "$!"
	is_timed /metrics 200 4000 19000
	exporter_stop
}
