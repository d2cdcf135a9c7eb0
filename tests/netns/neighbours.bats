#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Other programs on the same interface: whose XDP program is left alone, whose place is taken, and what
# stands before our tc program.
# shellcheck disable=SC2154,SC2030,SC2031 # bats' run sets stderr, stderr_lines, status and output

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/neighbours.bash

readonly XDP_PASS=2 TCX_NEXT=-1 TCX_PASS=0

setup() {
	net_begin
	net_pair
	PIN=/sys/fs/bpf/$NET_ID
}

teardown() {
	[[ -z ${PIN-} ]] || rm -f "$PIN"
	net_end
}

# ---- XDP --------------------------------------------------------------------------------------------

# Nothing of ours is there afterwards, and what was there is as it was.
refused_and_left() { # PATTERN OPTION...
	local pattern=$1 id before
	shift
	id=$(xdp_of host gate0)
	((id > 0))
	before=$(remains)
	run --separate-stderr -1 gate host apply -i gate0 "$@"
	# shellcheck disable=SC2053
	[[ ${stderr_lines[0]} == $pattern ]] || fail "said: $stderr"
	[[ $(xdp_of host gate0) == "$id" ]]
	left_nothing "$before"
}

@test "neighbours: an XDP program that netlink attached is named, native and generic, and left alone" {
	foreign_xdp host gate0
	local mode
	for mode in native generic; do
		refused_and_left "edgegate: apply to gate0: another XDP program holds gate0: id $(xdp_of host gate0), foreign_pass, attached by netlink" \
			--xdp $mode
		[[ ${stderr_lines[-1]} == *--replace* ]]
	done
	ip -n "$(ns host)" link set dev gate0 xdp off
	ip -n "$(ns host)" link set dev gate0 xdpgeneric object "$(foreign_object)" section xdp
	for mode in native generic; do
		refused_and_left '*: id *, foreign_pass, attached by netlink' --xdp $mode
	done
}

@test "neighbours: an XDP program's link and the process that has it are named" {
	local link
	hold host xdp gate0 $XDP_PASS
	link=$(xdp_links | awk -v program="$(xdp_of host gate0)" '$2 == program { print $1 }')
	refused_and_left "*: another XDP program holds gate0: id $(xdp_of host gate0), foreign_held, by link $link of process $HOLDER (hold)"
	# its place can't be taken, and that is said
	refused_and_left "*, by link $link of process $HOLDER (hold)" --replace
	[[ ${stderr_lines[-1]} == *'also not by --replace'*"bpftool link detach id $link" ]]
	refused_and_left "*, by link $link of process $HOLDER (hold)" --replace --dry-run
	release "$HOLDER"
	hold host xdp-generic gate0 $XDP_PASS
	refused_and_left "*, by link * of process $HOLDER (hold)" --xdp generic
	release "$HOLDER"
	hold_pinned host xdp gate0 $XDP_PASS "$PIN"
	refused_and_left '*, by link *, which no process that can be seen has open'
	rm "$PIN"
	hold host netlink gate0 $XDP_PASS
	refused_and_left "*: id *, foreign_held, attached by netlink, open in process $HOLDER (hold)"
}

guards() {
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 22
}

@test "neighbours: --replace takes the place of what netlink attached, and says that there was a moment with neither" {
	local before foreign ours mode
	tcp_serve host 5061 22
	before=$(remains)
	for mode in native generic; do
		for foreign in xdpdrv xdpgeneric; do
			ip -n "$(ns host)" link set dev gate0 $foreign object "$(foreign_object)" section xdp
			foreign=$(xdp_of host gate0)
			run --separate-stderr -0 gate host apply -i gate0 --replace --xdp $mode
			[[ $stderr == *"warning: apply to gate0: gate0: the gate took the place of XDP program $foreign; for a moment there was neither"* ]]
			ours=$(interface_status host gate0 | jq .xdp_program)
			[[ $(xdp_of host gate0) == "$ours" && $ours != "$foreign" ]]
			guards
			gate host detach -i gate0 --yes
			[[ $(xdp_of host gate0) == 0 ]]
			left_nothing "$before"
		done
	done
	# where nobody is, there is nothing to say
	run --separate-stderr -0 gate host apply -i gate0 --replace
	[[ $stderr != *'took the place'* ]]
}

