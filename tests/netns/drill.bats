#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Locked out, and back in: an operator over a real sshd, whose session a gate cuts, gives back or keeps. Who
# stands at the console in the meantime is this file, outside all sessions.
# It takes long: it begins first.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # read and set by net.bash, and by bats' run

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/ssh.bash

# Another network, behind an interface of its own, beside the pair.
setup_file() {
	local name
	net_can && ssh_can || return 0
	net_begin
	net_pair
	net_ns other
	net_link host side0 other wire0
	net_address host side0 203.0.113.10/24
	net_address other wire0 203.0.113.1/24
	for name in host peer; do
		# what was cut is tried again every other second, not ever more rarely (Linux 6.15 or later)
		in_ns "$name" sysctl -qw net.ipv4.tcp_rto_max_ms=2000 2>/dev/null || true
	done
	# A connection is given up in 5 seconds where the host itself says that it can't send, else in 17: a
	# drop that says so would end sessions before they come back.
	in_ns host sysctl -qw net.ipv4.tcp_retries2=10
	sshd_serve host
	tcp_serve host 5061
	net_share
}

setup() {
	net_join
	ssh_needs
	cast host peer 192.0.2.10 2001:db8::10 192.0.2.1 2001:db8::1
	policy_file good '22, 5061'
	policy_file bad 443
	GATE="$EDGEGATE --netns $(ns host)"
}

teardown() { net_leave; }

teardown_file() { net_end; }

policy_file() { # NAME PORTS
	printf 'policy: %s\nrules:\n  - {name: service-in, direction: in, protocol: tcp, ports: [%s]}\n' \
		"$1" "$2" >"$NET_DIR/$1.yaml"
}

in_force() { # [IFACE]
	gate host status -i "${1-gate0}" --json | jq -r '.gates[0] | "\(.policy) \(.mode) \(.rolled_back.by // "-")"'
}

is_in_force() { # WHAT
	[[ $(in_force) == "$1" ]]
}

# The processes of edgegate that have to do with this file's namespaces.
edgegates() {
	local exe folder
	find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname "$(readlink -f "$EDGEGATE")" 2>/dev/null |
		while read -r exe; do
			folder=${exe%/exe}
			! grep -qsF -- "$NET_ID-" "$folder/cmdline" || echo "${folder#/proc/}"
		done
}

# A line that an operator at a terminal enters.
enter() { # LINE
	ssh_type "$1"$'\n'
}

# Somebody new, over SSH.
lets_in() { # ADDRESS [SECONDS]
	[[ $(SSH_TIMEOUT=${2-20} ssh_run peer "$1" 'echo in') == in ]]
}

# ---- drills ---------------------------------------------------------------------------------------

@test "drill: an apply cuts the own session, every edgegate is killed, and past the deadline the session goes on" {
	local port killed
	gate host apply -i gate0 "$NET_DIR/good.yaml" >/dev/null
	ssh_sit peer 192.0.2.10
	ssh_echoes
	port=$(ssh_ports host)
	# the guard doesn't let it go unawares
	enter "$GATE apply -i gate0 $NET_DIR/bad.yaml"
	ssh_shows "this cuts 1 conversation, which is yours: tcp 192.0.2.10:22 with 192.0.2.1:$port"
	ssh_shows 'cut all the same with --force'
	ssh_echoes
	is_in_force 'good enforce -'
	# one that lives longer is there to be killed in any case
	"$EDGEGATE" --netns "$(ns host)" stats -i gate0 --watch >/dev/null 2>&1 3>&- 4>&- &
	NET_PIDS+=($!)
	# what it says comes after the cut: the host has something to send, and can't
	enter "$GATE apply -i gate0 --confirm 7s --force $NET_DIR/bad.yaml | tee $NET_DIR/said"
	wait_until grep -q 'Only until' "$NET_DIR/said"
	killed=$(edgegates)
	[[ -n $killed ]]
	# shellcheck disable=SC2086 # process numbers
	kill -KILL $killed 2>/dev/null || true
	run ! ssh_echoes 2
	# nobody does anything; what was typed meanwhile comes first
	ssh_echoes
	ssh_shows 'Only until '
	[[ -z $(edgegates) ]]
	[[ $(ssh_ports host) == "$port" ]]
	# shellcheck disable=SC2016 # the session's
	enter 'echo $SSH_CONNECTION.'
	ssh_shows "192.0.2.1 $port 192.0.2.10 22."
	is_in_force 'good enforce deadline'
	lets_in 192.0.2.10
}

