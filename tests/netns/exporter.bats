#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The exporter and real clients: what it says is what stats says, and what it may do is next to nothing.
# shellcheck disable=SC2154,SC2034 # bats' run sets stderr; exporter.bash reads what is set here

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/exporter.bash

setup() {
	net_begin
	net_pair
}

teardown() { net_end; }

@test "exporter: counts what stats --json counts, under traffic" {
	local counted='^edgegate_(rule|passed|dropped)_(packets|bytes)_total|^edgegate_flows_max' i text
	gate host apply -i gate0
	exporter_start host
	exporter_wait host
	# from the start, and all of it
	metrics_of host gate0 | grep -E "$counted" | sort >"$NET_DIR/metrics"
	[[ $(wc -l <"$NET_DIR/metrics") -eq $((6 * 2 * 2 + 7 * 2 * 2 + 12 * 2 * 2 + 1)) ]]
	look host gate0
	seen edgegate_dropped_packets_total 'direction="in",reason="no-rule"' 0
	tcp_serve host 443
	tcp_try peer 192.0.2.10 443
	tcp_try peer 2001:db8::10 443
	for i in 22 23 24; do
		run ! tcp_try peer 192.0.2.10 "$i"
	done
	# nothing goes on that would count between the two
	wait_until settled
	look host gate0
	seen edgegate_rule_packets_total 'rule="access-sip-tls-in",direction="in",protocol="tcp",path="forward"' \
		"$(rule_count host access-sip-tls-in packets)"
	(($(value edgegate_rule_packets_total 'rule="access-sip-tls-in",direction="in",protocol="tcp",path="reply"') >= 6))
	(($(value edgegate_dropped_packets_total 'direction="in",reason="no-rule"') >= 3))
	# the exporter's page has the same JSON
	sleep 0.3
	[[ $(fetch host /api/v1/stats | jq -S --arg gate "$(ns host)/gate0" '.gates[] | select(.gate == $gate) | del(.flows)') == \
		"$(gate host stats -i gate0 --json | jq -S '.gates[] | del(.flows)')" ]]
	[[ $(fetch host /api/v1/status | jq -r --arg gate "$(ns host)/gate0" '.gates[] | select(.gate == $gate) | .policy') == lync-2013-public-im ]]
	text=$(fetch host /metrics)
	promtool_is_content "$text"
	[[ $text != *198.51.100* && $text != *192.0.2* && $text != *2001:db8* ]]
}

# Twice the same, from both.
settled() {
	local counted='^edgegate_(rule|passed|dropped)_(packets|bytes)_total|^edgegate_flows_max'
	stats_as_metrics host gate0 >"$NET_DIR/stats"
	metrics_of host gate0 | grep -E "$counted" | sort >"$NET_DIR/metrics"
	cmp "$NET_DIR/stats" "$NET_DIR/metrics"
}

is_same_openmetrics() { # ACCEPT
	local counted='^edgegate_(rule|passed|dropped)_packets'
	metrics_of host gate0 --header "Accept: $1" | grep -E "$counted" >"$NET_DIR/served" || return
	gate host stats -i gate0 --format openmetrics | grep -E "$counted" >"$NET_DIR/printed" || return
	cmp "$NET_DIR/served" "$NET_DIR/printed"
}

@test "exporter: OpenMetrics where it is asked for, with the same numbers" {
	local accept='application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
	gate host apply -i gate0
	exporter_start host
	exporter_wait host
	run --separate-stderr -0 fetch host /metrics --include
	[[ $output == *$'Content-Type: text/plain; version=0.0.4; charset=utf-8\r'* && $output != *'# EOF'* ]]
	run --separate-stderr -0 fetch host /metrics --include --header "Accept: $accept"
	[[ $output == *$'Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r'* ]]
	[[ ${lines[-1]} == '# EOF' && $output == *'# UNIT edgegate_rule_bytes bytes'* ]]
	[[ $output == *'# TYPE edgegate_gate info'*'edgegate_gate_info{'* ]]
	# the same from the command, once nothing counts between the two: a new link's neighbor discovery does
	wait_until is_same_openmetrics "$accept"
	diff <(metrics_of host gate0 | grep -E '^edgegate_(gate|interface|policy|emergency|confirm_p)') \
		<(gate host stats -i gate0 --format prometheus | grep -E '^edgegate_(gate|interface|policy|emergency|confirm_p)')
	promtool_is_content "$(gate host stats --format prometheus)"
}

@test "exporter: gates come and go" {
	exporter_start host
	exporter_wait host
	promtool_is_content "$(fetch host /metrics)"
	run ! look host gate0
	gate host apply -i gate0
	look host gate0
	seen edgegate_interface_attached 'interface="gate0"' 1
	seen edgegate_filters_ahead 'interface="gate0"' 0
	seen edgegate_gate_info 'policy="lync-2013-public-im",mode="enforce"' 1
	gate host detach -i gate0 --yes
	run ! look host gate0
	gate host apply -i gate0 --mode monitor host-basics
	look host gate0
	seen edgegate_gate_info 'policy="host-basics",mode="monitor"' 1
	# its interface goes: nothing is guarded any more, and it says so
	ip -n "$(ns host)" link delete gate0
	look host gate0
	seen edgegate_interface_attached 'interface="gate0"' 0
	exporter_is_quiet
	exporter_stop
}

