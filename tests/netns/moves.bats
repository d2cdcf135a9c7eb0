#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What becomes of a gate whose interface is renamed, moved to another namespace and back, made anew with its
# index or its name, or whose namespace dies: status says it, apply repairs what can be, detach cleans up.
# shellcheck disable=SC2154 # bats' run sets stderr and stderr_lines

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/neighbours.bash

setup() {
	net_begin
	net_pair
	net_ns other
}

# Also gates that no name leads to any more.
teardown() {
	local label
	[[ -n ${NET_ID-} ]] || return 0
	for label in ${LABEL-} $("$EDGEGATE" status --json | jq -r --arg id "$NET_ID-" \
		'.gates[] | select(.netns // "" | startswith($id)) | .gate | select(startswith("netns-"))'); do
		"$EDGEGATE" detach -i "$label" --yes >/dev/null 2>&1 || true
	done
	net_end
}

# With it go its addresses.
move() { # FROM TO [INTERFACE]
	local interface=${3-gate0}
	ip -n "$(ns "$1")" link set dev "$interface" netns "$(ns "$2")"
	ip -n "$(ns "$2")" link set dev "$interface" up
	net_address "$2" "$interface" 192.0.2.10/24 2001:db8::10/64
}

index_of() { # NAME INTERFACE
	ip -n "$(ns "$1")" -j link show dev "$2" | jq '.[0].ifindex'
}

place_of() { # INTERFACE [NAME-OF-THE-GATE'S-NAMESPACE]
	"$EDGEGATE" status --json | jq -r --arg netns "$(ns "${2-host}")" --arg interface "$1" \
		'.gates[] | select(.netns == $netns) | .interfaces[] | select(.name == $interface) | .place'
}

guards_in() { # NAME
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 22
}

@test "moves: by TCX an interface takes its gate along, in both directions, and status says where it is" {
	local before
	before=$(remains)
	gate host apply -i gate0
	move host other
	tcp_serve other 5061 22
	listen_for_leaks
	[[ $(place_of gate0) == moved ]]
	[[ $("$EDGEGATE" status) == *"gate0:outside  was moved to another network namespace, where it is $(ns other)/gate0"* ]]
	interface_status host gate0 | jq -e --arg to "$(ns other)/gate0" '.moved_to == $to'
	if interface_status host gate0 | jq -e '.tc == "tcx"'; then
		interface_status host gate0 | jq -e '.present and .tc_program > 0'
		run ! leaks other
	fi
	guards_in other
	# back again nothing has happened
	move other host
	[[ $(place_of gate0) == here ]]
	run --separate-stderr -0 gate host apply -i gate0 --tc auto
	[[ $stderr != *'had lost'* || $(interface_status host gate0 | jq -r .tc) == clsact ]]
	run ! leaks
	gate host detach -i gate0 --yes
	left_nothing "$before"
}

@test "moves: by clsact the kernel takes the filter off, status says that out is not guarded, and an apply repairs it" {
	local before
	before=$(remains)
	gate host apply -i gate0 --tc clsact
	listen_for_leaks
	run ! leaks
	move host other
	tcp_serve other 5061 22
	[[ $("$EDGEGATE" status) == *'out  NOT GUARDED: no tc program, the move took it off'* ]]
	interface_status host gate0 | jq -e '.tc_program == 0 and .xdp_program > 0 and (.present | not) and .filters_ahead == null'
	leaks other     # it is so
	guards_in other # and XDP has stayed
	move other host
	[[ $(place_of gate0) == here ]]
	[[ $("$EDGEGATE" status) == *'gate0:outside  has lost what was attached to it: apply again'* ]]
	leaks
	# shellcheck disable=SC2016 # the backquotes are said
	run --separate-stderr -0 gate host apply -i gate0
	# shellcheck disable=SC2016
	[[ $stderr == *'warning: apply to gate0: gate0 had lost its tc program; until now `out` was not guarded'* ]]
	run ! leaks
	interface_status host gate0 | jq -e .present
	gate host detach -i gate0 --yes
	left_nothing "$before"
}

@test "moves: detach takes a gate away whose interface is elsewhere, with all that it left" {
	local tc before
	before=$(remains)
	tcp_serve other 22
	for tc in auto clsact; do
		gate host apply -i gate0 --tc $tc
		move host other
		run ! tcp_try peer 192.0.2.10 22
		gate host detach -i gate0 --yes
		tcp_try peer 192.0.2.10 22
		[[ $(xdp_of other gate0) == 0 ]]
		left_nothing "$before"
		move other host
	done
}

@test "moves: into a namespace without a name, which is found by its processes" {
	gate host apply -i gate0
	net_start other unshare --net sleep 600
	# shellcheck disable=SC2153 # net_start sets it
	wait_until own_namespace "$NET_PID"
	ip -n "$(ns host)" link set dev gate0 netns "$NET_PID"
	run -0 "$EDGEGATE" --netns "$(ns host)" status
	[[ $output =~ 'was moved to another network namespace, where it is netns-'[0-9]+'/gate0' ]]
	gate host detach -i gate0 --yes
	[[ $(nsenter --net="/proc/$NET_PID/ns/net" ip link show dev gate0) != *xdp* ]]
}

