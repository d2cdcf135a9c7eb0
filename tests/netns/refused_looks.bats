#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Where the kernel doesn't say what is there, or a part of it can't be reached: nothing is concluded, nothing is half
# undone, and it is said.
# It takes long: it begins first.
# shellcheck disable=SC2154 # bats' run sets stderr and stderr_lines

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/neighbours.bash

readonly XDP_PASS=2

setup() {
	net_begin
	net_pair
	SMALL=$NET_DIR/small.yaml
	printf '%s\n' 'policy: small' 'rules:' '  - {name: web-in, direction: in, protocol: tcp, ports: 443}' >"$SMALL"
}

teardown() {
	[[ -z ${HELD-} ]] || umount "$HELD" 2>/dev/null || true
	rmdir /sys/fs/bpf/edgegate/gate0 2>/dev/null || true
	net_end
}

# What users run.
many_times() {
	EDGEGATE=$PWD/build/edgegate
}

# One call of many is refused.
needs_strace() {
	command -v strace >/dev/null || skip 'needs strace'
	many_times
}

# `$NET_DIR/calls` has a command's calls of bpf(2) then.
trace_bpf() { # VERB...
	in_order strace -f -qq -e trace=bpf -o "$NET_DIR/calls" -- "$EDGEGATE" --netns "$(ns host)" "$@" >/dev/null 2>&1 || true
}

# The number of the first call that fits.
call_of() { # PATTERN
	grep ' bpf(' "$NET_DIR/calls" | grep -n -m 1 -- "$1" | cut -d: -f1
}

# Sets status and stderr_lines.
refused_at() { # ERROR NUMBER VERB...
	run --separate-stderr in_order strace -f -qq -e trace=bpf -e "inject=bpf:error=$1:when=$2" -o /dev/null -- \
		"$EDGEGATE" --netns "$(ns host)" "${@:3}"
}

failed_in_two_lines() {
	((status == 1)) || fail "exit status $status: $output $stderr"
	[[ ${stderr_lines[-2]} == 'edgegate: '* && ${stderr_lines[-1]} != 'edgegate: '* ]] || fail "said: $stderr"
}

policy_is_small() {
	[[ $("$EDGEGATE" --netns "$(ns host)" status -i gate0 --json | jq -r '.gates[0].policy') == small ]]
}

# ---- detach ---------------------------------------------------------------------------------------------

@test "refused looks: a detach that can't open the gate takes it for no rubbish" {
	needs_strace
	local before number last error=ENOMEM
	before=$(remains)
	gate host apply -i gate0 "$SMALL" >/dev/null 2>&1
	trace_bpf detach -i gate0 --yes
	last=$(call_of BPF_LINK_DETACH)
	((last > 40))
	gate host apply -i gate0 "$SMALL" >/dev/null 2>&1
	for ((number = 1; number < last; number += 2)); do
		refused_at $error "$number" detach -i gate0 --yes
		[[ $output$stderr != *'was left there'* ]] || fail "$error at bpf $number: $output"
		((status == 1)) || break # the word says none: it is as good as done
		failed_in_two_lines
		policy_is_small || fail "$error at bpf $number: $stderr"
		[[ $error == EPERM ]] && error=ENOMEM || error=EPERM
	done
	((number > 40))
	gate host detach -i gate0 --yes || true
	left_nothing "$before"
}

@test "refused looks: with too few descriptors a detach undoes all or nothing" {
	local before limit undone=0 kept=0
	many_times
	before=$(remains)
	for limit in {8..40..2}; do
		gate host apply -i gate0 --tc clsact "$SMALL" >/dev/null 2>&1
		run --separate-stderr prlimit --nofile="$limit" "$EDGEGATE" --netns "$(ns host)" detach -i gate0 --yes
		if ((status == 0)); then
			[[ $output == 'gate0: detached; everything passes' ]] || fail "$limit files: $output"
			left_nothing "$before"
			[[ $(in_ns host tc qdisc show dev gate0) != *clsact* ]]
			((++undone))
		else
			failed_in_two_lines
			policy_is_small || fail "$limit files: $stderr"
			((++kept))
		fi
	done
	((undone > 0 && kept > 0)) || fail "$undone were undone, $kept not"
}

