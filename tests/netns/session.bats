#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The session guard: an operator over a real sshd does not cut the own session unawares, whatever stands
# between it and the command.
# shellcheck disable=SC2034,SC2154 # read by net.bash, and set by bats' run

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/ssh.bash

setup_file() {
	net_can && ssh_can || return 0
	net_begin
	net_pair
	sshd_serve host
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

teardown() {
	net_leave
	# the next test counts sessions
	[[ -z ${NET_ID-} ]] || wait_until no_session
}

teardown_file() { net_end; }

no_session() {
	[[ -z $(ssh_ports host) ]]
}

policy_file() { # NAME PORTS
	printf 'policy: %s\nrules:\n  - {name: service-in, direction: in, protocol: tcp, ports: [%s]}\n' \
		"$1" "$2" >"$NET_DIR/$1.yaml"
}

in_force() {
	gate host status -i gate0 --json | jq -r '.gates[0] | "\(.policy) \(.mode)"'
}

# The apply was refused because of the session between these ends, and with what to do.
refused() { # WHOSE
	[[ $stderr == "edgegate: apply to gate0: "*"$1"*$'\n'"let your session go on by a rule (direction: in, protocol: tcp, ports: 22), try the policy for a while with --confirm 60s, or cut all the same with --force"* ]] ||
		fail "not refused: $status $stderr"
}

@test "session: a first apply that cuts it is refused, and makes no gate" {
	run --separate-stderr -1 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 $NET_DIR/bad.yaml"
	refused 'this cuts 1 conversation, which is yours: tcp 192.0.2.10:22'
	[[ -z $output ]]
	run --separate-stderr -1 gate host status -i gate0
	[[ $(ip -n "$(ns host)" link show dev gate0) != *xdp* ]]
	run --separate-stderr -1 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 --dry-run $NET_DIR/bad.yaml"
	refused 'tcp 192.0.2.10:22'
	run --separate-stderr -0 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 --dry-run $NET_DIR/good.yaml"
	[[ $output == *'no policy -> '* ]] # what would change is shown all the same
	[[ $stderr != *cuts* ]]
	# nobody's session, nothing to refuse: it only says so
	ssh_open peer 192.0.2.10
	run --separate-stderr -0 gate host apply -i gate0 --dry-run "$NET_DIR/bad.yaml"
	[[ $stderr == *'warning: apply to gate0: this cuts 1 conversation: tcp 192.0.2.10:22 with 192.0.2.1:'*$'\n''those that should go on need a rule'* ]]
}

@test "session: an environment of another day does not hide the one that it is" {
	run --separate-stderr -1 ssh_run peer 192.0.2.10 \
		"exec env SSH_CONNECTION='198.51.100.9 5 192.0.2.10 22' $GATE apply -i gate0 $NET_DIR/bad.yaml"
	refused 'this cuts 1 conversation, which is yours: tcp 192.0.2.10:22'
}

# What is said comes before the session that would have to carry it stands still.
@test "session: one that cuts itself for a while has read so before" {
	ssh_open peer 192.0.2.10
	ssh_say "$GATE apply -i gate0 --confirm 30s $NET_DIR/bad.yaml 2>&1 | grep --line-buffered -o 'this cuts.*yours'"
	[[ $(ssh_hear 20) == 'this cuts 1 conversation, which is yours' ]]
	gate host detach -i gate0 --yes >/dev/null
}

@test "session: the next one that cuts it is refused too, and the policy stays" {
	run --separate-stderr -0 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 $NET_DIR/good.yaml"
	[[ $stderr != *cuts* ]]
	run --separate-stderr -1 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 $NET_DIR/bad.yaml"
	refused 'which is yours: tcp 192.0.2.10:22'
	[[ $(in_force) == 'good enforce' ]]
	# in monitor mode it would be cut, and isn't; whatever happens there, to enforce the same is refused
	run --separate-stderr -0 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 --mode monitor $NET_DIR/bad.yaml"
	[[ $stderr == *'warning: apply to gate0: if it were enforced, this would cut 1 conversation, which is yours: tcp 192.0.2.10:22 with '* ]]
	[[ $(in_force) == 'bad monitor' ]]
	run --separate-stderr -1 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 $NET_DIR/bad.yaml"
	refused 'which is yours: tcp 192.0.2.10:22'
	[[ $(in_force) == 'bad monitor' ]]
	# nor does a policy drop anything that is open in emergency: to end that would cut it
	gate host open -i gate0 >/dev/null
	ssh_run peer 192.0.2.10 "$GATE apply -i gate0 --force $NET_DIR/bad.yaml" >/dev/null
	run --separate-stderr -1 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 $NET_DIR/bad.yaml"
	refused 'which is yours: tcp 192.0.2.10:22'
}

@test "session: over IPv6, and over addresses of the link" {
	local link
	run --separate-stderr -1 ssh_run peer 2001:db8::10 "$GATE apply -i gate0 $NET_DIR/bad.yaml"
	refused 'which is yours: tcp [2001:db8::10]:22'
	link=$(ip -n "$(ns host)" -j address show dev gate0 scope link | jq -r '.[0].addr_info[] | select(.family == "inet6") | .local')
	run --separate-stderr -1 ssh_run peer "$link%wire0" "$GATE apply -i gate0 $NET_DIR/bad.yaml"
	refused "which is yours: tcp [$link]:22"
	run --separate-stderr -0 ssh_run peer "$link%wire0" "$GATE apply -i gate0 $NET_DIR/good.yaml"
	[[ $stderr != *cuts* ]]
}

@test "session: behind sudo and su, and where only sshd knows of it" {
	local apply="$GATE apply -i gate0 $NET_DIR/bad.yaml" command
	ssh_needs sudo
	# the shell makes way for the last of its commands: nobody is left who was told
	for command in "sudo -n -i $apply" "su - root -c 'sudo -n $apply; exit \$?'" \
		"exec env -i $apply" "env -i setsid --wait $apply"; do
		run --separate-stderr -1 ssh_run peer 192.0.2.10 "$command"
		refused 'which is yours: tcp 192.0.2.10:22'
	done
	# sudo does take it away
	[[ $(ssh_run peer 192.0.2.10 "sudo -n printenv SSH_CONNECTION || echo gone") == gone ]]
}

@test "session: with --confirm it is only said, and with --force" {
	ssh_run peer 192.0.2.10 "$GATE apply -i gate0 $NET_DIR/good.yaml" >/dev/null
	ssh_open peer 192.0.2.10
	ssh_say "$GATE apply -i gate0 --confirm 5s $NET_DIR/bad.yaml >$NET_DIR/out 2>&1; echo \$? >$NET_DIR/status"
	wait_until test -s "$NET_DIR/status"
	[[ $(<"$NET_DIR/status") == 0 ]]
	grep -q 'warning: apply to gate0: this cuts 1 conversation, which is yours: tcp 192.0.2.10:22' "$NET_DIR/out"
	grep -q 'they go on in 5 s, unless it is confirmed until then' "$NET_DIR/out"
	[[ $(in_force) == 'bad enforce' ]]
	sleep 5.2
	ssh_lives
	[[ $(in_force) == 'good enforce' ]]
	rm "$NET_DIR/status"
	ssh_say "$GATE apply -i gate0 --force $NET_DIR/bad.yaml >$NET_DIR/out 2>&1; echo \$? >$NET_DIR/status"
	wait_until test -s "$NET_DIR/status"
	[[ $(<"$NET_DIR/status") == 0 ]]
	grep -q 'warning: apply to gate0: this cuts 1 conversation, which is yours' "$NET_DIR/out"
	[[ $(in_force) == 'bad enforce' ]]
	run ! ssh_lives 1
}

# A session that ended has no say, one that lives has, whoever was told of it.
@test "session: what the environment says is only believed of connections that stand" {
	local one
	for one in '192.0.2.1 40000 192.0.2.10 22' 'UNKNOWN 65535 UNKNOWN 65535'; do
		run --separate-stderr -0 env SSH_CONNECTION="$one" "$EDGEGATE" --netns "$(ns host)" apply -i gate0 --dry-run "$NET_DIR/bad.yaml"
		[[ $stderr != *cuts* ]]
	done
	ssh_open peer 192.0.2.10
	# shellcheck disable=SC2016 # the session's
	ssh_say 'echo $SSH_CONNECTION'
	one=$(ssh_hear 20)
	run --separate-stderr -1 env SSH_CONNECTION="$one" "$EDGEGATE" --netns "$(ns host)" apply -i gate0 --dry-run "$NET_DIR/bad.yaml"
	refused "which is yours: tcp 192.0.2.10:22 with 192.0.2.1:$(cut -d ' ' -f 2 <<<"$one")"
	# the same, as some servers write it
	run --separate-stderr -1 env SSH_CONNECTION="::ffff:192.0.2.1 $(cut -d ' ' -f 2 <<<"$one") ::ffff:192.0.2.10 22" \
		"$EDGEGATE" --netns "$(ns host)" apply -i gate0 --dry-run "$NET_DIR/bad.yaml"
	refused 'which is yours: tcp 192.0.2.10:22'
	# seen from another namespace there is no such connection, and it goes over none of its interfaces
	run --separate-stderr -0 env SSH_CONNECTION="$one" "$EDGEGATE" --netns "$(ns peer)" apply -i wire0 --dry-run "$NET_DIR/bad.yaml"
	[[ $stderr != *yours* ]]
}

# Interfaces are known by their index, and this one has another than at the last apply.
replug() {
	ip -n "$(ns host)" link delete gate0
	net_link host gate0 peer wire0
	net_address host gate0 192.0.2.10/24 2001:db8::10/64
	net_address peer wire0 192.0.2.1/24 2001:db8::1/64
}

@test "session: over an interface that was made anew it is seen, too" {
	gate host apply -i gate0 "$NET_DIR/good.yaml" >/dev/null
	replug
	run --separate-stderr -1 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 $NET_DIR/bad.yaml"
	[[ $stderr == 'edgegate: apply to gate0: this cuts 1 conversation, which is yours: tcp 192.0.2.10:22'* ]]
	[[ $(in_force) == 'good enforce' ]]
}

@test "session: what the policy in force would drop counts as cut where it is not attached" {
	local link what
	for what in anew taken-off; do
		gate host apply -i gate0 "$NET_DIR/bad.yaml" >/dev/null
		if [[ $what == anew ]]; then
			replug
		else
			# by clsact it has no link
			for link in $(gate host status -i gate0 --json | jq '.gates[0].interfaces[0] | .xdp_link, .tc_link'); do
				if ((link)); then bpftool link detach id "$link"; else in_ns host tc qdisc del dev gate0 clsact; fi
			done
		fi
		run --separate-stderr -1 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 $NET_DIR/bad.yaml"
		[[ $stderr == 'edgegate: apply to gate0: this cuts 1 conversation, which is yours: tcp 192.0.2.10:22'*$'\n''let your session go on by a rule (direction: in, protocol: tcp, ports: 22), or cut all the same with --force' ]]
		# a deadline attaches the former policy, too
		run --separate-stderr -0 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 --confirm 60s --dry-run $NET_DIR/good.yaml"
		[[ $stderr == *'warning: apply to gate0: an interface is open now, but what this falls back to in 60 s is the former policy, enforced: '* ]]
		run --separate-stderr -0 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 $NET_DIR/good.yaml"
		[[ $stderr != *cuts* && $stderr != *'falls back'* ]]
		run --separate-stderr -0 ssh_run peer 192.0.2.10 "$GATE apply -i gate0 --confirm 60s --dry-run $NET_DIR/good.yaml"
		[[ $stderr != *'falls back'* ]]
	done
}

# ---- terminals that several share -----------------------------------------------------------------

# Types a command into the window of a server, and waits for its exit status. It prints to files.
tmux_do() { # COMMAND
	rm -f "$NET_DIR/status"
	tmux -S "$NET_DIR/tmux" send-keys "$1 >$NET_DIR/out 2>$NET_DIR/err; echo \$? >$NET_DIR/status" Enter
	wait_until test -s "$NET_DIR/status"
	status=$(<"$NET_DIR/status") stderr=$(<"$NET_DIR/err")
}

# An operator at a terminal, attached to the server.
tmux_attach() {
	ssh_sit peer 192.0.2.10 "tmux -S $NET_DIR/tmux attach"
}

tmux_clients() {
	[[ $(tmux -S "$NET_DIR/tmux" list-clients 2>/dev/null | wc -l) == "$1" ]]
}

@test "session: in tmux it is that of who is attached, not of who began" {
	local port
	ssh_needs tmux sudo
	ssh_run peer 192.0.2.10 "tmux -S $NET_DIR/tmux -f /dev/null new-session -d bash --norc"
	[[ -z $(ssh_ports host) ]]
	# the session in which it began has ended, and nobody is there
	tmux_do "$GATE apply -i gate0 --dry-run $NET_DIR/bad.yaml"
	[[ $status == 0 && $stderr != *cuts* ]]
	tmux_attach
	wait_until tmux_clients 1
	port=$(ssh_ports host)
	tmux_do "$GATE apply -i gate0 $NET_DIR/bad.yaml"
	[[ $status == 1 ]]
	refused "this cuts 1 conversation, which is yours: tcp 192.0.2.10:22 with 192.0.2.1:$port"
	# two work there, and both would be cut
	tmux_attach
	wait_until tmux_clients 2
	tmux_do "sudo -n $GATE apply -i gate0 $NET_DIR/bad.yaml"
	[[ $status == 1 ]]
	refused 'this cuts 2 conversations, 2 are yours: tcp 192.0.2.10:22'
	# somebody else's session is none of theirs
	ssh_open peer 192.0.2.10
	tmux_do "$GATE apply -i gate0 $NET_DIR/bad.yaml"
	refused 'this cuts 3 conversations, 2 are yours: tcp 192.0.2.10:22'
	[[ $stderr == *'(yours)'*'(yours), tcp 192.0.2.10:22 with 192.0.2.1:'+([0-9])$'\n'* ]]
	tmux -S "$NET_DIR/tmux" kill-server
}

@test "session: in screen" {
	local port
	ssh_needs screen
	mkdir -m 700 "$NET_DIR/screens"
	export SCREENDIR=$NET_DIR/screens
	ssh_run peer 192.0.2.10 "SCREENDIR=$SCREENDIR screen -c /dev/null -d -m -S drill bash --norc"
	ssh_sit peer 192.0.2.10 "SCREENDIR=$SCREENDIR screen -c /dev/null -r drill"
	ssh_shows bash
	port=$(ssh_ports host)
	screen -S drill -p 0 -X stuff "$GATE apply -i gate0 $NET_DIR/bad.yaml >$NET_DIR/out 2>$NET_DIR/err; echo \$? >$NET_DIR/status"$'\n'
	wait_until test -s "$NET_DIR/status"
	status=$(<"$NET_DIR/status") stderr=$(<"$NET_DIR/err")
	[[ $status == 1 ]]
	refused "which is yours: tcp 192.0.2.10:22 with 192.0.2.1:$port"
	screen -S drill -X quit
}
