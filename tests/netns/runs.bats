#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# How often the kernel ran a gate's programs, and for how long: told while kernel.bpf_stats_enabled is on, by pins that
# go where the programs go. The setting is the whole machine's: it is turned on here, and put back. No other file does.
# shellcheck disable=SC2154 # bats' run sets output

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/exporter.bash

SETTING=/proc/sys/kernel/bpf_stats_enabled

setup() {
	net_begin
	WAS=$(<$SETTING)
	net_pair
	printf 'policy: one\nrules:\n  - {name: in, direction: in, protocol: udp, ports: 5061}\n' >"$NET_DIR/one.yaml"
	sed 's/5061/5062/' "$NET_DIR/one.yaml" >"$NET_DIR/two.yaml"
}

teardown() {
	[[ -z ${WAS-} ]] || echo "$WAS" 2>/dev/null >$SETTING || true
	net_end
}

counts() { # 0|1
	echo "$1" 2>/dev/null >$SETTING || skip 'needs to write kernel.bpf_stats_enabled'
}

# Packets to a port of the host that some rule allows, and to another one.
sends() { # HOW-MANY
	# shellcheck disable=SC2016 # it is the inner shell's
	in_ns peer bash -c 'for ((i = 0; i < $1; i++)); do echo >/dev/udp/192.0.2.10/5061; echo >/dev/udp/192.0.2.10/9; done' - "$1"
}

# Of each hook: how often it ran, and how many packets it has judged.
runs() {
	gate host stats -i gate0 --json | jq -r '.gates[0] |
		def judged($direction): [(.rules[] | if .direction == $direction then .packets else .reply_packets end),
			((.passed[], .drops[]) | select(.direction == $direction).packets)] | add;
		def ran($hook; $direction): .program_runs[] | select(.hook == $hook and .direction == $direction).runs;
		[ran("xdp"; "in"), judged("in"), ran("tc"; "out"), judged("out")] | join(" ")'
}

# Both are read one after the other, and a packet may come in between: read when none does.
runs_at_rest() {
	local one='' two i
	two=$(runs)
	for ((i = 0; i < 50; i++)); do
		[[ $one != "$two" ]] || break
		sleep 0.3
		one=$two two=$(runs)
	done
	[[ $one == "$two" ]] || {
		fail "something is counted all the time: $one, then $two"
		return 1
	}
	echo "$two"
}

# Both of the gate's counts have grown by the same, and by so many at least.
grew() { # BEFORE LEAST
	local before now i
	read -r -a before <<<"$1"
	read -r -a now <<<"$(runs)"
	((now[0] - before[0] >= $2)) || return 1
	for i in 0 2; do
		((now[i] - before[i] == now[i + 1] - before[i + 1])) || return 1
	done
}

# Ids of the programs that are pinned to be counted.
counted() {
	local pin
	for pin in "$(gate_folder host)"/*-counted; do
		echo "${pin##*/} $(bpftool -j prog show pinned "$pin" | jq .id)"
	done
}

# They are those that are attached.
is_counted() {
	[[ $(counted) == "$(gate host status -i gate0 --json | jq -r '.gates[0].interfaces[0] | "tc0-counted \(.tc_program)\nxdp0-counted \(.xdp_program)"')" ]]
}

@test "runs: as many as there were packets, in stats, metrics and the exporter; none while the kernel doesn't count" {
	local before
	counts 0
	gate host apply -i gate0 "$NET_DIR/one.yaml"
	[[ $(gate host stats -i gate0 --json | jq -c '.gates[0].program_runs') == '[]' ]]
	run -0 gate host stats -i gate0 --format prometheus
	[[ $output == *'# TYPE edgegate_program_runs_total counter'* ]]
	! grep '^edgegate_program_run' <<<"$output" || fail 'told of what is not counted'
	exporter_start host --listen 127.0.0.1:9979
	exporter_wait host
	! metrics_of host gate0 | grep edgegate_program_run || fail 'told of what is not counted'
	counts 1
	before=$(runs_at_rest)
	sends 50
	wait_until grew "$before" 100
	gate host stats -i gate0 --json |
		jq -e '.gates[0].program_runs[] | select(.hook == "xdp") | .nanoseconds > 10 * .runs' >/dev/null
	run -0 gate host stats -i gate0
	[[ $output =~ 'programs: xdp in '[0-9]+' ns a packet, tc out '([0-9]+ ns a packet|has not run) ]]
	# who serves may not even ask for a program by its id
	look host gate0
	(($(value edgegate_program_runs_total 'hook="xdp",direction="in"') >= 100))
	[[ $(value edgegate_program_run_seconds_total 'hook="xdp",direction="in"') =~ ^[0-9.e-]+$ ]]
	[[ $(value edgegate_program_runs_total 'hook="tc",direction="out"') =~ ^[0-9]+$ ]]
	exporter_stop
	counts 0
	[[ $(gate host stats -i gate0 --json | jq -c '.gates[0].program_runs') == '[]' ]]
}

