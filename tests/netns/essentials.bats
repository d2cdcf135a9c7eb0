#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What keeps a host's conversations alive, with real programs: fragments, ICMP errors, ping, DHCP.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	cat >"$NET_DIR/open.yaml" <<-'END'
		policy: open
		rules:
		  - {name: tcp-in, direction: in, protocol: tcp, ports: 5061}
		  - {name: udp-in, direction: in, protocol: udp, ports: 5061}
		  - {name: tcp-out, direction: out, protocol: tcp, ports: 5061}
		  - {name: udp-out, direction: out, protocol: udp, ports: 5061}
		essentials: {ping: true}
	END
	sed 's/^essentials.*/fragments: drop\nessentials: {icmp-errors: false, dhcp: false}/' \
		"$NET_DIR/open.yaml" >"$NET_DIR/closed.yaml"
}

teardown() { net_end; }

# A datagram of this size there and back.
large_try() { # NAME ADDRESS SIZE
	local word
	word=$(head -c $(($3 / 2)) /dev/urandom | od -An -v -tx1 | tr -d ' \n')
	[[ $(in_ns "$1" socat -b 9000 -t 2 - "UDP:$(bracketed "$2"):5061" <<<"$word") == "$word" ]]
}

@test "essentials: ping works both ways where the policy says so, and not otherwise" {
	local address
	net_pair
	gate host apply -i gate0 "$NET_DIR/open.yaml"
	for address in 192.0.2.10 2001:db8::10; do
		in_ns peer ping -q -n -c 3 -i 0.01 -W 1 $address
		in_ns peer ping -q -n -c 1 -W 1 -s 4000 $address
	done
	for address in 192.0.2.1 2001:db8::1; do
		in_ns host ping -q -n -c 3 -i 0.01 -W 1 $address
		in_ns host ping -q -n -c 1 -W 1 -s 4000 $address
	done
	# three and one first fragment, each way, in each family, requests and replies
	[[ $(passed_count host in ping) == 16 ]]
	[[ $(passed_count host out ping) == 16 ]]
	(($(passed_count host in fragment) == $(passed_count host out fragment)))
	gate_stats host | jq -e 'all(.drops[]; .packets == 0)'
	gate host apply -i gate0 "$NET_DIR/closed.yaml"
	run ! ping_try peer 192.0.2.10
	run ! ping_try host 2001:db8::1
	[[ $(drop_count host in no-rule) == 1 ]]
	# ping sends once more where the device's queue refuses
	(($(drop_count host out no-rule) >= 1))
}

@test "essentials: datagrams of 4,000 bytes go both ways in fragments" {
	local address
	net_pair
	udp_serve host 5061
	udp_serve peer 5061
	gate host apply -i gate0 "$NET_DIR/open.yaml"
	for address in 192.0.2.10 2001:db8::10; do
		large_try peer $address 4000
	done
	for address in 192.0.2.1 2001:db8::1; do
		large_try host $address 4000
	done
	# a first one and two later ones, each way, four times
	[[ $(passed_count host in fragment) == 8 ]]
	[[ $(passed_count host out fragment) == 8 ]]
	gate_stats host | jq -e 'all(.drops[]; .packets == 0)'
	gate host apply -i gate0 "$NET_DIR/closed.yaml"
	run ! large_try peer 192.0.2.10 4000
	run ! large_try host 2001:db8::1 4000
	(($(drop_count host in fragment) == 3))
	# a host that can't send one gives the rest up
	(($(drop_count host out fragment) >= 1))
}

# Someone who is asked about a port that is closed says so, and the client hears it at once.
refused_try() { # NAME ADDRESS
	in_ns "$1" socat -t 2 -T 2 - "UDP:$(bracketed "$2"):5061" <<<"anyone?" 2>&1 |
		grep -q 'Connection refused'
}