# Without the namespace's cookie the folder of that name would be the first namespace's.
@test "refused looks: a detach that isn't told its namespace leaves the first one's folder alone" {
	needs_strace
	gate host apply -i gate0 "$SMALL" >/dev/null 2>&1
	mkdir /sys/fs/bpf/edgegate/gate0
	run --separate-stderr in_order strace -f -qq -e trace=getsockopt -e inject=getsockopt:error=ENOMEM -o /dev/null -- \
		"$EDGEGATE" --netns "$(ns host)" detach -i gate0 --yes
	failed_in_two_lines
	[[ $stderr == *'cannot tell which network namespace this is'* ]]
	[[ -d /sys/fs/bpf/edgegate/gate0 ]]
	policy_is_small
}

# No name and no process leads to it, but it is there.
@test "refused looks: a gate in a namespace that is not to be found is left whole, and why is said" {
	local label before
	before=$(remains)
	gate host apply -i gate0 --tc clsact "$SMALL"
	label=$("$EDGEGATE" status --json | jq -r --arg netns "$(ns host)" '.gates[] | select(.netns == $netns) | .gate')
	HELD=$NET_DIR/held
	: >"$HELD"
	mount --bind "/run/netns/$(ns host)" "$HELD"
	ip netns delete "$(ns host)"
	run --separate-stderr -1 "$EDGEGATE" detach -i "$label" --yes
	nsenter --net="$HELD" "$EDGEGATE" status -i gate0 --json |
		jq -e '.gates[0] | .policy == "small" and .interfaces[0].present'
	[[ $(nsenter --net="$HELD" ip link show dev gate0) == *xdp* ]]
	[[ $stderr == *"the network namespace of netns-"*"/gate0 is not to be found"* ]] || fail "said: $stderr"
	[[ $stderr == *"the tc filter on gate0 can't be reached"*'nothing was changed'* ]]
	nsenter --net="$HELD" "$EDGEGATE" detach -i gate0 --yes
	umount "$HELD"
	left_nothing "$before"
}

# ---- apply ----------------------------------------------------------------------------------------------

# A bridge has no native XDP, a veth has.
@test "refused looks: a reload that fails on the second interface leaves the first one guarded, replaced or not" {
	local program
	tcp_serve host 443 22
	net_link host gate1 peer wire1
	gate host apply -i gate0 -i gate1 "$SMALL"
	ip -n "$(ns peer)" link delete wire0
	ip -n "$(ns peer)" link delete wire1
	net_link host gate0 peer wire0
	net_address host gate0 192.0.2.10/24
	net_address peer wire0 192.0.2.1/24
	ip -n "$(ns host)" link add gate1 type bridge
	foreign_xdp host gate0
	program=$(xdp_of host gate0)
	run --separate-stderr -1 gate host apply -i gate0 -i gate1 --replace
	[[ $stderr == *"gate0: the gate took the place of XDP program $program"*'cannot attach XDP to gate1 in native mode'* ]]
	[[ $stderr != *'cannot put'* && $stderr != *'is back'* ]] || fail "said: $stderr"
	[[ $(xdp_of host gate0) != "$program" && $(xdp_of host gate0) != 0 ]]
	[[ $(gate_stats host | jq -r .policy) == small ]]
	tcp_try peer 192.0.2.10 443
	run ! tcp_try peer 192.0.2.10 22
}

@test "refused looks: an apply that can't be undone says so, and what could not be attached" {
	needs_strace
	local number before
	before=$(remains)
	ip -n "$(ns host)" link add br0 type bridge
	trace_bpf apply -i br0 "$SMALL"
	number=$(call_of 'BPF_LINK_CREATE.*EOPNOTSUPP')
	refused_at ENOMEM $((number + 1)) apply -i br0 "$SMALL"
	failed_in_two_lines
	[[ $stderr == *'cannot attach XDP to br0 in native mode'* ]] || fail "said: $stderr"
	[[ $stderr == *'cannot see what is attached to br0'* ]] || fail "said: $stderr"
	gate host detach -i br0 --yes
	left_nothing "$before"
}

