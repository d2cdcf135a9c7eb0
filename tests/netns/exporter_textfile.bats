#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The exporter's file for node_exporter: whole at any moment, and nothing else's place.
# shellcheck disable=SC2154,SC2034 # bats' run sets stderr; exporter.bash reads what is set here

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/exporter.bash

setup() {
	net_begin
	net_pair
}

teardown() { net_end; }

was_written_after() { # FILE MOMENT
	awk -v at="$(stat -c %.6Y "$1")" -v after="$2" 'BEGIN { exit !(at > after) }'
}

@test "exporter: a text file, whole at any moment" {
	local file=$NET_DIR/folder/edgegate.prom i map began
	mkdir "$NET_DIR/folder"
	gate host apply -i gate0
	gate host exporter --textfile "$file"
	[[ $(stat -c %a "$file") == 644 && $(ls -A "$NET_DIR/folder") == edgegate.prom ]]
	grep -q "^edgegate_gate_info{gate=\"$(ns host)/gate0\"" "$file"
	promtool_is_content "$(<"$file")"
	# the former one stays where a new one can't be made
	run --separate-stderr -1 gate host exporter --textfile "$NET_DIR/none/edgegate.prom"
	[[ $stderr == *"cannot write $NET_DIR/none/edgegate.prom"* ]]
	exporter_start host --textfile "$file" --interval 1
	wait_until was_written_after "$file" "$EPOCHREALTIME"
	# what is slow to find isn't looked for each time
	map=/sys/fs/bpf/edgegate/network-namespace-$(netns_cookie host)/gate0/slot0-tuples
	bpftool map delete pinned "$map" key hex 00 06 c5 13 # in tcp 5061
	began=$EPOCHREALTIME
	for i in {1..40}; do
		[[ $(tail -n 1 "$file") == edgegate_scrape_duration_seconds* || $(tail -n 1 "$file") == '# HELP edgegate_exporter_connections_cut'* ]]
		sleep 0.05
	done
	exporter_stop
	[[ $(ls -A "$NET_DIR/folder") == edgegate.prom ]]
	was_written_after "$file" "$began"
	grep -qx "edgegate_policy_drift{gate=\"$(ns host)/gate0\"} 0" "$file"
	gate host exporter --textfile "$file"
	grep -qx "edgegate_policy_drift{gate=\"$(ns host)/gate0\"} 1" "$file"
}

@test "exporter: a text file, and signals in the midst of it" {
	local file=$NET_DIR/folder/edgegate.prom call
	command -v strace >/dev/null || skip 'needs strace'
	mkdir "$NET_DIR/folder"
	: >"$file"
	# killed in the midst of it, it leaves nothing behind
	for call in fsync fchmod write; do
		run -137 gate_under host strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=1" exporter --textfile "$file"
		[[ $(ls -A "$NET_DIR/folder") == edgegate.prom && ! -s $file ]]
	done
	# told to end while it writes, it does so afterwards, and not in a day
	gate_under host timeout 20 strace -qq -o "$NET_DIR/calls" -e trace=fsync,rt_sigprocmask,rt_sigtimedwait,clock_nanosleep \
		-e inject=fsync:signal=TERM:when=1 exporter --textfile "$file" --interval 86400
	# so whenever it comes: it is let through where it is waited for, and nowhere else
	grep -q 'rt_sigprocmask(SIG_BLOCK, \[INT TERM\]' "$NET_DIR/calls"
	grep -q 'rt_sigtimedwait(\[INT TERM\]' "$NET_DIR/calls"
	run ! grep -q 'clock_nanosleep' "$NET_DIR/calls"
	grep -q '^edgegate_build_info' "$file"
}