@test "drill: block cuts the own session, resume from the console gives it back" {
	local port
	gate host apply -i gate0 "$NET_DIR/good.yaml" >/dev/null
	ssh_sit peer 192.0.2.10
	ssh_echoes
	port=$(ssh_ports host)
	enter "$GATE block -i gate0"
	wait_until is_in_force 'good block -'
	run ! ssh_echoes 2
	run ! lets_in 192.0.2.10 2
	# longer than TCP has patience with an interface that won't take its packets
	sleep 4
	gate host resume -i gate0
	ssh_echoes
	ssh_shows 'gate0: BLOCKED: only essentials pass'
	[[ $(ssh_ports host) == "$port" ]]
	lets_in 192.0.2.10
}

@test "drill: block --keep-session keeps this one, cuts the others, and it can end it itself" {
	local port word
	gate host apply -i gate0 "$NET_DIR/good.yaml" >/dev/null
	tcp_try peer 192.0.2.10 5061
	ssh_open peer 192.0.2.10
	port=$(ssh_ports host)
	ssh_sit peer 192.0.2.10
	ssh_echoes
	port=$(ssh_ports host | grep -vx "$port")
	enter "$GATE block -i gate0 --keep-session"
	ssh_shows "gate0: BLOCKED: only essentials and your session tcp 192.0.2.10:22 with 192.0.2.1:$port pass, until: edgegate --netns $(ns host) resume -i gate0"
	ssh_echoes
	run -0 gate host status -i gate0
	[[ $output == *'EMERGENCY: blocked, only essentials and one session pass'* ]]
	# essentials: without them it would end as soon as the neighbors have forgotten each other
	ip -n "$(ns peer)" neigh flush dev wire0
	ip -n "$(ns host)" neigh flush dev gate0
	ssh_echoes
	# more than a packet holds, so that the card has some left to cut up
	word=$RANDOM
	enter "seq 1 30000; echo all-\$(($word + 1))"
	ssh_shows "all-$((word + 1))"
	ssh_take 0
	run ! ssh_lives 1
	run ! tcp_try peer 192.0.2.10 5061
	run ! lets_in 192.0.2.10 2
	(($(drop_count host in blocked) > 0))
	ssh_take 1
	enter "$GATE resume -i gate0"
	ssh_shows 'gate0: policy good is in force'
	ssh_echoes
	ssh_take 0
	ssh_lives
	tcp_try peer 192.0.2.10 5061
	lets_in 192.0.2.10
}

# ---- which session is kept --------------------------------------------------------------------------

# Says block's words in the session that was taken, and gives what it prints.
keep() { # [WORDS BEFORE...]
	ssh_say "$* $GATE block -i gate0 --keep-session 2>&1"
	ssh_hear 20
}

@test "keep-session: over IPv6 and behind sudo, also one that the policy would not let through" {
	ssh_needs sudo
	gate host apply -i gate0 --mode monitor "$NET_DIR/bad.yaml" >/dev/null
	ssh_open peer 192.0.2.10
	ssh_open peer 2001:db8::10
	[[ $(keep sudo -n) == 'gate0: BLOCKED: only essentials and your session tcp [2001:db8::10]:22 with [2001:db8::1]:'* ]]
	ssh_lives
	ssh_take 0
	run ! ssh_lives 1
	# the other family's: at once in the place of the first one
	gate host resume -i gate0 >/dev/null
	ssh_lives
	[[ $(keep sudo -n sudo -n) == 'gate0: BLOCKED: only essentials and your session tcp 192.0.2.10:22 with 192.0.2.1:'* ]]
	ssh_lives
	ssh_take 1
	run ! ssh_lives 1
	# a block without it ends what was kept
	gate host block -i gate0
	ssh_take 0
	run ! ssh_lives 1
	# and what comes into force meanwhile is looked at as if nothing were cut
	gate host resume -i gate0 >/dev/null
	ssh_lives
	[[ $(keep) == *'your session tcp 192.0.2.10:22'* ]]
	ssh_say "$GATE apply -i gate0 $NET_DIR/bad.yaml 2>&1 | grep -o 'yours: tcp 192.0.2.10'"
	[[ $(ssh_hear 20) == 'yours: tcp 192.0.2.10' ]]
	is_in_force 'bad block -'
}

