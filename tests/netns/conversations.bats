#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which of the host's conversations a policy would cut: those over the gate's interfaces, each as the
# programs judge it.
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/ssh.bash

setup() { net_begin; }

teardown() { net_end; }

rules() { # NAME RULE...: a policy file; rules are the inside of YAML's short form
	local name=$1 rule number=0
	shift
	{
		printf 'policy: %s\nrules:\n' "$name"
		for rule; do
			printf '  - {name: rule-%s, %s}\n' $((++number)) "$rule"
		done
	} >"$NET_DIR/$name.yaml"
	echo "$NET_DIR/$name.yaml"
}

# A conversation that stays: from NAME's PORT to a server that sends back what it gets.
talk() { # NAME tcp|udp ADDRESS PORT OWN-PORT
	local kind=${2^^}
	# shellcheck disable=SC2016 # it is the inner shell's
	net_start "$1" sh -c 'while echo hello; do sleep 0.1; done | exec socat - "$1"' - \
		"$kind:$(bracketed "$3"):$4,sourceport=$5"
	wait_until talks "$1" "$2" "$5"
}

talks() { # NAME tcp|udp PORT
	local kind=-t
	[[ $2 == tcp ]] || kind=-u
	in_ns "$1" ss -H -n "$kind" state established "sport = :$3" | grep -q .
}

# Bytes of a conversation that the other end has acknowledged.
acknowledged() { # NAME PORT
	in_ns "$1" ss -H -n -t -i "sport = :$2" | sed -nE 's/.*bytes_acked:([0-9]+).*/\1/p'
}

goes_on() { # NAME PORT
	local before
	before=$(acknowledged "$1" "$2")
	sleep 0.7
	(($(acknowledged "$1" "$2") > before))
}