@test "neighbours: --replace only says what it would do with --dry-run, and does not go with --confirm" {
	local id before
	foreign_xdp host gate0
	id=$(xdp_of host gate0)
	before=$(remains)
	run --separate-stderr -0 gate host apply -i gate0 --replace --dry-run
	[[ $stderr == *"it would take the place of the XDP program on gate0: id $id, foreign_pass, attached by netlink"*'a moment with neither'* ]]
	run --separate-stderr -1 gate host apply -i gate0 --dry-run
	[[ $stderr == *"another XDP program holds gate0: id $id"* ]]
	run --separate-stderr -2 gate host apply -i gate0 --replace --confirm 60s
	[[ ${stderr_lines[0]} == "edgegate: apply: --replace and --confirm don't go together"* ]]
	[[ $(xdp_of host gate0) == "$id" ]]
	left_nothing "$before"
}

@test "neighbours: of several interfaces all are taken or none, whoever holds the second" {
	local first second before
	tcp_serve host 5061 22
	net_link host gate1 peer wire1
	foreign_xdp host gate0
	hold host xdp gate1 $XDP_PASS
	first=$(xdp_of host gate0) second=$(xdp_of host gate1)
	before=$(remains)
	run --separate-stderr -1 gate host apply -i gate0 -i gate1 --replace
	[[ $stderr == *"another XDP program holds gate1: id $second"* ]]
	[[ $stderr != *'is back'* ]] # it was never off
	[[ $(xdp_of host gate0) == "$first" && $(xdp_of host gate1) == "$second" ]]
	left_nothing "$before"
	tcp_try peer 192.0.2.10 22
	release "$HOLDER"
	foreign_xdp host gate1
	gate host apply -i gate0 -i gate1 --replace
	guards
}

# A macvlan has no native XDP: the place is free by then, and the gate can't have it.
@test "neighbours: what was replaced comes back if the apply fails after all" {
	local id before
	ip -n "$(ns host)" link add link gate0 name mv0 type macvlan 2>/dev/null || skip 'needs macvlan'
	ip -n "$(ns host)" link set dev mv0 up
	ip -n "$(ns host)" link set dev mv0 xdpgeneric object "$(foreign_object)" section xdp
	id=$(xdp_of host mv0)
	before=$(remains)
	run --separate-stderr -1 gate host apply -i mv0 --replace --xdp native
	[[ $stderr == *"cannot attach XDP to mv0 in native mode"* ]]
	[[ $stderr == *"XDP program $id is back on mv0"* ]]
	[[ $(xdp_of host mv0) == "$id" ]]
	[[ $(ip -n "$(ns host)" link show dev mv0) == *xdpgeneric* ]]
	left_nothing "$before"
}

@test "neighbours: one that took the place of an interface made anew is refused in a reload too, or replaced" {
	local id policy
	tcp_serve host 5061 22
	net_link host gate1 peer wire1
	gate host apply -i gate0 -i gate1
	# both are made anew; somebody is quicker on the second
	ip -n "$(ns peer)" link delete wire0
	ip -n "$(ns peer)" link delete wire1
	net_link host gate0 peer wire0
	net_link host gate1 peer wire1
	net_address host gate0 192.0.2.10/24
	net_address peer wire0 192.0.2.1/24
	foreign_xdp host gate1
	id=$(xdp_of host gate1)
	for policy in --dry-run host-basics; do
		run --separate-stderr -1 gate host apply -i gate0 -i gate1 "$policy"
		[[ $stderr == *"another XDP program holds gate1: id $id, foreign_pass"* ]]
	done
	# neither: the first is not guarded by a policy that was not put into force
	[[ $(xdp_of host gate0) == 0 && $(xdp_of host gate1) == "$id" ]]
	[[ $(gate_stats host | jq -r .policy) == lync-2013-public-im ]]
	run --separate-stderr -0 gate host apply -i gate0 -i gate1 --replace
	[[ $stderr == *"gate1: the gate took the place of XDP program $id"* ]]
	guards
	[[ $(interface_status host gate1 | jq .present) == true ]]
}