@test "keep-session: in tmux, that of the terminal last used" {
	local name port=() terminal=() number
	ssh_needs tmux
	gate host apply -i gate0 "$NET_DIR/good.yaml" >/dev/null
	for number in 0 1; do
		ssh_sit peer 192.0.2.10 "tmux -S $NET_DIR/tmux -f /dev/null new-session -A -s drill bash --norc"
		wait_until tmux_has $((number + 1))
		name=$(ssh_ports host | grep -vx "${port[0]-none}")
		port+=("$name")
		name=$(tmux -S "$NET_DIR/tmux" list-clients -F '#{client_tty}' | grep -vx "${terminal[0]-none}")
		terminal+=("$name")
	done
	for number in 0 1; do
		touch -a -d '1 hour ago' "${terminal[1 - number]}"
		touch -a "${terminal[number]}"
		rm -f "$NET_DIR/status"
		tmux -S "$NET_DIR/tmux" send-keys "$GATE block -i gate0 --keep-session >$NET_DIR/out 2>&1; echo \$? >$NET_DIR/status" Enter
		wait_until test -s "$NET_DIR/status"
		[[ $(<"$NET_DIR/status") == 0 ]]
		grep -q "another session of yours is not kept: tcp 192.0.2.10:22 with 192.0.2.1:${port[1 - number]}$" "$NET_DIR/out"
		grep -q "your session tcp 192.0.2.10:22 with 192.0.2.1:${port[number]} pass" "$NET_DIR/out"
		ssh_take $number
		ssh_echoes
		ssh_take $((1 - number))
		run ! ssh_echoes 2
		gate host resume -i gate0 >/dev/null
		ssh_echoes 10
	done
	tmux -S "$NET_DIR/tmux" kill-server
}

tmux_has() { # CLIENTS
	[[ $(tmux -S "$NET_DIR/tmux" list-clients 2>/dev/null | wc -l) == "$1" ]]
}

@test "keep-session: where there is none nothing is blocked, and wrong words are refused" {
	local one lock
	gate host apply -i gate0 "$NET_DIR/good.yaml" >/dev/null
	# at the console; one that has ended; one of another machine
	for one in '' '192.0.2.1 40000 192.0.2.10 22' '198.51.100.7 40000 198.51.100.8 22'; do
		run --separate-stderr -1 env SSH_CONNECTION="$one" "$EDGEGATE" --netns "$(ns host)" block -i gate0 --keep-session
		[[ $stderr == 'edgegate: block: there is no SSH session to keep: '*$'\n''nothing was changed; call it in the session, on the machine, or leave --keep-session out to block everything' ]]
		[[ -z $output ]]
		is_in_force 'good enforce -'
	done
	for one in 'open -i gate0' 'resume -i gate0' 'apply -i gate0' 'detach -i gate0 --yes'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr -2 gate host $one --keep-session
	done
	run --separate-stderr -2 gate host block -i gate0 --keep-session=yes
	run --separate-stderr -2 gate host block --keep-session
	run --separate-stderr -1 gate host block -i side0 --keep-session
	[[ $stderr == *'there is no gate on side0'* ]]
	is_in_force 'good enforce -'
	# another one that keeps a session, and was stopped in the midst of it
	exec {lock}>>/run/edgegate/emergency.lock
	flock "$lock"
	ssh_open peer 192.0.2.10
	[[ $(keep) == 'edgegate: block: cannot lock /run/edgegate/emergency.lock: '* ]]
	is_in_force 'good enforce -'
}

@test "keep-session: on an interface by which it does not come, all of that is cut, and it goes on" {
	local one
	gate host apply -i side0 "$NET_DIR/good.yaml" >/dev/null
	gate host apply -i gate0 "$NET_DIR/good.yaml" >/dev/null
	tcp_try other 203.0.113.10 5061
	ssh_open peer 192.0.2.10
	ssh_say "$GATE block -i side0 --keep-session 2>&1; echo \$?"
	[[ $(ssh_hear 20) == 'edgegate: warning: block: your session does not go over side0: tcp 192.0.2.10:22 with 192.0.2.1:'* ]]
	[[ $(ssh_hear 20) == 'if it should come by there after all, it is kept' ]]
	[[ $(ssh_hear 20) == 'side0: BLOCKED: only essentials and your session '* ]]
	[[ $(ssh_hear 20) == 0 ]]
	ssh_lives
	run ! tcp_try other 203.0.113.10 5061
	[[ $(in_force gate0) == 'good enforce -' ]]
	[[ $(in_force side0) == 'good block -' ]]
	# of two that it may be, the one that can be cut there: the other needs no keeping
	gate host resume -i side0 >/dev/null
	ssh_open other 203.0.113.10
	# shellcheck disable=SC2016 # the session's
	ssh_say 'echo $SSH_CONNECTION'
	one=$(ssh_hear 20)
	ssh_take 0
	[[ $(keep SSH_CONNECTION="'$one'") == 'gate0: BLOCKED: only essentials and your session tcp 192.0.2.10:22 with 192.0.2.1:'* ]]
	ssh_lives
}