@test "runs: pins go with the programs: applied, upgraded, overtaken, attached anew, by TCX and clsact" {
	local how before other=$PWD/build/other/edgegate
	before=$(remains)
	for how in tcx clsact; do
		gate host apply -i gate0 --tc $how "$NET_DIR/one.yaml"
		is_counted
		# by another edgegate, and back
		EDGEGATE=$other gate host apply -i gate0 "$NET_DIR/two.yaml"
		is_counted
		gate host apply -i gate0 "$NET_DIR/one.yaml"
		is_counted
		# an interface of that name, made anew
		ip -n "$(ns host)" link del gate0
		net_link host gate0 peer wire0
		gate host apply -i gate0 "$NET_DIR/two.yaml"
		is_counted
		gate host detach -i gate0 --yes
	done
	left_nothing "$before"
}

@test "runs: a pin that is missing comes back, another's program is not taken for ours, one that is lost is let go" {
	local folder
	counts 1
	gate host apply -i gate0 "$NET_DIR/one.yaml"
	folder=$(gate_folder host)
	rm "$folder/xdp0-counted"
	[[ $(gate host stats -i gate0 --json | jq -c '[.gates[0].program_runs[].hook]') == '["tc"]' ]]
	# as after an upgrade by one that knows nothing of pins
	bpftool prog pin pinned "$folder/tc0-counted" "$folder/xdp0-counted"
	sends 1
	[[ $(gate host stats -i gate0 --json | jq -c '[.gates[0].program_runs[].hook]') == '["tc"]' ]]
	gate host apply -i gate0 "$NET_DIR/two.yaml"
	is_counted
	[[ $(gate host stats -i gate0 --json | jq -c '[.gates[0].program_runs[].hook]') == '["xdp","tc"]' ]]
	# without leave to look for programs by id it is left out, and nothing else
	rm "$folder/xdp0-counted"
	run -0 --separate-stderr in_ns host setpriv --bounding-set -sys_admin --inh-caps -sys_admin \
		"$EDGEGATE" apply -i gate0 "$NET_DIR/one.yaml"
	[[ ! -e $folder/xdp0-counted && $stderr != *monitoring* ]]
	# with it, once more
	gate host apply -i gate0 "$NET_DIR/two.yaml"
	is_counted
}

@test "runs: two interfaces of a gate share programs, and each packet counts once" {
	local before
	counts 1
	net_link host gate1 peer wire1
	ip -n "$(ns host)" addr add 198.51.100.10/24 dev gate1
	ip -n "$(ns peer)" addr add 198.51.100.1/24 dev wire1
	gate host apply -i gate0 -i gate1 "$NET_DIR/one.yaml"
	before=$(runs_at_rest)
	sends 20
	# shellcheck disable=SC2016 # it is the inner shell's
	in_ns peer bash -c 'for i in {1..20}; do echo >/dev/udp/198.51.100.10/9; done'
	wait_until grew "$before" 60
	# of an interface that is gone the program isn't kept
	ip -n "$(ns host)" link del gate1
	[[ -e $(gate_folder host)/xdp1-counted ]]
	gate host apply -i gate0 "$NET_DIR/two.yaml"
	[[ ! -e $(gate_folder host)/xdp1-counted && ! -e $(gate_folder host)/tc1-counted ]]
	gate host detach -i gate0 --yes
}
