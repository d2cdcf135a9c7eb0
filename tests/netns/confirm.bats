#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# An apply that is not confirmed goes away by itself: the programs do it, with every process of edgegate
# dead, and whoever comes first past the deadline finds the former policy.

# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_pair
	cast host peer 192.0.2.10 2001:db8::10 192.0.2.1 2001:db8::1
	policy_file good 5061
	policy_file bad 443
	tcp_serve host 5061 443
}

teardown() { net_end; }

policy_file() { # NAME PORT
	printf 'policy: %s\nrules:\n  - {name: service-in, direction: in, protocol: tcp, ports: %s}\n' \
		"$1" "$2" >"$NET_DIR/$1.yaml"
}

in_force() { # what status says: policy, mode, and whether a deadline stands or a rollback was
	gate host status -i gate0 --json | jq -r '.gates[0] |
		"\(.policy) \(.mode) \(if .confirm_deadline then "pending" else "-" end) \(.rolled_back.by // "-")"'
}


@test "confirm: an apply that nobody confirms goes by itself, without any process or packet" {
	gate host apply -i gate0 "$NET_DIR/good.yaml"
	run -0 gate host apply -i gate0 --confirm 5s "$NET_DIR/bad.yaml"
	[[ $output == *'Only until '*', 5 s from now, unless you keep it with: edgegate --netns '"$(ns host)"' confirm -i gate0'* ]]
	[[ $(in_force) == 'bad enforce pending -' ]]
	tcp_try peer 192.0.2.10 443
	run ! tcp_try peer 192.0.2.10 5061
	run ! pgrep -f "^$EDGEGATE --netns $(ns host) "
	sleep 5.2
	# the first packet past the deadline is judged by the former policy already
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 443
	[[ $(in_force) == 'good enforce - deadline' ]]
	run -0 gate host status -i gate0
	[[ $output == *'rolled back from policy bad at '*': nobody confirmed it in time'* ]]
	run --separate-stderr -1 gate host confirm -i gate0
	[[ $stderr == *'too late: the last apply to gate0 was taken back at '*'edgegate --netns '"$(ns host)"' status -i gate0'* ]]
	[[ $(in_force) == 'good enforce - deadline' ]]
	run --separate-stderr -1 gate host rollback -i gate0
	[[ $stderr == *'the last apply was taken back already on gate0'* ]]
}

@test "confirm: keeps, and the deadline passes without a trace" {
	gate host apply -i gate0 "$NET_DIR/good.yaml"
	gate host apply -i gate0 --confirm 4s --mode monitor "$NET_DIR/bad.yaml" >/dev/null
	run -0 gate host confirm -i gate0
	[[ $output == 'gate0: policy bad is in force, in monitor mode' ]]
	sleep 4.2
	tcp_try peer 192.0.2.10 443
	[[ $(in_force) == 'bad monitor - -' ]]
	run --separate-stderr -1 gate host confirm -i gate0
	[[ $stderr == *'nothing on gate0 waits for it'* ]]
	# what was confirmed can still be taken back, mode and all
	run -0 gate host rollback -i gate0
	[[ $output == 'gate0: policy good is in force' ]]
	[[ $(in_force) == 'good enforce - command' ]]
	run ! tcp_try peer 192.0.2.10 443
}

@test "confirm: a command alone past the deadline makes it final too" {
	gate host apply -i gate0 "$NET_DIR/good.yaml"
	gate host apply -i gate0 --confirm 1s "$NET_DIR/bad.yaml" >/dev/null
	ip -n "$(ns peer)" link set wire0 down # no packet
	sleep 1.2
	run -1 gate host confirm -i gate0
	[[ $(in_force) == 'good enforce - deadline' ]]
}

@test "confirm: a first apply falls back to no policy, and the next one starts well" {
	run -0 gate host apply -i gate0 --confirm 4s "$NET_DIR/good.yaml"
	run ! tcp_try peer 192.0.2.10 443
	sleep 4.2
	tcp_try peer 192.0.2.10 443
	[[ $(in_force) == 'null none - deadline' ]]
	run -0 gate host status -i gate0
	[[ $output == *'no policy: everything passes'*'rolled back from policy good'* ]]
	gate host apply -i gate0 "$NET_DIR/good.yaml"
	[[ $(in_force) == 'good enforce - -' ]]
	run ! tcp_try peer 192.0.2.10 443
}

@test "confirm: rollback of a first apply opens the interface, so it asks" {
	gate host apply -i gate0 "$NET_DIR/good.yaml"
	run --separate-stderr -2 gate host rollback -i gate0
	[[ $stderr == *'opens gate0 to everything, for no policy was there before'*'--yes'* ]]
	run ! tcp_try peer 192.0.2.10 443
	run -0 gate host rollback -i gate0 --yes
	[[ $output == 'gate0: no policy is in force: everything passes' ]]
	tcp_try peer 192.0.2.10 443
}

@test "confirm: a second apply in the window is refused; with --force the first policy is the one to fall back to" {
	gate host apply -i gate0 "$NET_DIR/good.yaml"
	gate host apply -i gate0 --confirm 30s "$NET_DIR/bad.yaml" >/dev/null
	run --separate-stderr -1 gate host apply -i gate0 lync-2013-public-im
	[[ $stderr == *'the apply before it still waits for its confirm, '*' s from now'*'edgegate --netns '"$(ns host)"' confirm -i gate0, edgegate --netns '"$(ns host)"' rollback -i gate0, or apply --force'* ]]
	run --separate-stderr -1 gate host apply -i gate0 --dry-run lync-2013-public-im
	[[ $(in_force) == 'bad enforce pending -' ]]
	gate host apply -i gate0 --force --confirm 3s lync-2013-public-im >/dev/null
	[[ $(in_force) == 'lync-2013-public-im enforce pending -' ]]
	sleep 3.2
	[[ $(in_force) == 'good enforce - deadline' ]]
	tcp_try peer 192.0.2.10 5061
	# and without --confirm it confirms itself
	gate host apply -i gate0 --confirm 3s "$NET_DIR/bad.yaml" >/dev/null
	gate host apply -i gate0 --force lync-2013-public-im >/dev/null
	sleep 3.2
	[[ $(in_force) == 'lync-2013-public-im enforce - -' ]]
	gate host rollback -i gate0
	[[ $(in_force) == 'good enforce - command' ]]
}