# ---- tc ---------------------------------------------------------------------------------------------

has_tcx() {
	hold host tcx gate0 $TCX_NEXT 2>/dev/null || skip 'needs TCX'
	release "$HOLDER"
}

@test "neighbours: ours is attached before a TCX program that was there" {
	has_tcx
	listen_for_leaks
	hold host tcx gate0 $TCX_PASS
	leaks
	gate host apply -i gate0
	[[ $(ahead_of host gate0) == '' ]]
	run ! leaks
	gate host detach -i gate0 --yes
	leaks
}

@test "neighbours: a TCX program that came before ours is named, hides it, and the next apply is before it again" {
	has_tcx
	listen_for_leaks
	gate host apply -i gate0
	run ! leaks
	hold host tcx gate0 $TCX_PASS
	leaks # ours is not asked
	[[ $(ahead_of host gate0) == 'tcx foreign_held' ]]
	[[ $(gate host status -i gate0) == *'before it: tcx foreign_held  program '*': what it accepts is not judged'* ]]
	hold host tcx gate0 $TCX_NEXT
	[[ $(ahead_of host gate0) == 'tcx foreign_held, tcx foreign_held' ]]
	run --separate-stderr -0 gate host apply -i gate0
	[[ $stderr == *'warning: apply to gate0: on gate0 a tc program stood before ours, and ours is at the head again: tcx foreign_held (program '* ]]
	[[ $(ahead_of host gate0) == '' ]]
	run ! leaks
	# both are still there, behind us
	kill -0 "$HOLDER"
	gate host detach -i gate0 --yes
	leaks
}

@test "neighbours: while ours is put at the head again nothing goes by unjudged, and nothing is left over" {
	has_tcx
	local drops before
	before=$(remains)
	gate host apply -i gate0
	stream_begin host peer 192.0.2.1 7777
	for _ in {1..5}; do
		# it lets ours have the last word: whatever arrives went by us
		hold host tcx gate0 $TCX_NEXT
		drops=$(drop_count host out no-rule)
		wait_until dropped_beyond host out "$drops"
		run --separate-stderr -0 gate host apply -i gate0
		[[ $stderr == *'at the head again'* ]]
		drops=$(drop_count host out no-rule)
		wait_until dropped_beyond host out "$drops"
		release "$HOLDER"
	done
	[[ $(stream_count 7777) == 0 ]] || fail "$(stream_count 7777) datagrams went by"
	wait_until gate_has_programs host gate0 2
	gate host detach -i gate0 --yes
	left_nothing "$before"
}

@test "neighbours: by clsact ours is before filters of other priorities, and of the same again after an apply" {
	local before
	before=$(remains)
	listen_for_leaks
	in_ns host tc qdisc add dev gate0 clsact
	foreign_filter host gate0 egress pass
	gate host apply -i gate0 --tc clsact
	[[ $(ahead_of host gate0) == '' ]]
	run ! leaks
	# the kernel asks the newest of one priority first
	in_ns host tc filter add dev gate0 egress pref 1 bpf da object "$(foreign_object)" section pass
	leaks
	[[ $(ahead_of host gate0) == 'clsact foreign_accept' ]]
	[[ $(gate host status -i gate0) == *'before it: clsact foreign_accept  program '*'  priority 1: what it accepts is not judged'* ]]
	run --separate-stderr -0 gate host apply -i gate0
	[[ $stderr == *'ours is at the head again: clsact foreign_accept (program '*', priority 1)'* ]]
	[[ $(ahead_of host gate0) == '' ]]
	run ! leaks
	[[ $(in_ns host tc filter show dev gate0 egress | grep -c edgegate_out) == 1 ]]
	gate host detach -i gate0 --yes
	[[ $(in_ns host tc filter show dev gate0 egress) != *edgegate* ]]
	left_nothing "$before"
	leaks
}

