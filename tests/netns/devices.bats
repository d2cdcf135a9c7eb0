#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Kinds of interface that are no card and no veth: on which a gate stands, and what is refused with a reason.
# Never is something not judged without a word. What the kernel doesn't have is skipped.
# shellcheck disable=SC2154 # bats' run sets stderr and stderr_lines

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/neighbours.bash

setup() { net_begin; }

teardown() { net_end; }

kind() { # COMMAND-OF-IP-LINK...
	"$@" 2>/dev/null || skip "the kernel has none: ${*: -3}"
}

refused() { # FIRST-LINE LAST-LINE (patterns)
	# shellcheck disable=SC2053
	[[ -z $output && ${stderr_lines[0]} == $1 && ${stderr_lines[-1]} == $2 ]] ||
		fail "said: $output|$stderr"
}

# The open port is open, the closed one closed, and nothing leaves that no rule lets out.
guards_at() { # HOST ADDRESS [OUT]
	tcp_try peer "$2" 5061 || fail "$2: 5061 is closed"
	run ! tcp_try peer "$2" 22
	run ! leaks "$1"
}

open_at() { # HOST ADDRESS
	tcp_try peer "$2" 22
	leaks "$1"
}

# ---- a guest's tap -----------------------------------------------------------------------------------

# A tap on the VM host and one in the guest, with what a hypervisor does between them: PLUGS are its parts.
tap_plug() {
	local here=$NET_DIR/tap
	rm -f "$here".*
	net_start vmhost socat -b 2000 TUN,tun-type=tap,iff-no-pi,tun-name=vnet0 "UNIX-SENDTO:$here.guest,bind=$here.host"
	PLUGS=("$NET_PID")
	wait_until test -S "$here.host"
	net_start guest socat -b 2000 TUN,tun-type=tap,iff-no-pi,tun-name=eth0 "UNIX-SENDTO:$here.host,bind=$here.guest"
	PLUGS+=("$NET_PID")
	wait_until test -S "$here.guest"
	# only now: it ends when it has nobody to send to
	ip -n "$(ns vmhost)" link set vnet0 up
	ip -n "$(ns guest)" link set eth0 up
	ip -n "$(ns vmhost)" link set vnet0 master br0
	net_address guest eth0 192.0.2.10/24
	no_offloads guest eth0
}

@test "devices: the tap of a guest, native, until it is made anew, and again from the next apply on" {
	local before
	[[ -c /dev/net/tun ]] || modprobe -q tun || skip 'needs tun'
	net_ns guest vmhost peer
	net_link vmhost uplink0 peer wire0
	net_bridge vmhost br0 uplink0
	net_address peer wire0 192.0.2.1/24
	no_offloads peer wire0
	tap_plug
	before=$(remains)
	tcp_serve guest 5061 22
	listen_for_leaks
	wait_until open_at guest 192.0.2.10
	gate vmhost apply -i vnet0:inside
	interface_status vmhost vnet0 | jq -e '.xdp == "native" and .present'
	guards_at guest 192.0.2.10
	# the hypervisor ends, and with it the tap
	release "${PLUGS[0]}"
	release "${PLUGS[1]}"
	[[ $("$EDGEGATE" status) == *'vnet0:inside  is gone: apply again when it is back'* ]]
	tap_plug
	[[ $("$EDGEGATE" status) == *'vnet0:inside  was made anew, or another one has its name: apply again'* ]]
	wait_until open_at guest 192.0.2.10
	gate vmhost apply -i vnet0:inside
	guards_at guest 192.0.2.10
	gate vmhost detach -i vnet0 --yes
	left_nothing "$before"
}

# ---- on top of another interface ----------------------------------------------------------------------

# A namespace `other` behind an interface that stands on the host's gate0; the peer reaches it at 192.0.2.20.
on_top() { # OPTION-OF-IP-LINK...
	net_pair
	net_ns other
	kind ip -n "$(ns host)" link add link gate0 name top0 "$@"
	ip -n "$(ns host)" link set top0 netns "$(ns other)"
	ip -n "$(ns other)" link set top0 up
	net_address other top0 192.0.2.20/24
	tcp_serve other 5061 22
	listen_for_leaks
	wait_until tcp_try peer 192.0.2.20 22
}

