#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The units, on a small machine that really boots: systemd as process 1, udevd, networkd.

load ../lib/net.bash
load ../lib/boot.bash

setup_file() {
	[[ $EUID -eq 0 ]] || return 0
	# The make that called this has no job slots for another one.
	MAKEFLAGS=$(sed -E 's/-j[0-9]* --jobserver-auth=[^ ]*//' <<<"${MAKEFLAGS-}") \
		make install DESTDIR="$BATS_FILE_TMPDIR/install" prefix=/usr/local \
		systemdunitdir=/usr/local/lib/systemd/system >/dev/null 3>&- 4>&-
}

setup() {
	net_begin
}

teardown() {
	boot_end
	net_end
}

fail() { # WHAT
	echo "$1" >&2
	return 1
}

# A host that boots, and a peer that goes on sending it what no policy here allows, from before its
# interface is up, to somebody who listens for it.
machine() {
	boot_needs
	net_pair
	boot_root "$BATS_FILE_TMPDIR/install"
	boot_network gate0 192.0.2.10/24
	replug
	tcp_serve host 5061 22
	net_start host socat -u UDP4-RECV:9999 "OPEN:$NET_DIR/forbidden,creat,append"
	# shellcheck disable=SC2016 # for the shell that is started
	net_start peer bash -c 'while sleep 0.01; do echo . >/dev/udp/192.0.2.10/9999; done'
}

# Unplugged, and plugged in again. It has an address of its own, or udev would give it another.
unplug() {
	ip -n "$(ns host)" link delete gate0
}

plug() {
	local address=02:00:00:00:00:10
	ip -n "$(ns peer)" link add name wire0 type veth peer name gate0 address "$address" netns "$(ns host)"
	ip -n "$(ns peer)" link set wire0 up
	net_address peer wire0 192.0.2.1/24
	ip -n "$(ns peer)" neighbor replace 192.0.2.10 lladdr "$address" dev wire0 nud permanent
}

# Also what a reboot does to it.
replug() {
	unplug
	plug
}

policy() { # FILE PORT [LINE]...
	boot_file "/etc/edgegate/$1" <<-END
		policy: test
		rules:
		  - {name: service, direction: in, protocol: tcp, ports: $2}
		essentials: {ping: true}
		$(printf '%s\n' "${@:3}")
	END
}

edgegate() { # WORD...
	in_boot /usr/local/sbin/edgegate "$@"
}

forbidden_came() {
	[[ -s $NET_DIR/forbidden ]]
}

# What the peer sent has come as far as the gate, and no farther.
only_allowed() { # PORT
	tcp_try peer 192.0.2.10 "$1" || fail "port $1 is not open"
	edgegate stats -i gate0 --json | jq -e '[.gates[0].drops[] |
		select(.direction == "in" and .reason == "no-rule") | .packets] | add > 0' >/dev/null ||
		fail 'nothing was dropped'
	! forbidden_came || fail 'what no policy allows came in'
}

guarded() { # INTERFACE
	local status
	status=$(edgegate status -i "$1") && [[ $status != *'NOT GUARDED'* ]]
}

@test "boot: the units are sound, and are installed where systemd looks" {
	command -v systemd-analyze >/dev/null || skip 'no systemd-analyze: install systemd'
	local root=$BATS_FILE_TMPDIR/install unit
	run -0 systemd-analyze verify --root="$root" edgegate@eth0.service edgegate.target
	[[ -z $output ]] || fail "$output"
	[[ -e $root/usr/local/lib/systemd/system/sysinit.target.wants/edgegate.target ]]
	[[ -d $root/etc/edgegate && -x $root/usr/local/libexec/edgegate/apply-unit ]]
	for unit in "$root"/usr/local/lib/systemd/system/edgegate*; do
		run ! grep -n '@[a-z]*dir@' "$unit"
	done
}

@test "boot: nothing that isn't allowed comes in between power on and power off" {
	local figure
	machine
	policy gate0.yaml 5061
	boot_enable edgegate@gate0
	boot_start host
	boot_wait
	boot_is edgegate@gate0 active || fail "$(boot_log edgegate@gate0)"
	(($(boot_since edgegate@gate0) <= $(boot_since network-pre.target)))
	(($(boot_since network-pre.target) <= $(boot_since network-online.target)))
	(($(boot_since edgegate@gate0) <= $(boot_since systemd-networkd)))
	wait_until tcp_try peer 192.0.2.10 5061
	only_allowed 5061
	run ! tcp_try peer 192.0.2.10 22
	run ! in_boot pgrep edgegate

	figure=$(in_boot systemd-analyze --no-pager security edgegate@gate0 | sed -n 's/.*Overall exposure.*: \([0-9.]*\) .*/\1/p')
	[[ -n $figure ]]
	grep -qF "exposure of $figure" docs/operations.md || fail "docs/operations.md doesn't say: exposure of $figure"

	in_boot systemctl stop edgegate.target
	wait_until boot_is edgegate@gate0 inactive
	only_allowed 5061
	in_boot systemctl start edgegate.target
	boot_is edgegate@gate0 active

	# reload: another policy; a bad one changes nothing, neither by reload nor by restart.
	policy gate0.yaml 5060
	in_boot systemctl reload edgegate@gate0
	run ! tcp_try peer 192.0.2.10 5061
	policy gate0.yaml 5060 'rulez: []'
	run -1 in_boot systemctl reload edgegate@gate0
	boot_is edgegate@gate0 active
	[[ $(boot_log edgegate@gate0) == *"/etc/edgegate/gate0.yaml:5:1: "* ]]
	run -1 in_boot systemctl restart edgegate@gate0
	boot_is edgegate@gate0 failed
	[[ $(boot_log edgegate@gate0) == *'gate0: FAILED; what was in force stays in force'* ]]
	tcp_serve host 5060
	only_allowed 5060
	policy gate0.yaml 5061
	in_boot systemctl restart edgegate@gate0
	boot_is edgegate@gate0 active
	only_allowed 5061
	boot_down poweroff replug
	run ! forbidden_came
}