@test "exporter: started before there is a bpffs, it sees what is pinned in one that is mounted later, and in another one" {
	grep -q ' /run/netns .* - tmpfs apart ' /proc/self/mountinfo || skip 'needs mounts of its own: tests/lib/apart'
	umount /sys/fs/bpf
	exporter_start host
	exporter_wait host
	run ! look host gate0
	gate host apply -i gate0 # mounts it
	wait_until look host gate0
	gate host detach -i gate0 --yes
	umount /sys/fs/bpf
	mount -t bpf -o mode=0700 bpf /sys/fs/bpf
	run ! look host gate0
	gate host apply -i gate0
	wait_until look host gate0
	exporter_is_quiet
	exporter_stop
}

@test "exporter: emergency, a deadline, what came of it, and drift" {
	local left map
	gate host apply -i gate0
	exporter_start host
	exporter_wait host
	look host gate0
	seen edgegate_policy_drift '' 0
	seen edgegate_emergency 'kind="block"' 0
	gate host block -i gate0
	look host gate0
	seen edgegate_emergency 'kind="block"' 1
	seen edgegate_emergency 'kind="open"' 0
	gate host open -i gate0
	look host gate0
	seen edgegate_emergency 'kind="open"' 1
	gate host resume -i gate0
	look host gate0
	seen edgegate_confirm_pending '' 0
	seen edgegate_confirm_left_seconds '' 0
	gate host apply -i gate0 --confirm 60s host-basics
	look host gate0
	seen edgegate_confirm_pending '' 1
	left=$(value edgegate_confirm_left_seconds)
	awk "BEGIN { exit !($left > 0 && $left <= 60) }"
	(($(value edgegate_confirm_deadline_timestamp_seconds) >= EPOCHSECONDS))
	seen edgegate_rolled_back 'by="deadline"' 0
	# a new apply takes its place, with a deadline that passes
	gate host apply -i gate0 --force --confirm 1s host-basics
	# it is past whether a packet has come or not; only the exporter looks, and it writes nothing
	wait_until look_and_see host gate0 edgegate_rolled_back 'by="deadline"' 1
	seen edgegate_gate_info 'policy="lync-2013-public-im",mode="enforce"' 1
	seen edgegate_confirm_pending '' 0
	# a change of a map is found at once by one that begins; within two minutes by this one
	exporter_stop
	gate host apply -i gate0
	# in tcp 5061, in whichever slot is in force
	for map in "/sys/fs/bpf/edgegate/network-namespace-$(netns_cookie host)/gate0"/slot*-tuples; do
		bpftool map delete pinned "$map" key hex 00 06 c5 13 2>/dev/null || true
	done
	# and of the piece of memory, of which it maps the first page alone but for this
	build/tests/tools/poke "${map%/*}/memory" table
	exporter_start host
	exporter_wait host
	look host gate0
	seen edgegate_policy_drift '' 1
	# shellcheck disable=SC2016 # jq's
	run -0 jq -r --arg gate "$(ns host)/gate0" '.gates[] | select(.gate == $gate).drifted | sort | join(" ")' < <(fetch host /api/v1/status)
	[[ $output == 'table tuples' ]] || fail "$output"
}

@test "exporter: a gate of another namespace, by its pins alone" {
	gate host apply -i gate0
	exporter_start peer
	exporter_wait peer
	GATE_AT=host
	look peer gate0
	seen edgegate_interface_attached 'interface="gate0"' 1
	seen edgegate_interface_info 'facing="outside"' 1
	# what only its own namespace tells is left out, not made up
	[[ -z $(value edgegate_filters_ahead) ]]
	run ! tcp_try peer 192.0.2.10 22
	look peer gate0
	(($(value edgegate_dropped_packets_total 'direction="in",reason="no-rule"') >= 1))
	ip -n "$(ns host)" link delete gate0
	look peer gate0
	seen edgegate_interface_attached 'interface="gate0"' 0
}

# The name of a namespace that is gone can be another one's, and gates outlive it.
@test "exporter: three gates of one name have three labels" {
	local round labels name
	name=$(ns again)
	for round in 1 2 3; do
		[[ $round == 1 ]] || ip netns del "$name"
		ip netns add "$name"
		ip -n "$name" link add gate0 type veth peer name wire0
		"$EDGEGATE" --netns "$name" apply -i gate0
	done
	exporter_start peer
	exporter_wait peer
	labels=$(fetch peer /metrics | sed -nE 's/^edgegate_gate_created_timestamp_seconds\{gate="(.*)"\}.*/\1/p')
	echo "$labels"
	[[ $(wc -l <<<"$labels") == 3 && $(sort -u <<<"$labels" | wc -l) == 3 ]]
	ip netns del "$name"
	for name in $("$EDGEGATE" status --json | jq -r '.gates[].gate | select(endswith("/gate0"))'); do
		"$EDGEGATE" detach -i "$name" --yes
	done
}