# shellcheck disable=SC2317 # called by wait_until
own_namespace() { # PID
	[[ $(readlink "/proc/$1/ns/net") != "$(in_ns other readlink /proc/self/ns/net)" ]]
}

@test "moves: an apply where it was moved to names the gate that it belongs to" {
	gate host apply -i gate0
	move host other
	run --separate-stderr -1 gate other apply -i gate0
	[[ ${stderr_lines[0]} == "edgegate: apply to gate0: gate0 is held by an XDP program of edgegate's own, id $(xdp_of other gate0)" ]]
	[[ ${stderr_lines[-1]} == *"edgegate --netns $(ns host) detach -i gate0" ]]
	run --separate-stderr -1 gate other apply -i gate0 --replace
	[[ ${stderr_lines[-1]} == *"edgegate --netns $(ns host) detach -i gate0" ]]
	gate host detach -i gate0 --yes
	gate other apply -i gate0
	tcp_serve other 5061 22
	guards_in other
}

@test "moves: another interface that has the name of one that was moved is not taken for it" {
	local program
	gate host apply -i gate0
	move host other
	program=$(xdp_of other gate0)
	net_link host gate0 peer wire1
	run --separate-stderr -1 gate host apply -i gate0
	[[ ${stderr_lines[0]} == *'the gate0 of the gate was moved to another network namespace; the one that is here now is another' ]]
	[[ ${stderr_lines[-1]} == *'detach -i gate0; then apply' ]]
	[[ $(xdp_of other gate0) == "$program" && $(xdp_of host gate0) == 0 ]]
	gate host detach -i gate0 --yes
	[[ $(xdp_of other gate0) == 0 ]]
	gate host apply -i gate0
	((($(xdp_of host gate0)) > 0))
}

@test "moves: one of two interfaces; the other goes on, and what is applied holds in both places" {
	tcp_serve other 443 5061
	net_link host gate1 peer wire1
	gate host apply -i gate1 -i gate0
	move host other
	tcp_try peer 192.0.2.10 443
	printf 'policy: less\nrules: [{name: sip, direction: in, protocol: tcp, ports: 5061}]\n' >"$NET_DIR/less.yaml"
	run --separate-stderr -0 gate host apply -i gate1 "$NET_DIR/less.yaml"
	[[ $stderr == *'warning: apply to gate1: gate0 was moved to another network namespace; the rest of the gate goes on'* ]]
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 443
	[[ $(place_of gate1) == here && $(place_of gate0) == moved ]]
}

# An interface keeps its index where it is free. Both have the same program, which alone says nothing.
@test "moves: one that gets the index of another one of its gate, and comes back with a third, is told apart" {
	local before links index
	before=$(remains)
	tcp_serve host 5061 22
	net_link host gate1 peer wire1
	gate host apply -i gate0 -i gate1
	links=$(interface_status host gate0 | jq -c '[.xdp_link, .tc_link]')
	index=$(index_of host gate0)
	# gate1 gets there the index that gate0 has at home
	ip -n "$(ns host)" link set dev gate1 netns "$(ns other)" index "$index"
	[[ $(index_of other gate1) == "$index" ]]
	[[ $(place_of gate1) == moved && $(place_of gate0) == here ]]
	ip -n "$(ns host)" link set dev gate0 netns "$(ns other)"
	ip -n "$(ns host)" link add index "$index" name squatter type veth peer name squatter1
	[[ $(place_of gate0) == moved ]]
	ip -n "$(ns other)" link set dev gate0 netns "$(ns host)"
	ip -n "$(ns host)" link set dev gate0 up
	net_address host gate0 192.0.2.10/24
	[[ $(index_of host gate0) != "$index" && $(place_of gate0) == here ]]
	guards_in host
	# nothing is attached anew: what is there goes on
	gate host apply -i gate0
	[[ $(interface_status host gate0 | jq -c '[.xdp_link, .tc_link]') == "$links" ]] ||
		[[ $(interface_status host gate0 | jq -r .tc) == clsact ]]
	[[ $(xdp_of host squatter) == 0 ]]
	guards_in host
	gate host detach -i gate0 --yes
	[[ $(xdp_of other gate1) == 0 && $(xdp_of host gate0) == 0 ]]
	left_nothing "$before"
}