@test "boot: with a bad policy what worked last comes into force, with nothing to go back to nothing" {
	machine
	policy more.yaml 5061
	boot_file /etc/edgegate/gate0.yaml <<<'policy: test'
	boot_file /etc/edgegate/gate0.conf <<<'OPTIONS=--tc clsact  more.yaml'
	boot_enable edgegate@gate0
	boot_start host
	boot_wait
	boot_is edgegate@gate0 active || fail "$(boot_log edgegate@gate0)"
	[[ $(edgegate status -i gate0) == *'tc clsact'* ]]
	wait_until tcp_try peer 192.0.2.10 5061
	only_allowed 5061

	# Both files that it was made of are wrong at the next boot.
	boot_file /etc/edgegate/more.yaml <<<nonsense
	boot_file /etc/edgegate/gate0.conf <<<'OPTIONS=--no-such-option more.yaml'
	boot_down reboot replug
	boot_start host
	boot_wait
	boot_is edgegate@gate0 failed
	[[ $(boot_log edgegate@gate0) == *'gate0: FAILED; the policy that worked last is in force'* ]]
	[[ $(edgegate status -i gate0) == *'tc clsact'* ]]
	wait_until tcp_try peer 192.0.2.10 5061
	only_allowed 5061

	# Killed between two moves: the former one is still there.
	mv "$BOOT_ROOT/var/lib/edgegate/gate0" "$BOOT_ROOT/var/lib/edgegate/gate0:old"
	edgegate detach -i gate0 --yes
	run -1 in_boot systemctl start edgegate@gate0
	guarded gate0
	wait_until forbidden_came # while it was detached

	# Nothing was ever kept. Who would rather have no network then says so.
	rm -r "$BOOT_ROOT/var/lib/edgegate"
	boot_file /etc/systemd/system/systemd-networkd.service.d/edgegate.conf <<-END
		[Unit]
		AssertPathExists=/sys/fs/bpf/edgegate/gate0
	END
	boot_down reboot replug
	boot_start host
	boot_wait
	boot_is edgegate@gate0 failed
	[[ $(boot_log edgegate@gate0) == *'gate0: FAILED; NOTHING IS IN FORCE: everything passes'* ]]
	boot_is systemd-networkd inactive
	run ! tcp_try peer 192.0.2.10 22
	rm -r "$BOOT_ROOT/etc/systemd/system/systemd-networkd.service.d"
	in_boot systemctl daemon-reload
	in_boot systemctl start systemd-networkd
	wait_until tcp_try peer 192.0.2.10 22
}

