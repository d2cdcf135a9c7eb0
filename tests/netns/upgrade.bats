#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Another edgegate takes over a running gate under traffic, over the same maps: an apply of the later version
# replaces the programs, one of the earlier puts its own back. Nothing is detached, no packet misjudged; and an
# upgrade that was killed is finished by the next apply.
# It takes long: it begins first.
# shellcheck disable=SC2030,SC2031,SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/running.bash

setup() {
	net_begin
	# what users run: nobody upgrades a sanitized one
	EDGEGATE=$PWD/build/edgegate
	OTHER=$PWD/build/other/edgegate
}

teardown() { net_end; }

# The versions that programs are of, and whether they are those of $EDGEGATE: "0.1.0 ours".
programs() { # NAME INTERFACE
	gate "$1" status --json -i "$2" |
		jq -r '.gates[0].programs | "\(.version) \(if .current then "ours" else "others" end)"'
}

other() { # NAME VERB...
	local EDGEGATE=$OTHER
	gate "$@"
}

program_ids() { # NAME INTERFACE
	gate "$1" status --json -i "$2" | jq -c '[.gates[0].interfaces[] | .xdp_program, .tc_program]'
}

# Up and down again, so many times, while all the traffic goes on. APPLY: the arguments that make the gate.
take_over() { # TIMES EDGE HOST PEER HOST4 PEER4 HOST6 PEER6 INTERFACE... -- APPLY...
	local times=$1 edge=$2 cast=("${@:3:6}") interfaces=() before policy=one i old
	shift 8
	while [[ $1 != -- ]]; do
		interfaces+=("$1")
		shift
	done
	shift
	running_policies
	gate "$edge" apply "$@" "$NET_DIR/one.yaml" >/dev/null
	traffic_start "${cast[@]}"
	counters_watch "$edge" "${interfaces[0]}"
	in_ns "$edge" timeout 100 tc monitor >"$NET_DIR/tc" 2>&1 3>&- &
	NET_PIDS+=("$!")
	before=$(carriers "$edge" "${interfaces[@]}"; attachments "$edge" "${interfaces[@]}")
	for ((i = 0; i < times; i++)); do
		old=$(program_ids "$edge" "${interfaces[0]}")
		run -0 --separate-stderr other "$edge" apply -i "${interfaces[0]}" "$NET_DIR/$policy.yaml"
		[[ ${lines[0]} == *': programs of edgegate 0.1.0 replaced by those of this one, 0.2.0-test' ]] || fail "$output"
		[[ $(programs "$edge" "${interfaces[0]}") == '0.2.0-test others' ]]
		EDGEGATE=$OTHER programs "$edge" "${interfaces[0]}" | grep -qx '0.2.0-test ours'
		# every one of them is another
		jq -e -n --argjson old "$old" --argjson new "$(program_ids "$edge" "${interfaces[0]}")" \
			'[$old, $new] | transpose | all(.[0] == 0 and .[1] == 0 or .[0] != .[1] and .[1] > 0)' >/dev/null ||
			fail "programs $old"
		policy=$([[ $policy == one ]] && echo two || echo one)
		run -0 --separate-stderr gate "$edge" apply -i "${interfaces[0]}" "$NET_DIR/$policy.yaml"
		[[ ${lines[0]} == *': programs of edgegate 0.2.0-test replaced by those of this one, 0.1.0' ]] || fail "$output"
		[[ $(programs "$edge" "${interfaces[0]}") == '0.1.0 ours' ]]
	done
	[[ $(carriers "$edge" "${interfaces[@]}"; attachments "$edge" "${interfaces[@]}") == "$before" ]]
	# a filter of clsact was never away
	! grep -i deleted "$NET_DIR/tc" || fail 'a filter was taken away'
	[[ "$*" != *clsact* ]] || grep -q 'filter dev' "$NET_DIR/tc"
	counters_judge
	traffic_judge
}

# 1: native, 2: generic.
xdp_mode() { # NAME INTERFACE
	ip -n "$(ns "$1")" -d -j link show dev "$2" | jq -c '.[0].xdp.mode'
}

@test "upgrade: under traffic, native XDP and TCX" {
	net_pair
	take_over 3 host host peer 192.0.2.10 192.0.2.1 2001:db8::10 2001:db8::1 gate0 -- -i gate0
	[[ $(xdp_mode host gate0) == 1 ]]
}