# What an apply that is only thought of says to be cut: a line each, sorted; "-": nothing.
cuts() { # NAME IFACE... POLICY
	local name=$1 words=() said
	shift
	while (($# > 1)); do
		words+=(-i "$1")
		shift
	done
	run --separate-stderr -0 gate "$name" apply --dry-run "${words[@]}" ${HOOKS:+--hooks "$HOOKS"} "$1"
	said=$(grep -o 'this cuts .*' <<<"$stderr") || true
	if [[ -z $said ]]; then
		echo -
	else
		sed -E 's/^[^:]*: //; s/, (tcp|udp) /\n\1 /g' <<<"$said" | sort
	fi
}

@test "conversations: of both protocols and families, begun at either end, by what the rules say" {
	local port before
	net_pair
	tcp_serve host 5061
	tcp_serve peer 443
	udp_serve peer 53
	talk peer tcp 192.0.2.10 5061 40001
	talk host tcp 198.51.100.7 443 40002
	talk host tcp 2001:db8:1::7 443 40003
	talk host udp 192.0.2.1 53 40004
	[[ $(cuts host gate0 "$(rules none 'direction: in, protocol: tcp, ports: 1')") == \
'tcp 192.0.2.10:40002 with 198.51.100.7:443
tcp 192.0.2.10:5061 with 192.0.2.1:40001
tcp [2001:db8::10]:40003 with [2001:db8:1::7]:443
udp 192.0.2.10:40004 with 192.0.2.1:53' ]]
	[[ $(cuts host gate0 "$(rules sip 'direction: in, protocol: tcp, ports: 5061' 'direction: out, protocol: udp, ports: 53')") == \
'tcp 192.0.2.10:40002 with 198.51.100.7:443
tcp [2001:db8::10]:40003 with [2001:db8:1::7]:443' ]]
	[[ $(cuts host gate0 "$(rules web 'direction: in, protocol: tcp, ports: 5061, from: 198.51.100.7' 'direction: out, protocol: tcp, ports: 443, to: "2001:db8:1::/48"' 'direction: out, protocol: udp, ports: 53')") == \
'tcp 192.0.2.10:40002 with 198.51.100.7:443
tcp 192.0.2.10:5061 with 192.0.2.1:40001' ]]
	[[ $(cuts host gate0 "$(rules all 'direction: in, protocol: tcp, ports: 5061' 'direction: out, protocol: tcp, ports: 443' 'direction: out, protocol: udp, ports: 53, limit: {rate: 1/m}, payload: {class: udp-media, mode: enforce}')") == - ]]
	# what it says is so: one that it names stands still, the others go on
	for port in 40002 40003; do
		goes_on host $port
	done
	gate host apply -i gate0 "$NET_DIR/sip.yaml" >/dev/null
	goes_on peer 40001
	for port in 40002 40003; do
		run ! goes_on host $port
	done
	before=$(rule_count host rule-2 reply_packets)
	sleep 0.5
	(($(rule_count host rule-2 reply_packets) > before))
	gate host apply -i gate0 "$NET_DIR/all.yaml" >/dev/null
}

@test "conversations: what the policy in force cuts already is not cut by the next one" {
	net_pair
	tcp_serve peer 443 444
	talk host tcp 198.51.100.7 443 40001
	talk host tcp 198.51.100.7 444 40002
	rules one 'direction: out, protocol: tcp, ports: 443' >/dev/null
	rules none 'direction: in, protocol: tcp, ports: 1' >/dev/null
	run --separate-stderr -0 gate host apply -i gate0 "$NET_DIR/one.yaml"
	[[ $stderr == *'warning: apply to gate0: this cuts 1 conversation: tcp 192.0.2.10:40002 with 198.51.100.7:444'* ]]
	[[ $(cuts host gate0 "$NET_DIR/one.yaml") == - ]]
	[[ $(cuts host gate0 "$NET_DIR/none.yaml") == 'tcp 192.0.2.10:40001 with 198.51.100.7:443' ]]
	# in monitor mode nothing was cut
	gate host apply -i gate0 --mode monitor "$NET_DIR/one.yaml" >/dev/null
	[[ $(cuts host gate0 "$NET_DIR/one.yaml") == 'tcp 192.0.2.10:40002 with 198.51.100.7:444' ]]
	run --separate-stderr -0 gate host apply -i gate0 --mode monitor --dry-run "$NET_DIR/none.yaml"
	[[ $stderr == *'if it were enforced, this would cut 2 conversations: '* ]]
	# and where no policy is in force any more neither
	gate host rollback -i gate0 >/dev/null
	[[ $(cuts host gate0 "$NET_DIR/none.yaml") == 'tcp 192.0.2.10:40001 with 198.51.100.7:443' ]]
}

@test "conversations: only those over the gate's interfaces" {
	net_pair
	# a second network, and one within the machine
	net_ns other
	net_link host side0 other wire0
	net_address host side0 203.0.113.10/24 2001:db8:2::10/64
	net_address other wire0 203.0.113.1/24 2001:db8:2::1/64
	net_route other default 203.0.113.10
	tcp_serve host 5061
	rules none 'direction: in, protocol: tcp, ports: 1' >/dev/null
	talk other tcp 203.0.113.10 5061 40001
	talk other tcp 2001:db8:2::10 5061 40002
	talk host tcp 192.0.2.10 5061 40003
	talk host tcp ::1 5061 40004
	[[ $(cuts host gate0 "$NET_DIR/none.yaml") == - ]]
	# to an address of the gate's interface, from a neighbor at another one: it never crosses the gate
	talk other tcp 192.0.2.10 5061 40005
	[[ $(cuts host gate0 "$NET_DIR/none.yaml") == - ]]
	[[ $(cuts host side0 "$NET_DIR/none.yaml") == *'192.0.2.10:5061 with 203.0.113.1:40005'* ]]
	# both together
	talk peer tcp 192.0.2.10 5061 40006
	[[ $(cuts host gate0 "$NET_DIR/none.yaml") == 'tcp 192.0.2.10:5061 with 192.0.2.1:40006' ]]
	[[ $(cuts host gate0 side0 "$NET_DIR/none.yaml" | wc -l) == 4 ]]
	# by a router that only a rule for its port sends it to, in by one interface and out by another
	ip -n "$(ns host)" rule add ipproto tcp sport 5061 dport 40007 table 7
	ip -n "$(ns host)" route add default via 203.0.113.1 table 7
	ip -n "$(ns other)" route add 192.0.2.0/24 via 203.0.113.10 2>/dev/null || true
	in_ns host sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.gate0.rp_filter=0
	ip -n "$(ns other)" address add 198.51.100.99/32 dev lo
	talk other tcp 192.0.2.10 5061 40007
	[[ $(cuts host side0 "$NET_DIR/none.yaml") == *'with 203.0.113.1:40007'* ]]
}

@test "conversations: over a bridge's port, by where the other end was seen" {
	net_bridged
	net_address bridge br0 192.0.2.1/24 2001:db8::1/64
	tcp_serve bridge 22
	rules none 'direction: in, protocol: tcp, ports: 1' >/dev/null
	talk inner tcp 192.0.2.1 22 40001
	[[ $(cuts bridge wan0 "$NET_DIR/none.yaml") == - ]]
	talk peer tcp 192.0.2.1 22 40002
	talk peer tcp 2001:db8::1 22 40003
	[[ $(cuts bridge wan0 "$NET_DIR/none.yaml") == \
'tcp 192.0.2.1:22 with 192.0.2.7:40002
tcp [2001:db8::1]:22 with [2001:db8::7]:40003' ]]
	# where the bridge doesn't know, it may be any port
	in_ns bridge bridge link set dev lan0 learning off
	ip -n "$(ns bridge)" neigh flush dev br0
	in_ns bridge bridge fdb flush dev br0 dynamic
	[[ $(cuts bridge wan0 "$NET_DIR/none.yaml") == *'with 192.0.2.10:40001'* ]]
}

@test "conversations: over what stands on the gate's interface" {
	net_pair
	ip -n "$(ns host)" link add link gate0 name upper0 type macvlan mode bridge
	ip -n "$(ns host)" link set upper0 up
	net_address host upper0 203.0.113.10/24
	net_address peer wire0 203.0.113.1/24
	tcp_serve host 22
	rules none 'direction: in, protocol: tcp, ports: 1' >/dev/null
	talk peer tcp 203.0.113.10 22 40001
	[[ $(cuts host gate0 "$NET_DIR/none.yaml") == 'tcp 203.0.113.10:22 with 203.0.113.1:40001' ]]
}

# The guest is what is protected: a conversation of its host goes towards it.
@test "conversations: of a VM's host with its guest" {
	net_guest
	net_address vmhost br0 192.0.2.1/24
	tcp_serve vmhost 22
	tcp_serve guest 443
	talk guest tcp 192.0.2.1 22 40001
	talk vmhost tcp 192.0.2.10 443 40002
	talk peer tcp 192.0.2.1 22 40003
	[[ $(cuts vmhost vnet0:inside "$(rules out 'direction: out, protocol: tcp, ports: 22')") == 'tcp 192.0.2.1:40002 with 192.0.2.10:443' ]]
	[[ $(cuts vmhost vnet0:inside "$(rules in 'direction: in, protocol: tcp, ports: 443')") == 'tcp 192.0.2.1:22 with 192.0.2.10:40001' ]]
	[[ $(cuts vmhost vnet0:inside "$(rules turned 'direction: in, protocol: tcp, ports: 22' 'direction: out, protocol: tcp, ports: 443')" | wc -l) == 2 ]]
}

# XDP alone sees what is received: no flow of the machine's own begins, and its answers go by.
@test "conversations: of a router with XDP alone" {
	local HOOKS=xdp
	net_routed
	tcp_serve router 22
	tcp_serve peer 443
	talk peer tcp 198.51.100.1 22 40001
	talk inner tcp 192.0.2.1 22 40002
	talk router tcp 198.51.100.7 443 40003
	[[ $(cuts router wan0 lan0:inside "$(rules in 'direction: in, protocol: tcp, ports: 22' 'direction: out, protocol: tcp, ports: 443')") == \
'tcp 192.0.2.1:22 with 192.0.2.10:40002
tcp 198.51.100.1:40003 with 198.51.100.7:443' ]]
	[[ $(cuts router wan0 lan0:inside "$(rules both 'direction: in, protocol: tcp, ports: 22' 'direction: out, protocol: tcp, ports: 22')") == \
'tcp 198.51.100.1:40003 with 198.51.100.7:443' ]]
}

# Media servers' sockets are not connected: of them the kernel's list doesn't tell the other end.
@test "conversations: UDP of which only the gate's flows tell, the host's and what is forwarded" {
	local HOOKS=xdp
	net_routed
	udp_serve peer 53
	rules none 'direction: in, protocol: tcp, ports: 1' >/dev/null
	rules dns 'direction: out, protocol: udp, ports: 53' >/dev/null
	# begun before there is a gate, it has no flow; and nobody knows of it
	spoken inner 198.51.100.7 53 40001
	[[ $(cuts router wan0 lan0:inside "$NET_DIR/none.yaml") == - ]]
	gate router apply --hooks xdp -i wan0 -i lan0:inside "$NET_DIR/dns.yaml"
	spoken inner 198.51.100.7 53 40001
	[[ $(cuts router wan0 lan0:inside "$NET_DIR/none.yaml") == 'udp 192.0.2.10:40001 with 198.51.100.7:53' ]]
	[[ $(cuts router wan0 lan0:inside "$NET_DIR/dns.yaml") == - ]]
	gate router detach -i wan0 --yes
}

# One that is connected is a socket and a flow, and counts once.
@test "conversations: a UDP flow and its socket are one conversation" {
	net_pair
	udp_serve peer 53
	rules none 'direction: in, protocol: tcp, ports: 1' >/dev/null
	rules dns 'direction: out, protocol: udp, ports: 53' >/dev/null
	gate host apply -i gate0 "$NET_DIR/dns.yaml"
	talk host udp 192.0.2.1 53 40001
	talk host udp 2001:db8::1 53 40002
	spoken host 192.0.2.1 53 40003
	wait_until flows_are host 3
	[[ $(cuts host gate0 "$NET_DIR/none.yaml") == \
'udp 192.0.2.10:40001 with 192.0.2.1:53
udp 192.0.2.10:40003 with 192.0.2.1:53
udp [2001:db8::10]:40002 with [2001:db8::1]:53' ]]
	# other ports and addresses are others' conversations
	[[ $(cuts host gate0 "$(rules half 'direction: out, protocol: udp, ports: 53, to: "2001:db8::/64"')") == \
'udp 192.0.2.10:40001 with 192.0.2.1:53
udp 192.0.2.10:40003 with 192.0.2.1:53' ]]
}

spoken() { # NAME ADDRESS PORT OWN-PORT: a datagram from a socket that isn't connected
	echo hello | in_ns "$1" socat -u - "UDP-SENDTO:$2:$3,sourceport=$4"
}

flows_are() { # NAME COUNT
	(($(gate "$1" flows -i gate0 --json | jq '.gates[0].flows | length') == $2))
}

@test "conversations: ten thousand are judged, five are named, and whose it is comes first" {
	ssh_needs
	net_pair
	sshd_serve host
	rules none 'direction: in, protocol: tcp, ports: 1' >/dev/null
	rules some 'direction: in, protocol: tcp, ports: 22' 'direction: out, protocol: tcp, ports: 7777, to: 198.51.100.7' >/dev/null
	in_ns host sysctl -qw net.ipv4.ip_local_port_range='20000 60000'
	net_start peer "$PWD/build/tests/tools/crowd" listen 7777
	wait_listen peer tcp 7777
	net_start host "$PWD/build/tests/tools/crowd" connect 198.51.100.7 7777 5000
	net_start host "$PWD/build/tests/tools/crowd" connect 198.51.100.8 7777 5000
	wait_until crowd_is_there 10000
	run --separate-stderr -1 ssh_run peer 192.0.2.10 "$EDGEGATE --netns $(ns host) apply -i gate0 $NET_DIR/none.yaml"
	[[ $stderr == *'this cuts 10001 conversations, one is yours: tcp 192.0.2.10:22 with 192.0.2.1:'+([0-9])' (yours), tcp 192.0.2.10:'*' and 9996 more'$'\n'* ]]
	run --separate-stderr -0 ssh_run peer 192.0.2.10 "$EDGEGATE --netns $(ns host) apply -i gate0 $NET_DIR/some.yaml"
	[[ $stderr == *'this cuts 5000 conversations: tcp '*'with 198.51.100.8:7777, '*' and 4995 more'$'\n'* ]]
	run --separate-stderr -1 ssh_run peer 192.0.2.10 "$EDGEGATE --netns $(ns host) apply -i gate0 $NET_DIR/none.yaml"
	[[ $stderr == *'this cuts 5001 conversations, one is yours: '* ]]
}

crowd_is_there() { # COUNT
	(($(in_ns host ss -H -n -t state established 'dport = :7777' | wc -l) >= $1))
}