@test "boot: an interface that is plugged in again has its gate again" {
	machine
	policy gate0.yaml 5061
	boot_enable edgegate@gate0
	boot_start host
	boot_wait
	wait_until tcp_try peer 192.0.2.10 5061
	only_allowed 5061
	unplug
	wait_until boot_is edgegate@gate0 inactive
	plug
	wait_until boot_is edgegate@gate0 active
	guarded gate0
	: >"$NET_DIR/forbidden" # until then it was open
	wait_until tcp_try peer 192.0.2.10 5061
	only_allowed 5061

	# With UP=yes and networkd told to leave it down it never is.
	boot_network gate0 192.0.2.10/24 '[Link]' ActivationPolicy=manual
	boot_file /etc/edgegate/gate0.conf <<<UP=yes
	in_boot networkctl reload
	unplug
	wait_until boot_is edgegate@gate0 inactive
	: >"$NET_DIR/forbidden"
	plug
	wait_until boot_is edgegate@gate0 active
	wait_until tcp_try peer 192.0.2.10 5061
	only_allowed 5061

	# With a bad policy it has the one that worked last: the gate that stands is not on the new interface.
	policy gate0.yaml 0
	replug
	wait_until boot_is edgegate@gate0 failed
	wait_until tcp_try peer 192.0.2.10 5061
	guarded gate0
	only_allowed 5061

	# Nor is it brought up when nothing comes into force.
	rm -r "$BOOT_ROOT/var/lib/edgegate"/*
	in_boot systemctl reset-failed edgegate@gate0
	replug
	wait_until boot_is edgegate@gate0 failed
	[[ $(ip -n "$(ns host)" link show dev gate0) == *'state DOWN'* ]]
	run ! forbidden_came
}

@test "boot: an interface that networkd makes holds nothing up" {
	machine
	policy gate0.100.yaml 5061
	boot_file /etc/edgegate/gate0.100.conf <<-END
		FACING=inside
		OPTIONS=--xdp generic
	END
	boot_network gate0.100 198.51.100.1/24
	boot_file /etc/systemd/network/50-gate0.100.netdev <<<$'[NetDev]\nName=gate0.100\nKind=veth\n[Peer]\nName=guest'
	boot_enable edgegate@gate0.100
	rm "$BOOT_ROOT/etc/systemd/system/edgegate.target.wants/edgegate@gate0.100.service"
	boot_start host
	boot_wait
	wait_until boot_is edgegate@gate0.100 active || fail "$(boot_log '*')"
	guarded gate0.100
	[[ $(edgegate status -i gate0.100) == *'gate0.100:inside'*'xdp generic'* ]]
}

@test "boot: names that have to be escaped" {
	# shellcheck disable=SC2016 # a name
	local name number=0 names=('br-lan.5' '-x@$y;1')
	machine
	for name in "${names[@]}"; do
		ip -n "$(ns host)" link add name "$name" type veth peer name "p$((number++))"
		policy "$name.yaml" 5061
		boot_file "/etc/edgegate/$name.conf" <<<'FACING=inside'
		boot_enable "edgegate@$(systemd-escape -- "$name")"
	done
	boot_start host
	boot_wait
	for name in "${names[@]}"; do
		boot_is "edgegate@$(systemd-escape -- "$name")" active || fail "$(boot_log '*')"
		guarded "$name"
		[[ $(edgegate status -i "$name") == *"$name:inside"* ]]
	done
}

@test "boot: a gate on two interfaces" {
	machine
	ip -n "$(ns host)" link add name lan0 type veth peer name lan1
	policy gate0.yaml 5061
	boot_file /etc/edgegate/gate0.conf <<<'OPTIONS=--hooks xdp -i lan0:inside'
	boot_file /etc/systemd/system/edgegate@gate0.service.d/lan0.conf <<-END
		[Unit]
		BindsTo=sys-subsystem-net-devices-lan0.device
		After=sys-subsystem-net-devices-lan0.device
		[Install]
		WantedBy=sys-subsystem-net-devices-lan0.device
	END
	boot_enable edgegate@gate0
	boot_start host
	boot_wait
	boot_is edgegate@gate0 active || fail "$(boot_log edgegate@gate0)"
	guarded gate0
	ip -n "$(ns host)" link delete lan0
	wait_until boot_is edgegate@gate0 inactive
	ip -n "$(ns host)" link add name lan0 type veth peer name lan1
	wait_until boot_is edgegate@gate0 active
	guarded lan0

	# What the unit may not do itself, it says.
	in_boot umount --lazy /sys/fs/bpf
	run -1 in_boot systemctl restart edgegate@gate0
	[[ $(boot_log edgegate@gate0) == *'as root: mount -t bpf bpf /sys/fs/bpf'* ]]
}

@test "boot: the exporter serves as nobody, from its unit" {
	local figure
	machine
	policy gate0.yaml 5061
	boot_enable edgegate@gate0
	boot_start host
	boot_wait
	in_boot systemctl start edgegate-exporter || fail "$(boot_log edgegate-exporter)"
	run -0 in_boot systemd-analyze verify edgegate-exporter.service
	[[ -z $output ]] || fail "$output"
	boot_is edgegate-exporter active || fail "$(in_boot systemctl status edgegate-exporter; boot_log edgegate-exporter)"
	wait_until curl_metrics
	curl_metrics | grep -q '^edgegate_interface_attached{gate="[^"]*gate0",interface="gate0"} 1$' || fail "$(curl_metrics)"
	curl_metrics | grep -q '^edgegate_unreadable_gates 0$'
	[[ $(in_boot ps -o user= -C edgegate | sort | uniq -c | tr -s ' ') == ' 2 nobody' ]]
	figure=$(in_boot systemd-analyze --no-pager security edgegate-exporter | sed -n 's/.*Overall exposure.*: \([0-9.]*\) .*/\1/p')
	[[ -n $figure ]]
	grep -qF "exposure of $figure" docs/exporter.md || fail "docs/exporter.md doesn't say: exposure of $figure"
	in_boot systemctl stop edgegate-exporter
	[[ $(boot_state edgegate-exporter) == inactive ]]
	# what it was told wrong is not tried again and again
	boot_file_now /etc/edgegate/exporter.conf 'OPTIONS=--listen nowhere'
	run ! in_boot systemctl start edgegate-exporter
	wait_until boot_is edgegate-exporter failed
}

curl_metrics() {
	in_boot curl --silent --fail http://127.0.0.1:9979/metrics
}

boot_file_now() { # PATH LINE
	in_boot sh -c "echo '$2' >$1"
}
