# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Networks for tests, drawn from namespaces, veth pairs and bridges. All traffic stays in namespaces
# that this file made; they and the processes in them go when the test ends, however it ends.
#
#	load ../lib/net.bash
#	setup() { net_begin; net_pair; }
#	teardown() { net_end; }
#
# A namespace is called by its short name here ("host"); `ns host` is its name for ip and edgegate.
# Addresses are those for documentation: 192.0.2.0/24, 198.51.100.0/24, 2001:db8::/32.

[[ -z ${BATS_VERSION-} ]] || bats_require_minimum_version 1.5.0

NET_PREFIX=edgegate-test
EDGEGATE=${EDGEGATE-$PWD/build/asan/edgegate}
NET_TIMEOUT=${NET_TIMEOUT-5} # seconds that an exchange may take; on a busy machine the first one takes some
NET_TIMEOUT_DROPPED=${NET_TIMEOUT_DROPPED-1} # the same where it is not to succeed, and all of them are waited for
NET_PATIENCE=${NET_PATIENCE-20} # seconds until what is waited for counts as not coming; a busy machine stands still for some

# The tests ask jq some thousand times, and gojq begins eight times as fast.
if command -v gojq >/dev/null; then
	jq() {
		local word words=()
		for word; do
			# it always sorts keys, and has no option for it
			[[ $word == -S ]] || words+=("$word")
		done
		command gojq "${words[@]}"
	}
	export -f jq
fi

# `run !` says which of the two it is.
if declare -F run >/dev/null; then
	eval "net_$(declare -f run)"
	run() {
		[[ ${1-} != '!' ]] || local NET_TIMEOUT=$NET_TIMEOUT_DROPPED
		net_run "$@"
	}
fi

# ---- begin and end -------------------------------------------------------------------------------

net_begin() {
	[[ $EUID -eq 0 ]] || skip 'needs root'
	net_sweep
	NET_ID=$NET_PREFIX-$$-${BATS_TEST_NUMBER-0}
	NET_PIDS=()
	NET_DIR=$(mktemp -d "${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR:-${TMPDIR:-/tmp}}}/net.XXXXXX")
}

net_end() {
	local pid name
	[[ -n ${NET_ID-} ]] || return 0
	for pid in "${NET_PIDS[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	# shellcheck disable=SC2046 # names of namespaces have no spaces
	net_remove $(net_namespaces "$NET_ID-")
	# Only now can nothing be left of what they served.
	for pid in "${NET_PIDS[@]}"; do
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$NET_DIR"
	NET_ID=
}

net_namespaces() { # PREFIX
	ip netns list | awk -v prefix="$1" 'index($1, prefix) == 1 { print $1 }'
}

# Gates are detached one by one: --all would mean those of the machine too. One that can't be read (a test may have
# broken it) isn't listed with its namespace, but is in its folder.
net_detach() { # FULL-NAME...
	local name interface folder
	[[ -x ${EDGEGATE-} && -d /sys/fs/bpf/edgegate ]] || return 0
	while read -r name interface; do
		[[ " $* " != *" $name "* ]] ||
			"$EDGEGATE" --netns "$name" detach -i "$interface" --yes >/dev/null 2>&1 || true
	done < <("$EDGEGATE" status --json 2>/dev/null |
		jq -r '.gates[] | select(.netns) | "\(.netns) \(.interfaces[0].name)"')
	compgen -G '/sys/fs/bpf/edgegate/network-namespace-*/*' >/dev/null || return 0
	for name; do
		for folder in "/sys/fs/bpf/edgegate/network-namespace-$(net_cookie "$name")"/*; do
			[[ -d $folder ]] || continue
			interface=${folder##*/}
			"$EDGEGATE" --netns "$name" detach -i "${interface#unfinished-gate-}" --yes >/dev/null 2>&1 || true
		done
	done
}

net_cookie() { # FULL-NAME
	nsenter --net="/run/netns/$1" -- "${NET_LIBRARY:-$PWD/build/tests/lib}/../tools/poke" cookie 2>/dev/null
}

