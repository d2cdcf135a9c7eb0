#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A gate whose policy is changed again and again under traffic: no packet is judged by anything but one of
# the two policies, whole; counters of rules that stay never go back; flows go on; nothing is attached anew.
# EDGEGATE_APPLIES says how many applies (`make generations` does 1,000).
# It takes long: it begins first.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/running.bash

setup() {
	net_begin
	# what users run: an apply of the sanitized one takes ten times as long
	export EDGEGATE=$PWD/build/edgegate
	net_pair
	running_policies
}

teardown() {
	net_end
}

# A change, which has to succeed. SAID is what it says.
change() { # VERB...
	SAID=$(gate host "$@" 2>"$NET_DIR/error") || fail "$*: $(<"$NET_DIR/error")"
	case $1 in apply) ((++applies)) ;; rollback) ((++rollbacks)) ;; confirm) ((++confirms)) ;; esac
}

# One to four changes that leave another policy in force, in several ways in turn, all in mode enforce.
turn() { # NUMBER
	local new="$NET_DIR/two.yaml" old="$NET_DIR/one.yaml"
	(($1 % 2)) || { new="$NET_DIR/one.yaml" old="$NET_DIR/two.yaml"; }
	case $(($1 % 10)) in
	2 | 7)
		change apply -i gate0 --confirm 60s "$new"
		change confirm -i gate0
		;;
	1) # now and then another edgegate, whose programs the next apply replaces again
		if (($1 % 50 == 21)); then
			EDGEGATE=$PWD/build/other/edgegate change apply -i gate0 "$new"
			[[ $SAID == *'replaced by those of this one, 0.2.0-test'* ]] || fail "$SAID"
			((++upgrades))
		else
			change apply -i gate0 "$new"
		fi
		;;
	4 | 9)
		change apply -i gate0 "$new"
		change apply -i gate0 "$old"
		change rollback -i gate0
		;;
	5)
		change apply -i gate0 --confirm 60s "$new"
		change apply -i gate0 --force --confirm 60s "$old"
		change rollback -i gate0
		change apply -i gate0 "$new"
		;;
	*) change apply -i gate0 "$new" ;;
	esac
}

# The same with mode flips: whatever is forbidden passes now and then.
flip() { # NUMBER
	local new="$NET_DIR/two.yaml"
	(($1 % 2)) || new="$NET_DIR/one.yaml"
	case $(($1 % 4)) in
	0) change apply -i gate0 --mode monitor "$new" ;;
	1) change apply -i gate0 "$new" ;;
	2)
		change apply -i gate0 --mode monitor --confirm 60s "$new"
		change confirm -i gate0
		;;
	3)
		change apply -i gate0 --mode monitor "$new"
		change rollback -i gate0
		change apply -i gate0 "$new"
		;;
	esac
}

@test "generations: applies, rollbacks, confirms, mode flips and upgrades under traffic" {
	local all=${EDGEGATE_APPLIES-60} applies=0 rollbacks=0 confirms=0 upgrades=0 n before start
	local ages memory word slots=''
	gate host apply -i gate0 "$NET_DIR/one.yaml" >/dev/null
	traffic_start host peer 192.0.2.10 192.0.2.1 2001:db8::10 2001:db8::1
	start=$SECONDS
	before=$(carriers host gate0; attachments host gate0)
	[[ $(flow_ages host gate0 | jq length) == 3 ]]
	memory=$(gate_folder host)/memory
	counters_watch host
	for ((n = 1; applies < all * 3 / 4; n++)); do
		turn $n
		[[ $SAID == *"gate0: policy $( ((n % 2)) && echo two || echo one) is in force"* && $SAID != *'monitor mode'* ]] ||
			fail "turn $n: $SAID"
		word=$("${NET_LIBRARY:-$PWD/build/tests/lib}/../tools/poke" "$memory" state)
		slots+=$((0x$word & 3))
	done
	# a deadline passes: the programs go back by themselves
	change apply -i gate0 --confirm 5s "$NET_DIR/one.yaml"
	change apply -i gate0 --force --confirm 1s "$NET_DIR/two.yaml"
	sleep 1.1
	gate host status --json -i gate0 | jq -e '.gates[0].rolled_back.by == "deadline"' >/dev/null
	traffic_quiet
	for ((; applies < all; n++)); do
		flip $n
	done
	change apply -i gate0 "$NET_DIR/one.yaml"
	traffic_loud
	change apply -i gate0 "$NET_DIR/two.yaml"
	counters_judge $((all / 10))
	# neither table nor links were made anew: the flows are as old as the traffic
	ages=$(flow_ages host gate0)
	jq -e --argjson least $((SECONDS - start - 3)) 'length == 3 and .[0] >= $least' <<<"$ages" >/dev/null ||
		fail "flows: $ages after $((SECONDS - start)) s"
	[[ $(carriers host gate0; attachments host gate0) == "$before" ]]
	traffic_judge
	# all three slots were live
	[[ $slots == *0* && $slots == *1* && $slots == *2* ]] || fail "slots: $slots"
	echo "# $applies applies, $rollbacks rollbacks, $confirms confirms, $upgrades upgrades and as many back, $LOOKS looks at the counters, $((SECONDS - start)) s: $TRAFFIC" >&3
}