@test "exporter: a text file is a file, and nothing else gives way to it" {
	local folder=$NET_DIR/folder kind words
	mkdir -p "$folder/folder"
	# devices of our own: none of the machine's is tried
	mknod "$folder/null" c 1 3
	mknod "$folder/loop" b 7 0
	mkfifo "$folder/pipe"
	echo kept >"$folder/there"
	ln -s there "$folder/link"
	ln -s nowhere "$folder/dangling"
	net_start host socat -u "UNIX-RECV:$folder/socket" OPEN:/dev/null
	wait_until test -S "$folder/socket"
	find "$folder" -printf '%P %y %s %i %l\n' | sort >"$NET_DIR/before"
	while read -r kind words; do
		run --separate-stderr -1 gate host exporter --textfile "$folder/$kind"
		[[ $stderr == *"$folder/$kind is $words, and would be replaced"*$'\n'*"$folder/$kind"* ]] || fail "$stderr"
		# said at once, not again and again
		run --separate-stderr -1 gate_under host timeout 10 exporter --textfile "$folder/$kind" --interval 1
	done <<-'END'
		null a device
		loop a device
		pipe a pipe
		folder a folder
		socket a socket
		link a symbolic link
		dangling a symbolic link
	END
	find "$folder" -printf '%P %y %s %i %l\n' | sort | diff "$NET_DIR/before" -
	# what became one meanwhile stays, too, and it goes on
	exporter_start host --textfile "$folder/edgegate.prom" --interval 1
	wait_until test -s "$folder/edgegate.prom"
	rm "$folder/edgegate.prom"
	until mkfifo "$folder/edgegate.prom"; do
		rm "$folder/edgegate.prom"
	done
	wait_until grep -q 'edgegate.prom is a pipe' "$EXPORTER_LOG"
	[[ -p $folder/edgegate.prom ]]
	exporter_stop
}

is_locked() { # FILE
	! flock -n "$1" true
}

@test "exporter: a text file where a file system knows none without a name" {
	local folder=$NET_DIR/folder file=$NET_DIR/folder/edgegate.prom i
	local under=(strace -f -qq -o "$NET_DIR/calls" -P "$NET_DIR/folder" -P "$NET_DIR/folder/.edgegate.prom.edgegate")
	local none=(-e 'trace=openat,ftruncate,fsync' -e inject=openat:error=EOPNOTSUPP:when=1)
	command -v strace >/dev/null || skip 'needs strace'
	mkdir "$folder"
	gate_under host "${under[@]}" "${none[@]}" exporter --textfile "$file"
	grep -q 'O_TMPFILE.*EOPNOTSUPP.*INJECTED' "$NET_DIR/calls"
	[[ $(ls -A "$folder") == edgegate.prom && $(stat -c %a "$file") == 644 ]]
	# killed in the midst of it, it leaves one, under a name that is the next one's
	: >"$file"
	for _ in 1 2; do
		run -137 gate_under host "${under[@]}" "${none[@]}" -e inject=fsync:signal=KILL:when=1 exporter --textfile "$file"
		[[ $(ls -A "$folder") == $'.edgegate.prom.edgegate\nedgegate.prom' && ! -s $file ]]
	done
	printf 'x%.0s' {1..200000} >>"$folder/.edgegate.prom.edgegate"
	gate_under host "${under[@]}" "${none[@]}" exporter --textfile "$file"
	[[ $(ls -A "$folder") == edgegate.prom ]]
	promtool_is_content "$(<"$file")"
	run ! grep -qE 'x{100}' "$file"
	# what somebody else has put there isn't written to
	for i in 'ln -s' ln; do
		echo kept >"$NET_DIR/theirs"
		$i "$NET_DIR/theirs" "$folder/.edgegate.prom.edgegate"
		gate_under host "${under[@]}" "${none[@]}" exporter --textfile "$file"
		[[ $(<"$NET_DIR/theirs") == kept && $(ls -A "$folder") == edgegate.prom && ! -L $file && $(stat -c %h "$file") == 1 ]]
	done
	# while another one writes to it, it is left alone
	mkfifo "$NET_DIR/hold"
	: >"$folder/.edgegate.prom.edgegate"
	flock "$folder/.edgegate.prom.edgegate" cat "$NET_DIR/hold" 3>&- &
	wait_until is_locked "$folder/.edgegate.prom.edgegate"
	run --separate-stderr -1 gate_under host "${under[@]}" "${none[@]}" exporter --textfile "$file"
	[[ $stderr == *"cannot write $file"* && -e $folder/.edgegate.prom.edgegate ]]
	: >"$NET_DIR/hold"
	wait "$!"
	# one without a name takes the place of what was left
	gate host exporter --textfile "$file"
	[[ $(ls -A "$folder") == edgegate.prom ]]
}