# Whatever runs in a namespace that a test made was started by that test. Gates go before any namespace:
# with it go its interfaces and the other ends of their wires.
net_remove() { # FULL-NAME...
	local name pid
	for name; do
		for pid in $(ip netns pids "$name" 2>/dev/null); do
			kill -KILL "$pid" 2>/dev/null || true
		done
	done
	net_detach "$@"
	for name; do
		ip netns delete "$name" 2>/dev/null || true
	done
}

# Removes what tests have left whose process is gone (killed, or the power went).
net_sweep() {
	local name pid gone=()
	for name in $(net_namespaces "$NET_PREFIX-"); do
		pid=${name#"$NET_PREFIX"-}
		pid=${pid%%-*}
		[[ -d /proc/$pid ]] || gone+=("$name")
	done
	((${#gone[@]} == 0)) || net_remove "${gone[@]}"
}

# ---- one network for all tests of a file -----------------------------------------------------------
#
#	setup_file() { net_can || return 0; net_begin; net_pair; net_share; }
#	setup() { net_join; }
#	teardown() { net_leave; }
#	teardown_file() { net_end; }
#
# What a test starts and attaches goes with it; what setup_file draws and starts stays.

net_can() {
	[[ $EUID -eq 0 ]]
}

net_share() {
	export NET_ID NET_SHARED=$NET_DIR
}

net_join() {
	net_can || skip 'needs root'
	NET_PIDS=()
	NET_DIR=$(mktemp -d "$BATS_TEST_TMPDIR/net.XXXXXX")
}

# Gates first: what they cut could not even end.
net_leave() {
	local pid
	[[ -n ${NET_ID-} && -n ${NET_DIR-} ]] || return 0
	# shellcheck disable=SC2046 # names of namespaces have no spaces
	net_detach $(net_namespaces "$NET_ID-")
	for pid in "${NET_PIDS[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	for pid in "${NET_PIDS[@]}"; do
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$NET_DIR"
}

# ---- drawing -------------------------------------------------------------------------------------

ns() { # NAME
	echo "$NET_ID-$1"
}

# Runs a command in a namespace. Not `ip netns exec`: that hides /sys/fs/bpf behind an empty one.
in_ns() { # NAME COMMAND...
	local name=$1
	shift
	nsenter --net="/run/netns/$NET_ID-$name" -- "$@"
}

# Runs a command on one CPU: there edgegate starts no threads, and the numbers of its system calls mean something.
in_order() { # COMMAND...
	# one by chance: several test files run at a time
	[[ ${NET_CPU-} ]] || NET_CPU=$(taskset -cp "$BASHPID" | sed 's/.*: //' | tr , '\n' |
		awk -F- '{ for (i = $1; i <= ($2 == "" ? $1 : $2); i++) print i }' | shuf -n 1)
	taskset -c "$NET_CPU" "$@"
}

net_ns() { # NAME...
	local name
	for name; do
		ip netns add "$NET_ID-$name"
		ip -n "$NET_ID-$name" link set lo up
		# Duplicate address detection would hold every test up for a second.
		in_ns "$name" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.default.router_solicitations=0
	done
}

net_link() { # NAME INTERFACE NAME INTERFACE
	ip link add name "$2" netns "$NET_ID-$1" type veth peer name "$4" netns "$NET_ID-$3"
	ip -n "$NET_ID-$1" link set "$2" up
	ip -n "$NET_ID-$3" link set "$4" up
}

net_address() { # NAME INTERFACE ADDRESS/LENGTH...
	local name=$1 interface=$2 address
	shift 2
	for address; do
		if [[ $address == *:* ]]; then
			ip -n "$NET_ID-$name" address add "$address" dev "$interface" nodad
		else
			ip -n "$NET_ID-$name" address add "$address" dev "$interface"
		fi
	done
}

net_route() { # NAME DESTINATION GATEWAY
	local family=-4
	[[ $3 != *:* ]] || family=-6
	ip -n "$NET_ID-$1" "$family" route add "$2" via "$3"
}

net_router() { # NAME...
	local name
	for name; do
		in_ns "$name" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	done
}

net_bridge() { # NAME BRIDGE INTERFACE...
	local name=$1 bridge=$2 interface
	shift 2
	ip -n "$NET_ID-$name" link add name "$bridge" type bridge forward_delay 0 mcast_snooping 0
	ip -n "$NET_ID-$name" link set "$bridge" up
	for interface; do
		ip -n "$NET_ID-$name" link set "$interface" master "$bridge"
	done
}

# An edge that protects itself, and a stranger who is behind a gateway only by address:
#
#	host  gate0 192.0.2.10 ---------- wire0 192.0.2.1  peer
#	            2001:db8::10                2001:db8::1, on lo 198.51.100.7 and .8, 2001:db8:1::7
net_pair() {
	net_ns host peer
	net_link host gate0 peer wire0
	net_address host gate0 192.0.2.10/24 2001:db8::10/64
	net_address peer wire0 192.0.2.1/24 2001:db8::1/64
	net_address peer lo 198.51.100.7/32 198.51.100.8/32 2001:db8:1::7/128
	net_route host default 192.0.2.1
	net_route host default 2001:db8::1
}

# Two hosts with a router between them; the gate goes on the router's wan0 (and lan0:inside).
#
#	inner eth 192.0.2.10 --- 192.0.2.1 lan0  router  wan0 198.51.100.1 --- 198.51.100.7 wire0  peer
#	          2001:db8::10   2001:db8::1                  2001:db8:1::1    2001:db8:1::7
net_routed() {
	net_ns inner router peer
	net_router router
	net_link inner wire0 router lan0
	net_link router wan0 peer wire0
	net_address inner wire0 192.0.2.10/24 2001:db8::10/64
	net_address router lan0 192.0.2.1/24 2001:db8::1/64
	net_address router wan0 198.51.100.1/24 2001:db8:1::1/64
	net_address peer wire0 198.51.100.7/24 2001:db8:1::7/64
	net_route inner default 192.0.2.1
	net_route inner default 2001:db8::1
	net_route peer default 198.51.100.1
	net_route peer default 2001:db8:1::1
}

# The same with a bridge: one subnet, 192.0.2.10 inside and 192.0.2.7 outside.
net_bridged() {
	net_ns inner bridge peer
	net_link inner wire0 bridge lan0
	net_link bridge wan0 peer wire0
	net_bridge bridge br0 lan0 wan0
	net_address inner wire0 192.0.2.10/24 2001:db8::10/64
	net_address peer wire0 192.0.2.7/24 2001:db8::7/64
}

# A guest behind its host's vnet0, which is bridged to the outside; the gate goes on vnet0:inside.
net_guest() {
	net_ns guest vmhost peer
	net_link guest eth0 vmhost vnet0
	net_link vmhost uplink0 peer wire0
	net_bridge vmhost br0 vnet0 uplink0
	net_address guest eth0 192.0.2.10/24 2001:db8::10/64
	net_address peer wire0 192.0.2.7/24 2001:db8::7/64
}

# From now on frames leave this interface with a tag (or two) in the frame itself, and come in
# without. Call it for both ends of a link.
net_vlan() { # NAME INTERFACE [one|two]
	local name=$1 interface=$2 section=push route
	local object=${NET_LIBRARY:-$PWD/build/tests/lib}/vlan_push.bpf.o
	if [[ ${3-one} == two ]]; then
		section=push_two
		# A wire lets a frame be one tag longer than its MTU says, not two.
		in_ns "$name" sysctl -qw "net.ipv6.conf.$interface.mtu=1496"
		ip -n "$NET_ID-$name" -4 route show dev "$interface" | while read -r route; do
			# shellcheck disable=SC2086 # a route is words
			ip -n "$NET_ID-$name" route change $route dev "$interface" mtu 1496
		done
	fi
	# Offloaded, the tag would stand beside the frame, where XDP doesn't see it.
	in_ns "$name" ethtool -K "$interface" txvlan off tx-vlan-stag-hw-insert off >/dev/null
	in_ns "$name" tc qdisc add dev "$interface" clsact
	in_ns "$name" tc filter add dev "$interface" egress pref 50000 bpf da obj "$object" sec "$section"
	in_ns "$name" tc filter add dev "$interface" ingress pref 50000 bpf da obj "$object" sec pop
}

# How `apply` hooks tc where nothing else is asked for: TCX came with Linux 6.6.
net_tc_kind() {
	if [[ $(printf '%s\n' 6.6 "$(uname -r)" | sort -V | head -n 1) == 6.6 ]]; then echo tcx; else echo clsact; fi
}

# ---- processes -----------------------------------------------------------------------------------

# Starts a command in a namespace and leaves it running until net_end. What it says is in
# $NET_DIR/NAME-COMMAND.log. NET_PID is its process.
net_start() { # NAME COMMAND...
	local name=$1
	shift
	nsenter --net="/run/netns/$NET_ID-$name" -- "$@" \
		</dev/null >"$NET_DIR/$name-${1##*/}.log" 2>&1 3>&- 4>&- &
	NET_PID=$!
	NET_PIDS+=("$NET_PID")
}

# script(1) at a keyboard where nobody types: where its input has ended, it spins.
net_script() { # WORDS FOR script...
	local keyboard
	keyboard=$(mktemp -u "${BATS_TEST_TMPDIR:-/tmp}/keyboard.XXXXXX")
	mkfifo "$keyboard"
	script "$@" <>"$keyboard"
}

# Repeats a command until it succeeds, for as long as NET_PATIENCE says.
wait_until() { # COMMAND...
	local end=$((SECONDS + NET_PATIENCE))
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS >= end)); then
			echo "wait_until: $NET_PATIENCE seconds passed without: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

listens() { # NAME tcp|udp PORT
	local kind=-t
	[[ $2 == tcp ]] || kind=-u
	in_ns "$1" ss -H -l -n "$kind" "sport = :$3" | grep -q .
}

wait_listen() { # NAME tcp|udp PORT
	wait_until listens "$@"
}

# A server that sends back what it gets, over IPv4 and IPv6; it may not listen yet.
net_start_listener() { # NAME tcp|udp PORT
	local kind=TCP6-LISTEN
	[[ $2 == tcp ]] || kind=UDP6-RECVFROM
	net_start "$1" socat "$kind:$3,ipv6only=0,reuseaddr,fork" PIPE
}

tcp_serve() { # NAME PORT...
	serve tcp "$@"
}

udp_serve() { # NAME PORT...
	serve udp "$@"
}

serve() { # tcp|udp NAME PORT...
	local kind=$1 name=$2 port
	shift 2
	for port; do
		net_start_listener "$name" "$kind" "$port"
	done
	for port; do
		wait_listen "$name" "$kind" "$port"
	done
}

# One exchange with such a server: succeeds if the answer came in time. OPTIONS are socat's, such as
# bind=198.51.100.8 or sourceport=50000.
tcp_try() { # NAME ADDRESS PORT [OPTIONS]
	exchange "$1" "TCP:$(bracketed "$2"):$3,connect-timeout=$NET_TIMEOUT${4:+,$4}"
}

udp_try() { # NAME ADDRESS PORT [OPTIONS]
	exchange "$1" "UDP:$(bracketed "$2"):$3${4:+,$4}"
}

exchange() { # NAME SOCAT-ADDRESS
	local word="edgegate $RANDOM" answer='' output client
	exec {output}< <(exec nsenter --net="/run/netns/$NET_ID-$1" -- \
		socat -t "$NET_TIMEOUT" -T "$NET_TIMEOUT" - "$2" <<<"$word" 2>/dev/null 3>&-)
	client=$!
	read -r -t "$NET_TIMEOUT" -u "$output" answer || true
	kill "$client" 2>/dev/null || true
	wait "$client" 2>/dev/null || true
	exec {output}<&-
	[[ $answer == "$word" ]]
}

bracketed() { # ADDRESS
	if [[ $1 == *:* ]]; then echo "[$1]"; else echo "$1"; fi
}

ping_try() { # NAME ADDRESS
	in_ns "$1" ping -q -n -c 1 -W "$NET_TIMEOUT" "$2" >/dev/null 2>&1
}

# For scripts/run-tests: removes what tests have left that were killed.
if [[ ${1-} == sweep && ${BASH_SOURCE[0]} == "$0" ]]; then
	net_sweep
fi