@test "exporter: a gate that can't be read is named, and counted" {
	local broken
	gate host apply -i gate0
	exporter_start host
	exporter_wait host
	rm "$(gate_folder host)/outcome_counts"
	sleep 0.3 # what was shared a moment ago is no news
	fetch host /metrics | grep -qx 'edgegate_unreadable_gates 1'
	fetch host /api/v1/stats | jq -e '.gates == [] and (.unreadable | length) == 1' >/dev/null
	fetch host /api/v1/status | jq -e '.gates == [] and (.unreadable | length) == 1' >/dev/null
	run -1 --separate-stderr gate host status --json
	jq -e '.unreadable | length == 1' <<<"$output" >/dev/null
	grep -q outcome_counts "$EXPORTER_LOG"
	# it isn't left to the tests behind this one, nor to others
	broken=$(gate_folder host)
	net_detach "$(ns host)"
	[[ ! -e $broken ]]
}

@test "exporter: ends when the process that reads gates is gone" {
	local status=0
	exporter_start host
	exporter_wait host
	kill -KILL "$(pgrep -P "$EXPORTER_PID")"
	wait "$EXPORTER_PID" || status=$?
	[[ $status -eq 1 ]]
	grep -q 'the process that reads the gates is gone' "$EXPORTER_LOG"
}

# The status of what comes back to who asks under a name. Curl leaves an empty one out but with a semicolon.
asked_as() { # NAME HOST
	status_of "$1" /metrics --header "Host${2:+: }${2:-;}"
}

@test "exporter: a stranger's name that leads to this machine gets nothing" {
	local name own
	own=$(uname -n)
	exporter_start host
	exporter_wait host
	for name in evil.example evil.example:9979 127.0.0.1.evil.example localhost.evil.example "$own.evil.example:9979" '[evil.example]' ''; do
		[[ $(asked_as host "$name") == 421 ]] || fail "$name"
	done
	for name in 127.0.0.1 127.0.0.1:9979 192.0.2.10:9979 '[::1]:9979' localhost LOCALHOST:9979 a.localhost:9979 "$own" "$own:9979"; do
		[[ $(asked_as host "$name") == 200 ]] || fail "$name"
	done
	# as a browser would, and on every path; it is told what to do
	EXPORTER_AT=http://rebound.example:9979
	for name in / /healthz /metrics /api/v1/stats /none; do
		[[ $(status_of host "$name" --resolve rebound.example:9979:127.0.0.1) == 421 ]] || fail "$name"
	done
	run -0 in_ns host curl --silent --include --resolve rebound.example:9979:127.0.0.1 "$EXPORTER_AT/api/v1/status"
	[[ $output == *'421 Misdirected Request'*'ask by address or as localhost'*--auth-basic* && $output != *gates* ]]
	# one that is good doesn't make up for one that isn't
	EXPORTER_AT=http://127.0.0.1:9979
	for name in 'localhost\r\nHost: evil.example' 'evil.example\r\nhost: localhost'; do
		printf 'GET /metrics HTTP/1.1\r\nHost: %b\r\n\r\n' "$name" | in_ns host socat -t 5 - TCP:127.0.0.1:9979 >"$NET_DIR/answer"
		grep -qE '^HTTP/1.1 4(00|21) ' "$NET_DIR/answer" || fail "$name: $(head -n 1 "$NET_DIR/answer")"
	done
	[[ $(status_of host /metrics --http1.0 --header 'Host:') == 200 ]]
	[[ $(fetch host /metrics | awk '$1 == "edgegate_exporter_responses_total{code=\"421\"}" { print $2 }') -ge 13 ]]
	exporter_stop
	# where others may ask too, names are theirs to give; and a stranger's page has no token
	exporter_start host --listen 192.0.2.10:9979
	EXPORTER_AT=http://192.0.2.10:9979
	wait_until fetch host /healthz
	[[ $(status_of host /metrics --header 'Host: edge.example:9979') == 200 ]]
	exporter_stop
	(umask 077 && openssl rand -hex 32 >"$NET_DIR/tokens")
	exporter_start host --auth-bearer "$NET_DIR/tokens"
	EXPORTER_AT=http://127.0.0.1:9979
	exporter_wait host
	[[ $(asked_as host edge.example) == 401 ]]
	[[ $(status_of host /metrics --header 'Host: edge.example' --header "Authorization: Bearer $(<"$NET_DIR/tokens")") == 200 ]]
}