@test "essentials: a closed UDP port is told, both ways" {
	local address
	net_pair
	gate host apply -i gate0 "$NET_DIR/open.yaml"
	for address in 192.0.2.1 2001:db8::1; do
		refused_try host $address
	done
	for address in 192.0.2.10 2001:db8::10; do
		refused_try peer $address
	done
	[[ $(passed_count host in icmp-error) == 2 ]]
	[[ $(passed_count host out icmp-error) == 2 ]]
	gate_stats host | jq -e 'all(.drops[]; .packets == 0)'
	gate host apply -i gate0 "$NET_DIR/closed.yaml"
	run ! refused_try host 192.0.2.1
	run ! refused_try peer 2001:db8::10
	[[ $(drop_count host in no-rule) == 1 ]]
	[[ $(drop_count host out no-rule) == 1 ]]
}

# The gate stands on the inner host; the wire behind the router takes less, and only ICMP says so.
transfer_try() { # NAME ADDRESS
	local got=$NET_DIR/got-$RANDOM
	net_start peer socat -u "TCP6-LISTEN:5061,ipv6only=0,reuseaddr" "CREATE:$got"
	wait_listen peer tcp 5061
	in_ns "$1" timeout 5 socat -u "FILE:$NET_DIR/media" "TCP:$(bracketed "$2"):5061,connect-timeout=1" || return
	wait_until cmp -s "$NET_DIR/media" "$got"
}

@test "essentials: path MTU discovery works through a narrow router" {
	local name
	net_routed
	for name in router:wan0 peer:wire0; do
		ip -n "$(ns "${name%:*}")" link set "${name#*:}" mtu 1300
	done
	head -c 300000 /dev/urandom >"$NET_DIR/media"
	# the other end would otherwise say at the handshake what it can take
	in_ns peer sysctl -qw net.ipv4.tcp_mtu_probing=0
	in_ns inner sysctl -qw net.ipv4.tcp_mtu_probing=0
	ip -n "$(ns peer)" route change default via 198.51.100.1 advmss 1460
	ip -n "$(ns peer)" -6 route change default via 2001:db8:1::1 advmss 1440
	gate inner apply -i wire0 "$NET_DIR/open.yaml"
	transfer_try inner 198.51.100.7
	transfer_try inner 2001:db8:1::7
	(($(passed_count inner in icmp-error) >= 2))
	[[ $(drop_count inner in unrelated-icmp) == 0 ]]
	in_ns inner ip route flush cache
	in_ns inner ip -6 route flush cache
	gate inner apply -i wire0 "$NET_DIR/closed.yaml"
	run ! transfer_try inner 198.51.100.7
	(($(drop_count inner in no-rule) >= 1))
}

@test "essentials: a lease is had and kept by DHCP" {
	command -v dnsmasq >/dev/null || skip 'needs dnsmasq'
	busybox --list | grep -qx udhcpc || skip 'needs udhcpc of busybox'
	net_ns host peer
	net_link host gate0 peer wire0
	net_address peer wire0 192.0.2.1/24 2001:db8::1/64
	cat >"$NET_DIR/lease" <<-'END'
		#!/bin/sh
		[ "$1" != bound ] && [ "$1" != renew ] || ip address replace "$ip/${mask:-24}" dev "$interface"
	END
	chmod +x "$NET_DIR/lease"
	net_start peer dnsmasq --no-daemon --conf-file=/dev/null --port=0 --interface=wire0 --bind-interfaces \
		--dhcp-range=192.0.2.100,192.0.2.120,2m --dhcp-leasefile="$NET_DIR/leases" --user=root \
		--no-ping --pid-file="$NET_DIR/dnsmasq.pid"
	wait_listen peer udp 67
	gate host apply -i gate0 "$NET_DIR/open.yaml"
	in_ns host busybox udhcpc -f -q -n -t 3 -T 1 -i gate0 -s "$NET_DIR/lease"
	ip -n "$(ns host)" -4 address show dev gate0 | grep -q 192.0.2.1
	# discover, request; offer, acknowledgement
	(($(passed_count host out dhcp) >= 2))
	(($(passed_count host in dhcp) >= 2))
	gate_stats host | jq -e 'all(.drops[]; .packets == 0)'
	ip -n "$(ns host)" -4 address flush dev gate0
	gate host apply -i gate0 "$NET_DIR/closed.yaml"
	run ! in_ns host busybox udhcpc -f -q -n -t 1 -T 1 -i gate0 -s "$NET_DIR/lease"
	(($(drop_count host out no-rule) >= 1))
}
