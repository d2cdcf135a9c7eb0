#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# docs/monitoring/ with a real Prometheus, which scrapes the exporter of a live gate while traffic flows.
# shellcheck disable=SC2034 # net.bash reads what is set here

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/exporter.bash

readonly MONITORING=docs/monitoring
readonly FORWARD=50 DROPPED=120 # datagrams a second

prometheus_lacks() {
	command -v promtool >/dev/null && command -v prometheus >/dev/null || echo 'needs the package prometheus'
}

setup_file() {
	net_can && [[ -z $(prometheus_lacks) ]] || return 0
	net_begin
	net_pair
	cat >"$NET_DIR/policy.yaml" <<-END
		policy: watched
		rules:
		  - {name: media-in, direction: in, protocol: udp, ports: 5000, payload: {class: udp-media, mode: observe}}
		  - {name: media-out, direction: out, protocol: udp, ports: 5000}
	END
	net_start host socat -u UDP4-RECV:5000 OPEN:/dev/null,wronly
	wait_listen host udp 5000
	gate host apply -i gate0 "$NET_DIR/policy.yaml"
	exporter_start host
	exporter_wait host
	net_start peer build/tests/tools/pace 192.0.2.1 192.0.2.10 5000 "$FORWARD"
	net_start peer build/tests/tools/pace 198.51.100.7 192.0.2.10 9 "$DROPPED"
	# what is shipped, but quicker
	sed 's/15s/1s/' "$MONITORING/prometheus.yml" >"$NET_DIR/prometheus.yml"
	cp "$MONITORING/alerts.yml" "$NET_DIR"
	net_start host prometheus --config.file="$NET_DIR/prometheus.yml" --storage.tsdb.path="$NET_DIR/data" \
		--web.listen-address=127.0.0.1:9090 --log.level=warn
	NET_PIDS=() # they go with their namespaces
	net_share
}

setup() {
	local lacks
	lacks=$(prometheus_lacks)
	[[ -z $lacks ]] || skip "$lacks"
	net_can || skip 'needs root'
	NET_DIR=$NET_SHARED
}

teardown_file() { net_end; }

query() { # EXPRESSION: as JSON, a list
	in_ns host promtool query instant --format=json http://127.0.0.1:9090 "$1"
}

# Not by promtool, which takes a tenth of a second to begin.
answered() { # EXPRESSION
	in_ns host curl --silent --fail --max-time 10 --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query |
		jq -e '.status == "success" and (.data.result | length > 0)' >/dev/null
}

# The one value, as a whole number.
value() { # EXPRESSION
	query "$1" | jq -e 'if length == 1 then .[0].value[1] | tonumber | round else error("\(length) series") end'
}

reaches() { # EXPRESSION NUMBER
	(($(value "$1") >= $2))
}

# By no rule, as the gate says it.
dropped() {
	gate host stats -i gate0 --json | jq '.gates[].drops[] | select(.direction == "in" and .reason == "no-rule").packets'
}

near() { # VALUE WANTED
	local off=$(($1 - $2))
	((${off#-} * 20 <= $2)) || fail "$1, not $2"
}

@test "monitoring: configuration and alerts are what promtool wants, and each alert fires when it should" {
	run -0 promtool check config "$MONITORING/prometheus.yml"
	run -0 promtool check rules "$MONITORING/alerts.yml"
	run -0 promtool test rules "$MONITORING/alerts_test.yml"
	# none that no test has seen firing
	run -0 bash -c "comm -23 <(sed -n 's/.*- alert: //p' $MONITORING/alerts.yml | sort) \
		<(grep -o 'alertname=\"[A-Za-z]*\"' $MONITORING/alerts_test.yml | cut -d '\"' -f 2 | sort -u)"
	[[ -z $output ]]
	run -0 promtool check metrics < <(fetch host /metrics)
	[[ -z $output ]]
}

@test "monitoring: every query of the dashboard returns data" {
	local expression empty=0 count=0
	wait_until answered 'count_over_time(up{job="edgegate"}[13s]) >= 3'
	while IFS= read -r expression; do
		count=$((count + 1))
		expression=${expression//\$__rate_interval/10s}
		expression=${expression//\$instance/.*}
		expression=${expression//\$gate/.*}
		[[ $expression != *\$* ]] || fail "a variable that nobody fills: $expression"
		answered "$expression" || {
			echo "no data: $expression" >&2
			empty=$((empty + 1))
		}
	done < <(jq -r '.panels[].targets[]?.expr' "$MONITORING/grafana.json")
	((count >= 15 && empty == 0))
	# shellcheck disable=SC2016 # sed's
	# its variables ask for labels of metrics that are there
	while read -r expression; do
		answered "$expression"
	done < <(jq -r '.templating.list[].definition // empty' "$MONITORING/grafana.json" | sed -E 's/label_values\((.*), [a-z]+\)/\1/; s/\$instance/.*/')
	# no two panels lie on each other, none has another one's number
	jq -e '[.panels[].id] | length == (unique | length)' "$MONITORING/grafana.json"
}

# Alerts look for metrics by their names: of one that the exporter doesn't have, none would ever fire.
@test "monitoring: alerts and dashboard name only metrics that there are" {
	local name
	while read -r name; do
		answered "$name" || fail "no such metric: $name"
	done < <(grep -hoE '\bedgegate_[a-z_]+' "$MONITORING/alerts.yml" "$MONITORING/grafana.json" | sort -u)
}

@test "monitoring: Prometheus shows the rates that were sent" {
	local NET_PATIENCE=30 before
	# a rate wants a window full of samples
	wait_until answered 'count_over_time(up{job="edgegate"}[13s]) >= 12'
	near "$(value 'rate(edgegate_rule_packets_total{rule="media-in", path="forward"}[10s])')" "$FORWARD"
	near "$(value 'rate(edgegate_rule_bytes_total{rule="media-in", path="forward"}[10s])')" $((FORWARD * 142))
	near "$(value 'rate(edgegate_dropped_packets_total{direction="in", reason="no-rule"}[10s])')" "$DROPPED"
	[[ $(value 'sum(rate(edgegate_dropped_packets_total{reason!="no-rule"}[10s]))') == 0 ]]
	[[ $(value 'up{job="edgegate"}') == 1 ]]
	# and the gate's own count
	before=$(dropped)
	wait_until reaches 'edgegate_dropped_packets_total{direction="in", reason="no-rule"}' "$before"
	(($(value 'edgegate_dropped_packets_total{direction="in", reason="no-rule"}') <= $(dropped)))
}

@test "monitoring: an alert fires in Prometheus itself" {
	local NET_PATIENCE=20
	gate host apply -i gate0 --confirm 2s "$NET_DIR/policy.yaml"
	wait_until answered 'ALERTS{alertname="EdgegateRolledBack", alertstate="firing"}'
	gate host apply -i gate0 "$NET_DIR/policy.yaml"
	quiet() { ! answered 'ALERTS{alertname="EdgegateRolledBack", alertstate="firing"}'; }
	wait_until quiet
}