# It is put back when both tries have failed, with multi-buffer support and without.
@test "refused looks: another's XDP program that can't be put back is named" {
	needs_strace
	local id number
	ip -n "$(ns host)" link add br0 type bridge
	ip -n "$(ns host)" link set dev br0 xdpgeneric object "$(foreign_object)" section xdp
	id=$(xdp_of host br0)
	in_order strace -f -qq -e trace=sendto -o "$NET_DIR/calls" -- \
		"$EDGEGATE" --netns "$(ns host)" apply -i br0 --replace "$SMALL" >/dev/null 2>"$NET_DIR/said" || true
	[[ $(<"$NET_DIR/said") == *"XDP program $id is back on br0"* && $(xdp_of host br0) == "$id" ]]
	# the first takes it off, the second puts it back
	number=$(grep -nE 'nlmsg_type=(RTM_SETLINK|0x13)' "$NET_DIR/calls" | sed -n '2s/:.*//p')
	run --separate-stderr -1 in_order strace -f -qq -e trace=sendto -e "inject=sendto:error=ENOBUFS:when=$number" -o /dev/null -- \
		"$EDGEGATE" --netns "$(ns host)" apply -i br0 --replace "$SMALL"
	[[ $stderr == *'cannot attach XDP to br0 in native mode'*"cannot put XDP program $id back on br0"* ]] || fail "said: $stderr"
	[[ $(xdp_of host br0) == 0 ]]
}

@test "refused looks: an apply that can't see whose an interface is doesn't ask for a detach" {
	needs_strace
	local number last
	net_link host gate1 peer wire1
	gate host apply -i gate0 -i gate1 "$SMALL"
	trace_bpf apply -i gate0 -i gate1 --dry-run "$SMALL"
	last=$(call_of BPF_PROG_LOAD)
	((last > 20))
	for ((number = 1; number < last; number++)); do
		refused_at ENOMEM "$number" apply -i gate0 -i gate1 --dry-run "$SMALL"
		[[ $stderr != *'fixed when the gate'* ]] || fail "bpf $number: $stderr"
		((status == 0)) || failed_in_two_lines
	done
}

# ---- under a unit's rights --------------------------------------------------------------------------------

# With what systemd/edgegate@.service leaves it.
as_unit() { # NAME VERB...
	in_ns "$1" setpriv --bounding-set=-all,+bpf,+net_admin,+perfmon "$EDGEGATE" "${@:2}"
}

@test "refused looks: without CAP_SYS_ADMIN nothing is claimed of another XDP program, nor is it replaced" {
	local id way
	as_unit host apply -i gate0 "$SMALL"
	as_unit host detach -i gate0 --yes
	for way in netlink xdp; do
		hold host $way gate0 $XDP_PASS
		id=$(xdp_of host gate0)
		run --separate-stderr -1 as_unit host apply -i gate0 "$SMALL"
		[[ ${stderr_lines[0]} == "edgegate: apply to gate0: another XDP program holds gate0: id $id, how it is attached is not known (that needs CAP_SYS_ADMIN)"* ]] ||
			fail "said: $stderr"
		[[ ${stderr_lines[1]} != *'xdp off'* ]]
		run --separate-stderr -1 as_unit host apply -i gate0 --replace "$SMALL"
		[[ ${stderr_lines[-1]} == *"with all of root's rights: edgegate apply --replace -i gate0"* ]] || fail "said: $stderr"
		[[ $(xdp_of host gate0) == "$id" ]]
		release "$HOLDER"
		ip -n "$(ns host)" link set dev gate0 xdp off 2>/dev/null || true
	done
}

@test "refused looks: without CAP_SYS_ADMIN a program of edgegate's own is known by its gate" {
	net_ns other
	gate host apply -i gate0 "$SMALL"
	ip -n "$(ns host)" link set dev gate0 netns "$(ns other)"
	run --separate-stderr -1 as_unit other apply -i gate0 "$SMALL"
	[[ ${stderr_lines[-2]} == *"gate0 is held by an XDP program of edgegate's own, id $(xdp_of other gate0)" ]] || fail "said: $stderr"
	[[ ${stderr_lines[-1]} == *"edgegate --netns $(ns host) detach -i gate0" ]]
	gate host detach -i gate0 --yes
}