# Whoever connects from the address and port of a session that ended has what its environment says.
@test "keep-session: a connection that nobody has logged in by is not taken for the session" {
	local port stranger stale terminal
	ssh_needs tmux script
	# those of former tests end, whose last words a gate may have dropped
	in_ns host ss -K sport = :22 >/dev/null 2>&1 || true
	NET_PATIENCE=60 wait_until connected 0
	gate host apply -i gate0 "$NET_DIR/good.yaml" >/dev/null
	ssh_sit peer 192.0.2.10 "tmux -S $NET_DIR/tmux -f /dev/null new-session -s drill bash --norc"
	wait_until tmux_has 1
	port=$(ssh_ports host)
	terminal=$(tmux -S "$NET_DIR/tmux" list-clients -F '#{client_tty}')
	net_start peer bash -c 'exec 5<>/dev/tcp/192.0.2.10/22; sleep 100'
	wait_until connected 2
	stranger=$(ssh_ports host | grep -vx "$port")
	stale="SSH_CONNECTION='192.0.2.1 $stranger 192.0.2.10 22'"
	keeps "$stale"
	# at the console, in a screen that was begun in a session of another day
	mkfifo "$NET_DIR/keyboard"
	env "${stale//\'/}" TERM=xterm script -qc "tmux -S $NET_DIR/tmux attach" /dev/null \
		<>"$NET_DIR/keyboard" >/dev/null 2>&1 3>&- 4>&- &
	NET_PIDS+=($!)
	wait_until tmux_has 2
	touch -a -d '1 hour ago' "$terminal"
	keeps
	tmux -S "$NET_DIR/tmux" kill-server
}

# The session of $port, typed at the terminal of the server.
keeps() { # [WORDS BEFORE]
	rm -f "$NET_DIR/status"
	tmux -S "$NET_DIR/tmux" send-keys "$* $GATE block -i gate0 --keep-session >$NET_DIR/out 2>&1; echo \$? >$NET_DIR/status" Enter
	wait_until test -s "$NET_DIR/status"
	gate host resume -i gate0
	grep -q "your session tcp 192.0.2.10:22 with 192.0.2.1:$port pass" "$NET_DIR/out" || fail "$(<"$NET_DIR/out")"
}

connected() { # SESSIONS
	[[ $(ssh_ports host | wc -l) == "$1" ]]
}

# A gate goes by the interface; the index that its stamp has is somebody else's by now.
@test "keep-session: over an interface that was moved and came back with another index, inside too" {
	local facing index
	for facing in outside inside; do
		gate host apply -i "gate0:$facing" --mode monitor "$NET_DIR/bad.yaml" >/dev/null
		index=$(ip -n "$(ns host)" -j link show dev gate0 | jq '.[0].ifindex')
		ip -n "$(ns host)" link set dev gate0 netns "$(ns other)"
		ip -n "$(ns host)" link add index "$index" name "squat-$facing" type veth peer name "squat-${facing}1"
		ip -n "$(ns other)" link set dev gate0 netns "$(ns host)"
		ip -n "$(ns host)" link set dev gate0 up
		net_address host gate0 192.0.2.10/24 2001:db8::10/64
		[[ $(ip -n "$(ns host)" -j link show dev gate0 | jq '.[0].ifindex') != "$index" ]]
		ssh_open peer 192.0.2.10
		ssh_say "$GATE block -i gate0 --keep-session 2>&1; echo ends"
		[[ $(ssh_hear 20) == 'gate0: BLOCKED: only essentials and your session tcp 192.0.2.10:22 with 192.0.2.1:'* ]]
		# and not that it comes by another one
		[[ $(ssh_hear 20) == ends ]]
		run ! lets_in 192.0.2.10 2
		gate host detach -i gate0 --yes
	done
}

# The last one here: the network is another after it.
@test "keep-session: of an inside gate by which it does not come yet, it is kept the right way round" {
	gate host apply -i side0:inside --mode monitor "$NET_DIR/bad.yaml" >/dev/null
	ssh_open peer 192.0.2.10
	ssh_say "$GATE block -i side0 --keep-session 2>/dev/null"
	[[ $(ssh_hear 20) == 'side0: BLOCKED: only essentials and your session tcp 192.0.2.10:22 with 192.0.2.1:'* ]]
	# the peer's cable goes to the other port
	ip -n "$(ns other)" link set dev wire0 netns "$(ns peer)" name wire1
	ip -n "$(ns peer)" address flush dev wire0
	ip -n "$(ns peer)" link set wire1 up
	ip -n "$(ns host)" address flush dev gate0
	net_address peer wire1 192.0.2.1/24
	net_address host side0 192.0.2.10/24
	ssh_lives
	run ! lets_in 192.0.2.10 2
}
