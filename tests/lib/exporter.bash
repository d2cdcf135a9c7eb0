# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# An exporter in a namespace, and what it says. To be loaded after rows.bash.
#
#	exporter_start host --listen 127.0.0.1:9979
#	metrics_of host gate0 | grep edgegate_flows

EXPORTER_AT=http://127.0.0.1:9979

# Once its privileges are gone nobody can look for leaks in it: LeakSanitizer needs ptrace. What it holds
# on to is seen by its memory and descriptors (exporter_clients.bats).
exporter_start() { # NAME [OPTION...]
	local name=$1
	shift
	ASAN_OPTIONS=detect_leaks=0 net_start "$name" "${EXPORTER-$EDGEGATE}" exporter "$@"
	EXPORTER_PID=$NET_PID
	# shellcheck disable=SC2034 # read by tests
	EXPORTER_LOG=$NET_DIR/$name-edgegate.log
}

exporter_wait() { # NAME [PORT]
	wait_listen "$1" tcp "${2-9979}"
	wait_until fetch "$1" /healthz
}

# It has said where it serves, and no more.
exporter_is_quiet() {
	[[ $(<"$EXPORTER_LOG") == "serving http"* && $(wc -l <"$EXPORTER_LOG") == 1 ]]
}

exporter_stop() {
	kill "$EXPORTER_PID"
	wait "$EXPORTER_PID"
}

# What stands at a path, or curl's failure.
fetch() { # NAME PATH [CURL-OPTION...]
	local name=$1 path=$2
	shift 2
	in_ns "$name" curl --silent --show-error --fail --max-time 10 "$@" "$EXPORTER_AT$path"
}

# Only the status.
status_of() { # NAME PATH [CURL-OPTION...]
	local name=$1 path=$2
	shift 2
	in_ns "$name" curl --silent --output /dev/null --max-time 10 --path-as-is --write-out '%{http_code}' "$@" "$EXPORTER_AT$path"
}

# The lines of one gate: tests of other files have gates at the same time. What was shared a moment ago is
# no news.
metrics_of() { # NAME INTERFACE [CURL-OPTION...]
	local name=$1 label
	label=$(ns "${GATE_AT-$1}")/$2
	shift 2
	sleep 0.3
	fetch "$name" /metrics "$@" | grep -F "gate=\"$label\""
}

# Looks, once, for what seen() and value() then say of it. 1: there is no such gate.
look() { # NAME INTERFACE [CURL-OPTION...]
	metrics_of "$@" >"$NET_DIR/look"
}

# The value of a line that has these labels among others.
value() { # METRIC [LABELS]
	awk -v name="$1" -v labels="${2-}" \
		'index($0, name "{") == 1 && (labels == "" || index($0, labels)) { print $NF }' "$NET_DIR/look"
}

seen() { # METRIC LABELS VALUE
	[[ $(value "$1" "$2") == "$3" ]]
}

# For wait_until.
look_and_see() { # NAME INTERFACE METRIC LABELS VALUE
	look "$1" "$2" && seen "$3" "$4" "$5"
}

# What stats --json says of a gate, as lines of metrics.
stats_as_metrics() { # NAME INTERFACE
	gate "$1" stats -i "$2" --json | jq -r '.gates[] | .gate as $gate |
		def line(name; labels; value): "\(name){gate=\"\($gate)\"\(labels)} \(value)";
		(.rules[] | ",rule=\"\(.name)\",direction=\"\(.direction)\",protocol=\"\(.protocol // "")\",path=\"" as $rule |
			line("edgegate_rule_packets_total"; $rule + "forward\""; .packets),
			line("edgegate_rule_bytes_total"; $rule + "forward\""; .bytes),
			line("edgegate_rule_packets_total"; $rule + "reply\""; .reply_packets),
			line("edgegate_rule_bytes_total"; $rule + "reply\""; .reply_bytes)),
		(.passed[] | ",direction=\"\(.direction)\",kind=\"\(.kind)\"" as $kind |
			line("edgegate_passed_packets_total"; $kind; .packets), line("edgegate_passed_bytes_total"; $kind; .bytes)),
		(.drops[] | ",direction=\"\(.direction)\",reason=\"\(.reason)\"" as $reason |
			line("edgegate_dropped_packets_total"; $reason; .packets), line("edgegate_dropped_bytes_total"; $reason; .bytes)),
		line("edgegate_flows_max"; ""; .flows.max)' | sort
}

# Fields of /proc/PID/status.
process() { # PID FIELD
	awk -v field="$2:" '$1 == field { $1 = ""; sub(/^ /, ""); print }' "/proc/$1/status"
}

# What promtool has to say of metrics: nothing.
promtool_is_content() { # TEXT
	command -v promtool >/dev/null || return 0
	run -0 promtool check metrics <<<"$1"
	[[ -z $output ]]
}

netns_cookie() { # NAME
	local folder
	for folder in /sys/fs/bpf/edgegate/network-namespace-*; do
		# 16 interfaces, then the name: the stamp tells
		! bpftool map dump pinned "$folder/gate0/stamp" 2>/dev/null | tr -d ' \n' | xxd -r -p 2>/dev/null | grep -qaF "$(ns "$1")" || echo "${folder##*-}"
	done
}

# The gate's command under another one, which neither LeakSanitizer nor a signal is in the way of.
gate_under() { # NAME COMMAND... exporter OPTION...
	local name=$1 under=()
	shift
	while [[ $1 != exporter ]]; do
		under+=("$1")
		shift
	done
	ASAN_OPTIONS=detect_leaks=0 in_ns "$name" "${under[@]}" "$EDGEGATE" "$@"
}
