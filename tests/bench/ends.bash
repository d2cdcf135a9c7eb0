# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Hosts with one wire each, for the parts of the bench that measure on wires. Sourced by them, in the topmost directory:
#
#	source tests/bench/ends.bash
#	ends_begin
#	ends_need xdp-tools nftables
#	ends_host plain wire0      # gate0 192.0.2.10 in the namespace plain; the other end, wire0, in peer-plain
#	ends_host plain wire0 all  # the other end in the namespace all, which may have the ends of many
#
# All of it goes when the caller does.

export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8
EDGEGATE=${EDGEGATE-$PWD/build/edgegate}

# shellcheck source=tests/lib/net.bash
source tests/lib/net.bash

# shellcheck disable=SC2317 # called by trap
ends_clean_up() {
	trap '' INT TERM HUP PIPE
	exec >/dev/null 2>&1
	[[ -z $ENDS_POLICY ]] || rm -f "$ENDS_POLICY"
	net_end
}

ends_begin() {
	if ((EUID != 0)); then
		echo 'bench: it needs root' >&2
		exit 1
	fi
	ENDS_POLICY= # /usr/sbin/policy-rc.d while it is ours
	NET_PREFIX=edgegate-bench
	NET_PIDS=()
	net_sweep
	NET_ID=$NET_PREFIX-$$
	NET_DIR=$(mktemp -d)
	trap ends_clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	trap 'exit 141' PIPE
}

# Installs what is missing, where that can be done. What can't be had is missed where it is used. A service that
# comes with a package is not started.
ends_need() { # PACKAGE...
	local package missing=() policy=/usr/sbin/policy-rc.d
	for package; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
	done
	((${#missing[@]} > 0)) || return 0
	echo "bench: installing ${missing[*]}" >&2
	if [[ ! -e $policy ]]; then
		ENDS_POLICY=$policy
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	apt-get -q update >/dev/null 2>&1 || true
	for package in "${missing[@]}"; do
		DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=60 install --no-install-recommends \
			"$package" >/dev/null 2>&1 || echo "bench: cannot install $package" >&2
	done
	[[ -z $ENDS_POLICY ]] || rm -f "$ENDS_POLICY"
	ENDS_POLICY=
}

# Addresses of hardware are those of tests/lib/frame.c. Neighbours are written down: nobody answers a flood.
ends_host() { # NAME DEVICE [PEER-NAME]
	local name=$1 device=$2 peer=${3-peer-$1} each
	for each in "$name" "$peer"; do
		[[ ! -e /run/netns/$(ns "$each") ]] || continue
		ip netns add "$(ns "$each")"
		ip -n "$(ns "$each")" link set lo up
		in_ns "$each" sysctl -qw net.ipv6.conf.{all,default}.disable_ipv6=1 net.ipv4.conf.{all,default}.rp_filter=0
	done
	ip link add name gate0 netns "$(ns "$name")" address 02:00:00:00:00:01 numtxqueues 1 numrxqueues 1 type veth \
		peer name "$device" netns "$(ns "$peer")" address 02:00:00:00:00:02 numtxqueues 1 numrxqueues 1
	ip -n "$(ns "$peer")" link set "$device" up
	ip -n "$(ns "$name")" -batch - <<-'END'
		link set gate0 up
		address add 192.0.2.10/24 dev gate0
		neighbor add 192.0.2.1 lladdr 02:00:00:00:00:02 dev gate0
		route add default via 192.0.2.1
	END
}

# A program of tests/lib/spray.bpf.c.
ends_bare() { # NAME PROGRAM
	ip -n "$(ns "$1")" link set dev gate0 xdpdrv object build/tests/lib/spray.bpf.o program "$2"
}

# edgegate on a host, with this policy or the built-in default. What it says, warnings too, is shown only where it fails.
ends_gate() { # NAME [POLICY]
	local log=$NET_DIR/$1-apply.log
	"$EDGEGATE" --netns "$(ns "$1")" apply -i gate0 "${@:2}" >"$log" 2>&1 || {
		cat "$log" >&2
		return 1
	}
}

# What measures. Not in front: a signal that comes meanwhile ends it, and the rest, at once.
ends_run() { # COMMAND...
	"$@" &
	NET_PIDS+=($!)
	wait $!
}
