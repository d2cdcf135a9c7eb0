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
	for call in fsync fchmod write linkat; do
		run -137 gate_under host strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=1" exporter --textfile "$file"
		[[ $(ls -A "$NET_DIR/folder") == edgegate.prom && ! -s $file ]]
	done
	# but between its name and its place: and what is left the next one replaces, be it killed there, too
	for _ in 1 2; do
		run -137 gate_under host strace -qq -o /dev/null -e trace=/^rename -e inject=/^rename:signal=KILL:when=1 exporter --textfile "$file"
		[[ $(ls -A "$NET_DIR/folder") == $'.edgegate.prom.edgegate\nedgegate.prom' && ! -s $file ]]
	done
	gate host exporter --textfile "$file"
	[[ $(ls -A "$NET_DIR/folder") == edgegate.prom && -s $file ]]
	: >"$file"
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
	wait_until pipe_is_refused "$folder/edgegate.prom"
	[[ -p $folder/edgegate.prom ]]
	exporter_stop
}

# A pipe takes the place of the file, again where it came between the last look and the rename, until it is seen.
pipe_is_refused() { # FILE
	until [[ -p $1 ]]; do
		rm -f "$1"
		mkfifo "$1" || true
	done
	grep -q "${1##*/} is a pipe" "$EXPORTER_LOG"
}

# One that writes the file, and stands still when the new one has its name and not yet its place; writer_end lets it go on.
writer_begin() { # FILE
	ASAN_OPTIONS=detect_leaks=0 net_start host strace -qq -o /dev/null -e trace=linkat -e inject=linkat:signal=STOP:when=1 \
		"$EDGEGATE" exporter --textfile "$1"
	wait_until test -e "${1%/*}/.${1##*/}.edgegate"
}

# What it said is in $output.
writer_end() { # STATUS
	local ended=0
	kill -CONT "$(pgrep -P "$NET_PID")"
	wait "$NET_PID" || ended=$?
	output=$(<"$NET_DIR/host-strace.log")
	[[ $ended == "$1" ]] || fail "status $ended, not $1: $output"
}

@test "exporter: a text file that two write, and a third one cleans up" {
	local folder=$NET_DIR/folder file=$NET_DIR/folder/edgegate.prom new=$NET_DIR/folder/.edgegate.prom.edgegate second before
	command -v strace >/dev/null || skip 'needs strace'
	mkdir "$folder"
	# who fails takes its own away, and not the other's
	echo old >"$file"
	writer_begin "$file"
	run --separate-stderr -1 gate_under host strace -qq -o /dev/null -e trace=fsync -e inject=fsync:error=ENOSPC:when=1 exporter --textfile "$file"
	[[ $stderr == *"cannot write $file: No space left on device"*'df -h'* ]] || fail "$stderr"
	[[ -e $new && $(<"$file") == old ]]
	writer_end 0
	[[ $(ls -A "$folder") == edgegate.prom ]]
	grep -q '^edgegate_build_info' "$file"
	# who comes second waits until the first is through
	writer_begin "$file"
	before=$(stat -c %i "$new")
	gate host exporter --textfile "$file" 3>&- &
	second=$!
	sleep 1.5
	[[ $(stat -c %i "$new") == "$before" ]]
	writer_end 0
	wait "$second"
	[[ $(ls -A "$folder") == edgegate.prom && $(stat -c %i "$file") != "$before" ]]
	# what was to become the file is gone, or another one's: the file is as it was, and that is said
	for second in gone theirs; do
		echo old >"$file"
		writer_begin "$file"
		rm "$new"
		[[ $second == gone ]] || echo "$second" >"$new"
		writer_end 1
		[[ $output == *"cannot write $file: somebody has removed or replaced $new"*"$folder"* ]] || fail "$output"
		[[ $(<"$file") == old && $(cat "$new" 2>/dev/null || echo gone) == "$second" ]]
	done
	run -1 gate_under host strace -qq -o /dev/null -e trace=/^rename -e inject=/^rename:error=ENOENT:when=1 exporter --textfile "$file"
	[[ $(<"$file") == old && $(ls -A "$folder") == edgegate.prom ]]
	# and so it is if what the new one was to replace is no file any more
	writer_begin "$file"
	rm "$file"
	mkfifo "$file"
	writer_end 1
	[[ $output == *"$file is a pipe, and would be replaced"* ]] || fail "$output"
	[[ -p $file && $(ls -A "$folder") == edgegate.prom ]]
}

@test "exporter: a text file gets its name by its descriptor, or else through /proc" {
	local folder=$NET_DIR/folder file=$NET_DIR/folder/edgegate.prom
	local under=(strace -qq -o "$NET_DIR/calls" -e trace=linkat)
	command -v strace >/dev/null || skip 'needs strace'
	mkdir "$folder"
	gate_under host "${under[@]}" exporter --textfile "$file"
	grep -q 'AT_EMPTY_PATH) = 0' "$NET_DIR/calls"
	rm "$file"
	# as kernels answer who may not
	gate_under host "${under[@]}" -e inject=linkat:error=ENOENT:when=1 exporter --textfile "$file"
	grep -q '"/proc/self/fd/[0-9]*".* = 0' "$NET_DIR/calls"
	[[ $(ls -A "$folder") == edgegate.prom ]]
	# without it; the sanitizers can't do that
	EDGEGATE=$PWD/build/edgegate
	rm "$file"
	# shellcheck disable=SC2016 # for that shell
	gate_under host unshare --mount -- bash -c 'while umount --lazy /proc 2>/dev/null; do :; done; exec "$@"' _ exporter --textfile "$file"
	[[ -s $file ]]
	rm "$file"
	# shellcheck disable=SC2016 # for that shell
	run --separate-stderr -1 gate_under host "${under[@]}" -f -e inject=linkat:error=ENOENT \
		unshare --mount -- bash -c 'while umount --lazy /proc 2>/dev/null; do :; done; exec "$@"' _ exporter --textfile "$file"
	[[ $stderr == *"cannot write $file: No such file or directory"*'mount -t proc proc /proc'* && -z $(ls -A "$folder") ]] || fail "$stderr"
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
	[[ $stderr == *"cannot write $file: for 5 seconds another process has been writing $folder/.edgegate.prom.edgegate"*fuser* ]] || fail "$stderr"
	[[ -e $folder/.edgegate.prom.edgegate ]]
	# NFS locks for one alone only what is open for writing
	grep -q '/.edgegate.prom.edgegate", O_RDWR|O_NONBLOCK' "$NET_DIR/calls"
	: >"$NET_DIR/hold"
	wait "$!"
	# one without a name takes the place of what was left
	gate host exporter --textfile "$file"
	[[ $(ls -A "$folder") == edgegate.prom ]]
}