@test "confirm: bad times and missing gates are refused" {
	for time in 0 0s -5s 8d x 60 ''; do
		run --separate-stderr -2 gate host apply -i gate0 --confirm "$time"
		[[ $stderr == *--confirm* ]]
	done
	for verb in confirm rollback block open resume; do
		run --separate-stderr -1 gate host $verb -i gate0
		[[ $stderr == *'there is no gate on gate0'* ]]
		run --separate-stderr -2 gate host $verb
		[[ $stderr == *'it needs one interface and nothing else'* ]]
		run --separate-stderr -2 gate host $verb -i gate0 more
	done
}

@test "emergency: block drops all but essentials, open nothing, resume goes back; a rollback leaves both" {
	local before
	gate host apply -i gate0 "$NET_DIR/good.yaml"
	run --separate-stderr -1 gate host resume -i gate0
	[[ $stderr == *'gate0 is neither blocked nor open'* ]]
	tcp_try peer 192.0.2.10 5061
	run -0 gate host block -i gate0
	[[ $output == 'gate0: BLOCKED: only essentials pass, until: edgegate --netns '"$(ns host)"' resume -i gate0' ]]
	[[ $(in_force) == 'good block - -' ]]
	run -0 gate host status -i gate0
	[[ $output == *'EMERGENCY: blocked, only essentials pass; ends with: edgegate --netns '"$(ns host)"' resume -i gate0'* ]]
	run ! tcp_try peer 192.0.2.10 5061
	(($(drop_count host in blocked) > 0))
	ip -n "$(ns peer)" neigh flush dev wire0
	in_ns peer arping -c1 -w2 -I wire0 192.0.2.10 >/dev/null || in_ns peer ping -c1 -W1 192.0.2.10 || true
	[[ $(ip -n "$(ns peer)" neigh show 192.0.2.10) == *lladdr* ]]
	# an apply in the midst of it says that it is blocked all the same
	run -0 gate host apply -i gate0 --confirm 4s "$NET_DIR/bad.yaml"
	[[ $output == *'All the same it is blocked in emergency, until: edgegate --netns '"$(ns host)"' resume -i gate0'* ]]
	run ! tcp_try peer 192.0.2.10 443
	sleep 4.2
	[[ $(in_force) == 'good block - deadline' ]]
	run -0 gate host open -i gate0
	[[ $output == 'gate0: OPEN: everything passes and is counted, until: edgegate --netns '"$(ns host)"' resume -i gate0' ]]
	before=$(drop_count host in no-rule)
	tcp_try peer 192.0.2.10 443
	tcp_try peer 192.0.2.10 5061
	(($(drop_count host in no-rule) > before))
	run -0 gate host resume -i gate0
	[[ $output == 'gate0: policy good is in force' ]]
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 443
}

@test "emergency: a gate whose first apply was taken back can be blocked too" {
	gate host apply -i gate0 "$NET_DIR/good.yaml"
	gate host rollback -i gate0 --yes >/dev/null
	tcp_try peer 192.0.2.10 443
	gate host block -i gate0 >/dev/null
	run ! tcp_try peer 192.0.2.10 443
	run ! tcp_try peer 192.0.2.10 5061
	gate host resume -i gate0 >/dev/null
	tcp_try peer 192.0.2.10 443
}

# Where nothing is attached any more, what was asked for is written down, and guards nothing.
@test "emergency: what is done to a gate that guards nothing fails, and says so" {
	local verb
	gate host apply -i gate0 "$NET_DIR/good.yaml"
	ip -n "$(ns host)" link delete gate0
	for verb in block resume 'rollback --yes'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr -1 gate host $verb -i gate0
		[[ $stderr == "edgegate: ${verb%% *}: gate0 is NOT GUARDED: it is gone"$'\n'*'apply again'* ]]
	done
	net_link host gate0 peer wire0
	run --separate-stderr -1 gate host block -i gate0
	[[ $stderr == *'gate0 is NOT GUARDED: it was made anew'* && $output == *BLOCKED* ]]
}

# Programs read the machine's clock, whatever one the command is shown.
@test "confirm: in a time namespace the deadline is the machine's" {
	local offset
	unshare --time true 2>/dev/null || skip 'needs time namespaces'
	gate host apply -i gate0 "$NET_DIR/good.yaml"
	for offset in 100000 -1; do
		unshare --time --boottime "$offset" "$EDGEGATE" --netns "$(ns host)" \
			apply -i gate0 --confirm 6s "$NET_DIR/bad.yaml"
		# what asks within it doesn't end it either
		unshare --time --boottime "$offset" "$EDGEGATE" --netns "$(ns host)" status -i gate0 --json |
			jq -e '.gates[0].confirm_deadline - now | . > 0 and . <= 6'
		tcp_try peer 192.0.2.10 443
		[[ $(in_force) == 'bad enforce pending -' ]]
		sleep 6.2
		tcp_try peer 192.0.2.10 5061
		[[ $(in_force) == 'good enforce - deadline' ]]
	done
}
