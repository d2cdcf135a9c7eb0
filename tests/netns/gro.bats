#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Generic receive offload of a veth: a gate turns it on, where it was off, and off again where it goes, also when
# it was killed in between; what somebody else has set stays.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	# what users run: an apply of the sanitized one takes ten times as long
	export EDGEGATE=$PWD/build/edgegate
	net_pair
	POLICY=$NET_DIR/web.yaml
	printf 'policy: web\nrules:\n  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n' >"$POLICY"
}

teardown() {
	net_end
}

gro() { # [INTERFACE]
	in_ns host ethtool -k "${1-gate0}" | sed -n 's/^generic-receive-offload: //p'
}

readonly SAYS='gate0: GRO is turned on, for TCP behind native XDP on a veth; detach turns it off again'

@test "gro: apply turns it on and says so once, detach turns it off" {
	[[ $(gro) == off ]]
	run -0 --separate-stderr gate host apply -i gate0 --dry-run "$POLICY"
	[[ $output == *'gate0: GRO would be turned on, '* && $(gro) == off ]]
	run -0 --separate-stderr gate host apply -i gate0 "$POLICY"
	[[ ${lines[*]} == *"$SAYS"* && $stderr != *GRO* && $(gro) == on ]]
	run -0 gate host apply -i gate0 --dry-run "$POLICY"
	[[ $output != *GRO* ]]
	run -0 --separate-stderr gate host apply -i gate0 "$POLICY"
	[[ $output != *GRO* && $(gro) == on ]]
	gate host rollback -i gate0
	[[ $(gro) == on ]]
	run -0 --separate-stderr gate host detach -i gate0 --yes
	[[ -z $stderr && $(gro) == off ]]
}

@test "gro: where it was on, and where XDP is generic, nothing is touched" {
	in_ns host ethtool -K gate0 gro on
	run -0 gate host apply -i gate0 "$POLICY"
	[[ $output != *GRO* && $(gro) == on ]]
	gate host detach -i gate0 --yes
	[[ $(gro) == on ]]
	in_ns host ethtool -K gate0 gro off
	run -0 gate host apply -i gate0 --xdp generic "$POLICY"
	[[ $output != *GRO* && $(gro) == off ]]
	gate host detach -i gate0 --yes
	[[ $(gro) == off ]]
}

@test "gro: what somebody turned off stays off; of an interface that was made anew it is turned on again" {
	gate host apply -i gate0 "$POLICY"
	in_ns host ethtool -K gate0 gro off
	run -0 gate host apply -i gate0 --dry-run "$POLICY"
	[[ $output != *GRO* ]]
	run -0 gate host apply -i gate0 "$POLICY"
	[[ $output != *GRO* && $(gro) == off ]]
	# renamed it is known all the same
	in_ns host ethtool -K gate0 gro on
	ip -n "$(ns host)" link set gate0 down # a rename at the same time is refused by 6.1
	ip -n "$(ns host)" link set gate0 name other0
	gate host detach -i other0 --yes
	[[ $(gro other0) == off ]]
	ip -n "$(ns host)" link set other0 name gate0
	ip -n "$(ns host)" link set gate0 up
	gate host apply -i gate0 "$POLICY"
	ip -n "$(ns host)" link delete gate0
	net_link host gate0 peer wire0
	[[ $(gro) == off ]]
	run -0 --separate-stderr gate host apply -i gate0 --dry-run "$POLICY"
	[[ $output == *'gate0: GRO would be turned on, '* && $(gro) == off ]]
	run -0 gate host apply -i gate0 "$POLICY"
	[[ $output == *"$SAYS"* && $(gro) == on ]]
	gate host detach -i gate0 --yes
	[[ $(gro) == off ]]
}

@test "gro: one of two interfaces in a gate has it on already" {
	net_link host gate1 peer wire1
	in_ns host ethtool -K gate1 gro on
	run -0 gate host apply -i gate0 -i gate1 "$POLICY"
	[[ $output == *"$SAYS"* && $output != *'gate1: GRO'* && $(gro) == on && $(gro gate1) == on ]]
	gate host detach -i gate1 --yes
	[[ $(gro) == off && $(gro gate1) == on ]]
}

@test "gro: where the kernel refuses, it is a warning, and detach leaves alone what it was" {
	command -v strace >/dev/null || skip 'needs strace'
	asked apply -i gate0 "$POLICY"
	gate host detach -i gate0 --yes
	run -0 --separate-stderr in_order strace -f -qq -o /dev/null -e trace=ioctl -e inject="ioctl:error=EOPNOTSUPP:when=${ASKED[-1]}" \
		"$EDGEGATE" --netns "$(ns host)" apply -i gate0 "$POLICY"
	[[ $stderr == *'cannot turn GRO on for gate0: Operation not supported; TCP through it is slower'*'by hand: ethtool -K gate0 gro on'* ]]
	[[ $output != *GRO* && $(gro) == off ]]
	in_ns host ethtool -K gate0 gro on
	gate host detach -i gate0 --yes
	[[ $(gro) == on ]]
}

# A command's system calls that are ethtool's, and the bpf(2) behind the last of them, which writes the stamp: their
# numbers among those of their name, in ASKED and in KEPT.
asked() { # VERB...
	in_order strace -qq -o "$NET_DIR/calls" -e trace=ioctl,bpf "$EDGEGATE" --netns "$(ns host)" "$@" >/dev/null
	mapfile -t ASKED < <(awk '/^ioctl/ { at++ } /SIOCETHTOOL/ { print at }' "$NET_DIR/calls")
	KEPT=$(awk '/^bpf/ { at++ } /SIOCETHTOOL/ { kept = at + 1 } END { print kept }' "$NET_DIR/calls")
	((${#ASKED[@]} > 0 && KEPT > 1))
}

killed_at() { # CALL NUMBER VERB...
	run -137 in_order strace -qq -o /dev/null -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
		"$EDGEGATE" --netns "$(ns host)" "${@:3}"
}

# What a command sets right: WANTED is what GRO is behind it.
then_does() { # WANTED VERB...
	gate host "${@:2}" >/dev/null 2>"$NET_DIR/error" || fail "$*: $(<"$NET_DIR/error")"
	[[ $(gro) == "$1" ]] || fail "behind $2: $(gro)"
}

@test "gro: killed at whatever it asks of it, the next command sets it right" {
	command -v strace >/dev/null || skip 'needs strace'
	local apply=(apply -i gate0 "$POLICY") detach=(detach -i gate0 --yes)
	asked "${apply[@]}"
	then_does off "${detach[@]}"
	# it is said that it will be turned on, and it isn't yet
	killed_at ioctl "${ASKED[-1]}" "${apply[@]}"
	then_does off "${detach[@]}"
	killed_at ioctl "${ASKED[-1]}" "${apply[@]}"
	then_does on "${apply[@]}"
	then_does off "${detach[@]}"
	# it is on, and nobody has said that it is
	killed_at bpf "$KEPT" "${apply[@]}"
	[[ $(gro) == on ]]
	then_does off "${detach[@]}"
	killed_at bpf "$KEPT" "${apply[@]}"
	then_does on "${apply[@]}"
	asked "${detach[@]}"
	then_does on "${apply[@]}"
	# nothing is attached, and it is still on
	killed_at ioctl "${ASKED[-1]}" "${detach[@]}"
	then_does off "${detach[@]}"
	then_does on "${apply[@]}"
	# it is off, and nobody has said so
	killed_at bpf "$KEPT" "${detach[@]}"
	[[ $(gro) == off ]]
	then_does on "${apply[@]}"
	then_does off "${detach[@]}"
}