@test "moves: a stranger with the index of one that is gone is left alone" {
	local index before
	before=$(remains)
	gate host apply -i gate0
	index=$(index_of host gate0)
	ip -n "$(ns peer)" link delete wire0
	ip -n "$(ns host)" link add index "$index" name stranger type veth peer name stranger1
	[[ $(index_of host stranger) == "$index" ]]
	[[ $(place_of gate0) == gone ]]
	[[ $("$EDGEGATE" status) == *'gate0:outside  is gone: apply again when it is back'* ]]
	# it can have a gate of its own
	gate host apply -i stranger
	[[ $(xdp_of host stranger) != 0 && $(place_of gate0) == gone ]]
	gate host detach -i gate0 --yes
	[[ $(xdp_of host stranger) != 0 ]]
	gate host detach -i stranger --yes
	left_nothing "$before"
}

@test "moves: one that was renamed is shown with both names, and the next apply keeps the new one" {
	tcp_serve host 5061 22
	gate host apply -i gate0
	ip -n "$(ns host)" link set dev gate0 down
	ip -n "$(ns host)" link set dev gate0 name wan0
	ip -n "$(ns host)" link set dev wan0 up
	net_address host wan0 2001:db8::10/64
	[[ $(place_of wan0) == here ]]
	interface_status host wan0 | jq -e '.former_name == "gate0" and .present'
	[[ $("$EDGEGATE" status) == *'wan0:outside  was gate0 at the last apply'* ]]
	guards_in host
	run --separate-stderr -1 gate host apply -i gate0
	gate host apply -i wan0
	interface_status host wan0 | jq -e '.former_name == null'
	# the name that it had is another one's by now, and that can be guarded too
	net_link host gate0 peer wire9
	gate host apply -i gate0
	[[ $("$EDGEGATE" status) == *"$(ns host)/wan0 "*"$(ns host)/gate0 "* || $("$EDGEGATE" status) == *"$(ns host)/gate0 "*"$(ns host)/wan0 "* ]]
	gate host detach -i gate0 --yes
	gate host detach -i wan0 --yes
	run -1 gate_stats host
}

@test "moves: what somebody has detached by force is said, and an apply attaches it again" {
	local kind links before
	before=$(remains)
	tcp_serve host 5061 22
	listen_for_leaks
	gate host apply -i gate0
	for kind in xdp tc; do
		links=$(interface_status host gate0 | jq ".${kind}_link")
		((links > 0)) || continue # clsact
		bpftool link detach id "$links"
		[[ $("$EDGEGATE" status) == *'gate0:outside  has lost what was attached to it: apply again'*"NOT GUARDED: no $kind program"* ]]
		run --separate-stderr -0 gate host apply -i gate0
		[[ $stderr == *"gate0 had lost its $([[ $kind == xdp ]] && echo XDP || echo tc) program; until now"*'not guarded'* ]]
		interface_status host gate0 | jq -e .present
		guards_in host
		run ! leaks
	done
	gate host detach -i gate0 --yes
	left_nothing "$before"
}

@test "moves: a namespace that died is said, and its gate can be taken away by the label that status shows" {
	local tc label before
	before=$(remains)
	for tc in auto clsact; do
		net_ns mortal
		net_link mortal gate0 peer "mortal-$tc"
		gate mortal apply -i gate0 --tc $tc
		ip netns delete "$(ns mortal)"
		wait_until is_gone
		label=$("$EDGEGATE" status --json | jq -r --arg netns "$(ns mortal)" '.gates[] | select(.netns == $netns) | .gate')
		[[ $label == netns-*/gate0 ]]
		[[ $("$EDGEGATE" status) == *"gate0:outside  is gone, and its network namespace is not to be found: take the gate away with: edgegate detach -i $label"* ]]
		"$EDGEGATE" detach -i "$label" --yes
		left_nothing "$before"
	done
}

# shellcheck disable=SC2317 # called by wait_until
is_gone() {
	[[ $(place_of gate0 mortal) == gone ]]
}

@test "moves: a gate in a namespace without a name is seen and taken away from outside" {
	local before inside
	before=$(remains)
	net_start host unshare --net sleep 600
	inside=$NET_PID
	wait_until own_namespace "$inside"
	ip -n "$(ns host)" link set dev gate0 netns "$inside"
	nsenter --net="/proc/$inside/ns/net" ip link set dev gate0 up
	nsenter --net="/proc/$inside/ns/net" "$EDGEGATE" apply -i gate0 --tc clsact
	LABEL=$("$EDGEGATE" status --json | jq -r --arg program "$(nsenter --net="/proc/$inside/ns/net" ip -j link show dev gate0 | jq '.[0].xdp.prog.id')" \
		'.gates[] | select(.interfaces[0].xdp_program == ($program | tonumber)) | .gate')
	[[ $LABEL == netns-*/gate0 ]]
	"$EDGEGATE" status --json | jq -e --arg gate "$LABEL" \
		'.gates[] | select(.gate == $gate) | .interfaces[0] | .place == "here" and .present and .filters_ahead == []'
	"$EDGEGATE" detach -i "$LABEL" --yes
	[[ $(nsenter --net="/proc/$inside/ns/net" tc filter show dev gate0 egress) != *edgegate* ]]
	left_nothing "$before"
}