@test "upgrade: under traffic, generic XDP and clsact" {
	net_pair
	take_over 2 host host peer 192.0.2.10 192.0.2.1 2001:db8::10 2001:db8::1 gate0 -- -i gate0 --xdp generic --tc clsact
	[[ $(xdp_mode host gate0) == 2 ]]
}

@test "upgrade: under traffic, on a router by XDP alone" {
	net_routed
	take_over 2 router inner peer 192.0.2.10 198.51.100.7 2001:db8::10 2001:db8:1::7 wan0 lan0 -- --hooks xdp -i wan0 -i lan0:inside
}

# Which call of an upgrade it is: the number of the COUNTth that PATTERN describes, among all of its name.
ordinal() { # CALL PATTERN COUNT
	grep "^[0-9]* *$1(" "$NET_DIR/calls-$way" | awk -v pattern="$2" -v count="$3" '$0 ~ pattern && ++seen == count { print NR; exit }'
}

# An upgrade that is killed at a call, before the call is made; then one that isn't. From the version that
# is there to the one that isn't.
killed_at() { # CALL PATTERN COUNT STATE-OF-THE-STAMP
	local when said next=$OTHER now=$EDGEGATE
	[[ $(programs host gate0) == *ours ]] || next=$EDGEGATE now=$OTHER
	when=$(ordinal "$1" "$2" "$3")
	[[ -n $when ]] || fail "$way: an upgrade has no $3. $1 of $2"
	run in_order strace -f -qq -e "trace=$1" -e "inject=$1:signal=KILL:when=$when" -o "$NET_DIR/killed" \
		-- "$next" --netns "$(ns host)" apply -i gate0 "$NET_DIR/one.yaml"
	[[ $status != 0 && $(<"$NET_DIR/killed") == *'killed by SIGKILL'* ]] || fail "$way $1: was not killed: $status $output"
	# neither of the two calls it whole
	said=$("$now" --netns "$(ns host)" status -i gate0)
	[[ $4 != torn ]] || [[ $said == *'programs of two edgegates: an upgrade was killed; apply again to finish it'* ]] || fail "$way $1: $said"
	[[ $4 == torn || $said != *' programs of '* ]] || fail "$way $1: $said"
	[[ $("$next" --netns "$(ns host)" status --json -i gate0 | jq '.gates[0].programs.current') == false ]]
	run -0 --separate-stderr "$next" --netns "$(ns host)" apply -i gate0 "$NET_DIR/two.yaml"
	[[ $4 != torn || ${lines[0]} == *'some of them replaced by an apply that was killed, replaced by those of edgegate '* ]] || fail "$way $1: $output"
	[[ $("$next" --netns "$(ns host)" status --json -i gate0 | jq '.gates[0].programs.current') == true ]]
	[[ $(carriers host gate0; attachments host gate0; find "$(gate_folder host)" | sort) == "$before" ]] ||
		fail "$way $1: $(diff <(echo "$before") <(carriers host gate0; attachments host gate0; find "$(gate_folder host)" | sort))"
}

# A few points, where something that is attached has just been exchanged or is about to be.
@test "upgrade: killed before it, between its programs and behind it" {
	local way before
	command -v strace >/dev/null || skip 'needs strace'
	net_pair
	running_policies
	for way in tcx clsact; do
		gate host apply -i gate0 --tc $way "$NET_DIR/one.yaml" >/dev/null 2>&1
		traffic_start host peer 192.0.2.10 192.0.2.1 2001:db8::10 2001:db8::1
		for before in one two three; do gate host apply -i gate0 "$NET_DIR/one.yaml" >/dev/null 2>&1; done
		before=$(carriers host gate0; attachments host gate0; find "$(gate_folder host)" | sort)
		in_order strace -f -qq -e trace=bpf,sendto,rename -o "$NET_DIR/calls-$way" -- \
			"$OTHER" --netns "$(ns host)" apply -i gate0 "$NET_DIR/two.yaml" >/dev/null 2>&1
		if [[ $way == tcx ]]; then
			killed_at bpf LINK_UPDATE 2 torn
			killed_at bpf PROG_TYPE_SCHED_CLS 1 whole
		else
			killed_at sendto nlmsg_type=0x2c 1 torn
			killed_at rename tc0-next 1 torn
		fi
		traffic_judge
		gate host detach -i gate0 --yes >/dev/null
	done
}