no_native() { # NAME INTERFACE KIND
	run --separate-stderr -1 gate "$1" apply -i "$2"
	refused "edgegate: apply to $2: cannot attach XDP to $2 in native mode: Operation not supported" \
		"*$3 has no native XDP: guard *--xdp generic"
	[[ $(xdp_of "$1" "$2") == 0 ]]
	run -1 gate_stats "$1"
}

@test "devices: a macvlan has no native XDP, which is said, and is guarded by generic" {
	on_top type macvlan mode bridge
	no_native other top0 'a macvlan'
	gate other apply -i top0 --xdp generic
	guards_at other 192.0.2.20
	# on what it stands on, everything of it is judged too
	gate other detach -i top0 --yes
	open_at other 192.0.2.20
	gate host apply -i gate0
	guards_at other 192.0.2.20
}

@test "devices: an ipvlan has no native XDP, which is said, and is guarded by generic" {
	on_top type ipvlan mode l2
	no_native other top0 'an ipvlan'
	gate other apply -i top0 --xdp generic
	guards_at other 192.0.2.20
}

# The peer at 198.51.100.1 on VLAN 100, the host at .10.
with_vlan() {
	net_pair
	kind ip -n "$(ns host)" link add link gate0 name gate0.100 type vlan id 100
	ip -n "$(ns peer)" link add link wire0 name wire0.100 type vlan id 100
	ip -n "$(ns host)" link set gate0.100 up
	ip -n "$(ns peer)" link set wire0.100 up
	net_address host gate0.100 203.0.113.10/24
	net_address peer wire0.100 203.0.113.1/24
	tcp_serve host 5061 22
	listen_for_leaks
	tcp_try peer 203.0.113.10 22
}

vlan_guards() {
	tcp_try peer 203.0.113.10 5061
	run ! tcp_try peer 203.0.113.10 22
	run ! leaks host 203.0.113.1
}

@test "devices: a VLAN device has no native XDP, which is said, and is guarded by generic" {
	local tc
	with_vlan
	no_native host gate0.100 'a VLAN device'
	for tc in auto clsact; do
		gate host apply -i gate0.100 --xdp generic --tc $tc
		vlan_guards
		# the rest of the card is not this gate's
		tcp_try peer 192.0.2.10 22
		gate host detach -i gate0.100 --yes
	done
}

@test "devices: a gate on a card judges the VLANs on it, whether tags are offloaded or not" {
	local offload
	with_vlan
	for offload in on off; do
		in_ns host ethtool -K gate0 txvlan $offload >/dev/null
		in_ns peer ethtool -K wire0 txvlan $offload >/dev/null
		gate host apply -i gate0
		if [[ $offload == off ]]; then
			vlan_guards
		else
			# a veth leaves the tag beside the frame: XDP sees none, and judges what is behind it
			vlan_guards
		fi
		(($(drop_count host in no-rule) > 0 && $(drop_count host out no-rule) > 0))
		gate host detach -i gate0 --yes
	done
}

# ---- a bridge's own interface -------------------------------------------------------------------------

@test "devices: a bridge has no native XDP, and generic judges what is the machine's own, which is said" {
	net_bridged
	net_address bridge br0 192.0.2.20/24
	tcp_serve bridge 5061 22
	tcp_serve inner 22
	listen_for_leaks
	run --separate-stderr -1 gate bridge apply -i br0
	refused 'edgegate: *' '*a bridge has no native XDP: guard its outer port*'
	run --separate-stderr -0 gate bridge apply -i br0 --xdp generic
	[[ $stderr == *"warning: apply to br0: br0 is a bridge: what it forwards between its ports is not judged"*'guard the outer port'* ]]
	tcp_try peer 192.0.2.20 5061
	run ! tcp_try peer 192.0.2.20 22
	run ! leaks bridge 192.0.2.7
	tcp_try peer 192.0.2.10 22 # as it said
	gate bridge detach -i br0 --yes
	run --separate-stderr -0 gate bridge apply -i wan0
	[[ $stderr != *'is a bridge'* ]]
	run ! tcp_try peer 192.0.2.10 22
	run ! tcp_try peer 192.0.2.20 22
}

# ---- a bond -----------------------------------------------------------------------------------------

