#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What keeps a host on its network while the gate holds, and how offloaded packets are counted.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash

setup() {
	net_begin
	net_pair
	cast host peer 192.0.2.10 2001:db8::10 192.0.2.1 2001:db8::1
}

teardown() { net_end; }

@test "traffic: neighbors are found anew, again and again, while a conversation goes on" {
	local round address word answer direction
	tcp_serve host 5061
	tcp_serve peer 5061
	gate host apply -i gate0
	coproc talk4 { in_ns peer socat - TCP:192.0.2.10:5061 3>&-; }
	NET_PIDS+=("$talk4_PID")
	for round in 1 2 3; do
		net_flush_neighbors
		word="round $round"
		echo "$word" >&"${talk4[1]}"
		read -r -t 3 -u "${talk4[0]}" answer
		[[ $answer == "$word" ]]
		for address in 192.0.2.10 2001:db8::10; do
			tcp_try peer $address 5061
		done
		for address in 192.0.2.1 2001:db8::1; do
			tcp_try host $address 5061
		done
	done
	for direction in in out; do
		(($(passed_count host $direction arp) >= 3))
		(($(passed_count host $direction neighbor-discovery) >= 3))
	done
	gate_stats host | jq -e 'all(.drops[]; .packets == 0)'
}

@test "traffic: without ARP and neighbor discovery, which a policy may forbid, the host is gone" {
	cat >"$NET_DIR/alone.yaml" <<-'END'
		policy: alone
		rules: [{name: sip, direction: in, protocol: tcp, ports: 5061}]
		essentials: {arp: false, neighbor-discovery: false}
	END
	tcp_serve host 5061
	gate host apply -i gate0 "$NET_DIR/alone.yaml"
	net_flush_neighbors
	run ! tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 2001:db8::10 5061
	(($(drop_count host in ethertype) > 0))
	(($(drop_count host in no-rule) > 0))
}

# 8 MB handed down in packets of up to 64 kB: counted as the segments that go out, and as their bytes.
@test "traffic: offloaded packets count as their segments" {
	local family far segments packets bytes wire size=8000000
	head -c $size /dev/urandom >"$NET_DIR/media"
	media_serve peer 50555
	gate host apply -i gate0
	in_ns host ethtool -K gate0 tso on gso on >/dev/null
	for family in 4 6; do
		far=FAR$family
		segments=$(tcp_segments host)
		packets=$(rule_count host av-rtp-out packets)
		bytes=$(rule_count host av-rtp-out bytes)
		wire=$(received peer wire0)
		media_try host "${!far}" 50555 "$NET_DIR/media"
		wait_until segments_agree "$segments" "$packets"
		segments=$(($(tcp_segments host) - segments))
		packets=$(($(rule_count host av-rtp-out packets) - packets))
		bytes=$(($(rule_count host av-rtp-out bytes) - bytes))
		wire=$(($(received peer wire0) - wire))
		((packets >= size / 1460))
		# A veth hands them over whole: far fewer have been received than were counted.
		((wire < packets / 4)) || fail "no offload: $wire received, $packets counted"
		# Each with headers of its own: Ethernet, IP, TCP with time stamps; a SYN has 8 bytes more.
		local header=$((14 + (family == 4 ? 20 : 40) + 32))
		local payload=$((bytes - packets * header - 8))
		((payload == size || (payload > size && $(tcp_resent host) > 0))) ||
			fail "$payload bytes of payload in $packets packets"
	done
}

tcp_segments() { # NAME: what TCP has sent, for the first time or again
	# shellcheck disable=SC2016 # it is awk's
	in_ns "$1" awk '$1 == "Tcp:" && $2 ~ /[0-9]/ { print $12 + $13 }' /proc/net/snmp
}

tcp_resent() { # NAME
	# shellcheck disable=SC2016 # it is awk's
	in_ns "$1" awk '$1 == "Tcp:" && $2 ~ /[0-9]/ { print $13 }' /proc/net/snmp
}

segments_agree() { # SEGMENTS-BEFORE PACKETS-BEFORE
	(($(tcp_segments host) - $1 == $(rule_count host av-rtp-out packets) - $2))
}

@test "traffic: addresses in a group are asked for, in both families" {
	tcp_serve host 5061
	tcp_serve peer 5061
	gate host apply -i gate0 --group partners=198.51.100.7,2001:db8:1::7
	tcp_try peer 192.0.2.10 5061 bind=198.51.100.7
	tcp_try peer 2001:db8::10 5061 'bind=[2001:db8:1::7]'
	run ! tcp_try peer 192.0.2.10 5061 bind=198.51.100.8
	run ! tcp_try peer 2001:db8::10 5061
	(($(drop_count host in address) >= 2))
	tcp_try host 198.51.100.7 5061
	run ! tcp_try host 198.51.100.8 5061
	(($(drop_count host out address) >= 1))
	[[ $(drop_count host in no-rule) == 0 ]]
}

@test "traffic: the relay's reading of the table goes by the source port" {
	tcp_serve peer 8000
	gate host apply -i gate0 lync-2013-public-im-relay --group av-edge=192.0.2.10
	tcp_try host 192.0.2.1 8000 sourceport=50000,reuseaddr
	tcp_try host 192.0.2.1 8000 sourceport=59999,reuseaddr
	run ! tcp_try host 192.0.2.1 8000 sourceport=49999,reuseaddr
	run ! tcp_try host 2001:db8::1 8000 sourceport=50000,reuseaddr
	(($(rule_count host av-rtp-out reply_packets) > 0))
}

@test "traffic: pings are dropped unless the policy says otherwise, whole or in fragments" {
	gate host apply -i gate0
	run ! ping_try peer 192.0.2.10
	run ! in_ns peer ping -q -n -c 1 -W 1 -s 4000 192.0.2.10
	run ! in_ns peer ping -q -n -c 1 -W 1 -s 4000 2001:db8::10
	# one whole, two first fragments; two later ones each
	(($(drop_count host in no-rule) == 3))
	(($(drop_count host in fragment) == 4))
}