@test "neighbours: by clsact, what can't be overtaken is named: another kind of filter, and TCX" {
	listen_for_leaks
	in_ns host tc qdisc add dev gate0 clsact
	in_ns host tc filter add dev gate0 egress pref 1 protocol all u32 match u32 0 0 flowid 1:1
	run --separate-stderr -0 gate host apply -i gate0 --tc clsact
	[[ $stderr == *'warning: apply to gate0: on gate0 ours is not the first tc program: before it stands clsact u32 (priority 1)'* ]]
	[[ $(ahead_of host gate0) == 'clsact u32' ]]
	leaks
	run --separate-stderr -0 gate host apply -i gate0
	[[ $stderr == *'before it stands clsact u32 (priority 1)'* ]]
	in_ns host tc filter delete dev gate0 egress pref 1
	run --separate-stderr -0 gate host apply -i gate0
	[[ $stderr != *'before it stands'* && $(ahead_of host gate0) == '' ]]
	run ! leaks
	has_tcx
	hold host tcx gate0 $TCX_PASS
	leaks
	[[ $(ahead_of host gate0) == 'tcx foreign_held' ]]
	run --separate-stderr -0 gate host apply -i gate0
	[[ $stderr == *'before it stands tcx foreign_held'*'TCX runs before clsact'*'--tc tcx'* ]]
}

@test "neighbours: a filter in a chain of its own, which nothing jumps to, is not ahead" {
	gate host apply -i gate0 --tc clsact
	in_ns host tc filter add dev gate0 egress chain 5 pref 1 protocol all u32 match u32 0 0 flowid 1:1
	[[ $(ahead_of host gate0) == '' ]]
}

# ---- killed and refused ---------------------------------------------------------------------------------

calls() { # CALL VERB...
	command -v strace >/dev/null || skip 'needs strace'
	in_order strace -f -qq -e "trace=$1" -o "$NET_DIR/calls" -- "$EDGEGATE" --netns "$(ns host)" "${@:2}" >/dev/null 2>&1
}

call_at() { # PATTERN N: the number of the N-th of those calls that matches
	grep -n -- "$1" "$NET_DIR/calls" | sed -n "$2s/:.*//p"
}

# What it says is in output.
with_call() { # CALL NUMBER signal=KILL|error=NAME VERB...
	run in_order strace -f -qq -e "trace=$1" -e "inject=$1:$3:when=$2" -o /dev/null -- "$EDGEGATE" --netns "$(ns host)" "${@:4}"
	[[ $3 != signal=KILL || $status == 137 ]] || fail "$1 $2 was not reached: $output"
}

@test "neighbours: killed while it takes the head by TCX, two of ours judge, status says so, and the next apply ends it" {
	local EDGEGATE=$PWD/build/edgegate at # many times: what users run
	has_tcx
	gate host apply -i gate0
	hold host tcx gate0 $TCX_NEXT
	calls rename apply -i gate0
	at=$(call_at tc0-link-head 1)
	hold host tcx gate0 $TCX_NEXT
	with_call rename "$at" signal=KILL apply -i gate0
	[[ $(ahead_of host gate0) == '' ]]
	run -0 gate host status -i gate0
	[[ $output == *'twice: two programs of ours judge and count every packet: apply again'* && $output != *'before it'* ]]
	with_call rename 1 error=EACCES apply -i gate0
	[[ $status == 1 && $output == *"cannot finish what an apply that was killed began at tc on gate0: Permission denied"*'apply again'* ]]
	gate host apply -i gate0
	[[ $(gate host status -i gate0) != *'twice'* ]]
	wait_until gate_has_programs host gate0 2
}