# Two wires between host and peer, a bond at both ends: 192.0.2.10 and 192.0.2.1.
bonded() { # MODE
	local name port
	net_ns host peer
	net_link host port0 peer wire0
	net_link host port1 peer wire1
	kind ip -n "$(ns host)" link add bond0 type bond mode "$1" miimon 50
	ip -n "$(ns peer)" link add bond0 type bond mode "$1" miimon 50
	for port in port0 port1 wire0 wire1; do
		name=host
		[[ $port == port* ]] || name=peer
		ip -n "$(ns "$name")" link set "$port" down
		ip -n "$(ns "$name")" link set "$port" master bond0
		ip -n "$(ns "$name")" link set "$port" up
	done
	ip -n "$(ns host)" link set bond0 up
	ip -n "$(ns peer)" link set bond0 up
	net_address host bond0 192.0.2.10/24
	net_address peer bond0 192.0.2.1/24
	tcp_serve host 5061 22
	listen_for_leaks
	wait_until tcp_try peer 192.0.2.10 22
}

# The wire that is in use is cut: the other one takes over, and is guarded.
fails_over() {
	local active
	active=$(ip -n "$(ns host)" -j -d link show dev bond0 | jq -r '.[0].linkinfo.info_data.active_slave')
	ip -n "$(ns host)" link set "$active" down
	ip -n "$(ns peer)" link set "wire${active#port}" down
	wait_until tcp_try peer 192.0.2.10 5061
	guards_at host 192.0.2.10
	ip -n "$(ns host)" link set "$active" up
	ip -n "$(ns peer)" link set "wire${active#port}" up
}

@test "devices: a bond is guarded, native, whichever port carries the traffic" {
	bonded active-backup
	gate host apply -i bond0
	interface_status host bond0 | jq -e '.xdp == "native" and .present'
	guards_at host 192.0.2.10
	fails_over
	# its ports can't have gates of their own, and the bond is named
	run --separate-stderr -1 gate host apply -i port0
	[[ $stderr == *'port0 is a port of bond0, which an XDP program holds: id '*', edgegate_in, by link '* ]] ||
		fail "$stderr"
	run -1 gate_stats host port0
	gate host detach -i bond0 --yes
	open_at host 192.0.2.10
}

@test "devices: the ports of a bond are guarded in one gate, and one alone is said not to be all" {
	bonded active-backup
	run --separate-stderr -0 gate host apply -i port0
	[[ $stderr == *'warning: apply to port0: port0 is a port of bond0, and what goes by its other ports is not judged: port1'* ]]
	# the bond's own program would be a second one on them
	run --separate-stderr -1 gate host apply -i bond0
	[[ $stderr == *'cannot attach XDP to bond0'* && ${stderr_lines[-1]} == *bond* ]]
	gate host detach -i port0 --yes
	run --separate-stderr -0 gate host apply -i port0 -i port1
	[[ $stderr != *'is not judged'* ]]
	guards_at host 192.0.2.10
	fails_over
	run --separate-stderr -0 gate host apply -i port1
	[[ $stderr != *'is not judged'* ]]
}

@test "devices: a bond whose mode has no native XDP is refused with the reason, and guarded by generic" {
	bonded broadcast
	run --separate-stderr -1 gate host apply -i bond0
	refused 'edgegate: apply to bond0: cannot attach XDP to bond0 in native mode: Operation not supported' \
		'native XDP on a bond needs a mode in which one port is chosen for each packet*guard all its ports, in one gate'
	gate host apply -i bond0 --xdp generic
	guards_at host 192.0.2.10
}

# ---- no Ethernet ------------------------------------------------------------------------------------

@test "devices: what is no Ethernet is refused: tun, WireGuard, loopback" {
	local name
	net_ns host
	ip -n "$(ns host)" tuntap add tun0 mode tun 2>/dev/null || true
	ip -n "$(ns host)" link add wg0 type wireguard 2>/dev/null || true
	ip -n "$(ns host)" link add sit1 type sit remote 192.0.2.1 2>/dev/null || true
	for name in lo tun0 wg0 sit1; do
		ip -n "$(ns host)" link show dev $name >/dev/null 2>&1 || continue
		run --separate-stderr -1 gate host apply -i $name --xdp generic
		refused "edgegate: apply to $name: $name is no Ethernet interface" \
			"a gate stands on Ethernet: the interface below the tunnel, or the bridge's ports"
	done
}