@test "neighbours: killed or refused while it takes the head by clsact, our filter stands once after the next apply" {
	local EDGEGATE=$PWD/build/edgegate at how
	gate host apply -i gate0 --tc clsact
	in_ns host tc filter add dev gate0 egress pref 1 bpf object "$(foreign_object)" section pass
	calls sendto apply -i gate0
	at=$(call_at nlmsg_type=0x2d 1)
	for how in signal=KILL error=ENOBUFS; do
		in_ns host tc filter add dev gate0 egress pref 1 bpf object "$(foreign_object)" section pass
		with_call sendto "$at" $how apply -i gate0
		[[ $how != error=* ]] || [[ $status == 1 && $output == *'cannot put tc at the head of gate0: No buffer space available'*'apply again'* ]] || fail "said: $output"
		[[ $(in_ns host tc filter show dev gate0 egress | grep -c edgegate_out) == 2 ]]
		[[ $(gate host status -i gate0) == *'twice: '* ]]
		run -0 gate host apply -i gate0
		[[ $(in_ns host tc filter show dev gate0 egress | grep -c edgegate_out) == 1 ]]
		[[ $(gate host status -i gate0) != *'twice: '* && $(ahead_of host gate0) == '' ]]
	done
}

@test "neighbours: killed before its filter stands, a first apply by clsact leaves no qdisc, and takes none of others away" {
	local EDGEGATE=$PWD/build/edgegate at
	calls sendto apply -i gate0 --tc clsact
	at=$(call_at nlmsg_type=0x2c 1)
	gate host detach -i gate0 --yes
	[[ $(in_ns host tc qdisc show dev gate0) != *clsact* ]]
	with_call sendto "$at" signal=KILL apply -i gate0 --tc clsact
	[[ $(in_ns host tc qdisc show dev gate0) == *clsact* ]]
	# another one's filter comes, and goes: the qdisc is ours all the same
	in_ns host tc filter add dev gate0 egress pref 7 protocol all u32 match u32 0 0
	gate host apply -i gate0 --tc clsact
	in_ns host tc filter delete dev gate0 egress pref 7
	gate host detach -i gate0 --yes
	[[ $(in_ns host tc qdisc show dev gate0) != *clsact* ]]
	in_ns host tc qdisc add dev gate0 clsact
	with_call sendto "$at" signal=KILL apply -i gate0 --tc clsact
	gate host apply -i gate0 --tc clsact
	gate host detach -i gate0 --yes
	[[ $(in_ns host tc qdisc show dev gate0) == *clsact* ]]
}

@test "neighbours: what stands before ours and can't be asked for is said, by status and by apply" {
	local EDGEGATE=$PWD/build/edgegate
	in_ns host tc qdisc add dev gate0 clsact
	in_ns host tc filter add dev gate0 egress pref 1 protocol all u32 match u32 0 0 flowid 1:1
	gate host apply -i gate0 --tc clsact
	calls bpf status -i gate0
	with_call bpf "$(call_at BPF_PROG_QUERY 1)" error=EPERM status -i gate0
	[[ $status == 0 && $output == *"before it: can't be seen: what it would accept is not judged"* ]] || fail "said: $output"
	# from now on each apply makes the same calls
	for _ in 1 2; do gate host apply -i gate0; done
	calls bpf apply -i gate0
	with_call bpf "$(call_at BPF_PROG_QUERY 2)" error=EPERM apply -i gate0
	[[ $status == 0 && $output == *"warning: apply to gate0: what stands before our tc program on gate0 can't be seen: Operation not permitted"* ]] || fail "said: $output"
}

@test "neighbours: after a first apply that was killed, another way of tc than what is attached is refused" {
	local EDGEGATE=$PWD/build/edgegate at
	has_tcx
	calls bpf apply -i gate0
	at=$(call_at 'BPF_OBJ_PIN.*/tc0-link"' 1)
	gate host detach -i gate0 --yes
	with_call bpf $((at + 1)) signal=KILL apply -i gate0
	run --separate-stderr -1 gate host apply -i gate0 --tc clsact
	[[ ${stderr_lines[0]} == *'the way of tc was'* ]] || fail "said: $stderr"
	gate host apply -i gate0 --tc tcx
	[[ $(interface_status host gate0 | jq -r .tc) == tcx ]]
}
