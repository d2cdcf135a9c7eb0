#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Every --json fits its schema in docs/schema/, with real output of a real gate.

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/replay.bash
load ../lib/exporter.bash

setup() {
	net_begin
	python3 -c 'import jsonschema' 2>/dev/null || skip 'needs python3-jsonschema'
	net_pair
}

teardown() { net_end; }

# With open=--open keys that the schema doesn't name are borne.
fits() { # SCHEMA COMMAND...
	local schema=docs/schema/$1.json options=()
	shift
	[[ -z ${open-} ]] || options=(--open)
	"$@" >"$NET_DIR/document"
	# a document that says nothing fits many schemas
	[[ -s $NET_DIR/document ]]
	tests/lib/validate-json "${options[@]}" "$schema" <"$NET_DIR/document"
	echo "$schema" >>"$BATS_FILE_TMPDIR/fitted"
}

each_of() { # VERB
	local one
	for one in "${names[@]}"; do
		"$EDGEGATE" "$1" --json "$one"
	done
}

each_of_two() { # VERB
	local one two
	for one in "${names[@]}"; do
		for two in "${names[@]}"; do
			"$EDGEGATE" "$1" --json "$one" "$two"
		done
	done
}

@test "schema: every verb that has --json has one" {
	local verb verbs=()
	mapfile -t verbs < <("$EDGEGATE" --help | awk '/^  [a-z]+  / { print $1 }')
	((${#verbs[@]} > 8))
	for verb in "${verbs[@]}"; do
		if "$EDGEGATE" "$verb" --help | grep -q -e --json; then
			[[ -f docs/schema/$verb.json ]]
		else
			[[ ! -e docs/schema/$verb.json ]]
		fi
	done
}

@test "schema: each has a version that its documents must name" {
	local schema version
	for schema in docs/schema/*.json; do
		# history is no verb's
		[[ $(jq -r .title "$schema") == "edgegate $(basename "$schema" .json) --json" ||
			$(jq -r .title "$schema") == "edgegate exporter /api/v1/$(basename "$schema" .json)" ]]
		# of replay's lines, the last
		version=$(jq -c '.["$defs"].summary // . | [.properties.version, (.required | index("version"))]' "$schema")
		[[ $version == '[{"const":1},0]' ]]
	done
}

@test "schema: explain" {
	local packet
	for packet in 'in tcp 198.51.100.7:40000 > 192.0.2.10:22' 'in tcp 198.51.100.7:40000 > 192.0.2.10:443' \
		'out tcp 192.0.2.10:443 > 198.51.100.7:40000 flags=A' 'in arp 198.51.100.7 > 192.0.2.10' 'in hex 00'; do
		fits explain "$EDGEGATE" explain --json "$packet"
	done
	gate host apply -i gate0 --mode monitor
	fits explain gate host explain --json -i gate0 'in tcp 198.51.100.7:40000 > 192.0.2.10:22'
	gate host block -i gate0
	fits explain gate host explain --json -i gate0 'in tcp 198.51.100.7:40000 > 192.0.2.10:443'
	jq -e '.reason == "blocked" and .mode == "block"' "$NET_DIR/document"
	gate host rollback -i gate0 --yes
	gate host resume -i gate0
	fits explain gate host explain --json -i gate0 'in tcp 198.51.100.7:40000 > 192.0.2.10:22'
	jq -e '.mode == "none" and .verdict == "pass"' "$NET_DIR/document"
	# two frames on Ethernet, little-endian pcap: UDP in, and a start of one
	{
		printf '\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\1\0\1\0\0\0'
		printf '\1\0\0\0\0\0\0\0\52\0\0\0\52\0\0\0\2\0\0\0\0\1\2\0\0\0\0\2\10\0'
		printf '\105\0\0\34\0\0\0\0\100\21\0\0\306\63\144\7\300\0\2\12\234\100\15\226\0\10\0\0'
		printf '\2\0\0\0\0\0\0\0\20\0\0\0\52\0\0\0\2\0\0\0\0\1\2\0\0\0\0\2\10\0\105\0'
	} >"$NET_DIR/two.pcap"
	fits explain "$EDGEGATE" explain --json --host 192.0.2.10 --capture "$NET_DIR/two.pcap" --packet 1
	fits explain "$EDGEGATE" explain --json --host 192.0.2.10 --capture "$NET_DIR/two.pcap" --packet 2
	jq -e '.verdict == "unknown" and .n == 2' "$NET_DIR/document"
}

@test "schema: replay" {
	local -x open=--open
	local arp='ffffffffffff0200000000010806000108000604000102000000000''1c6336407000000000000c000020a'
	sample "$NET_DIR/all.pcap"
	# what passes as essential, and the start of a datagram
	{ pcap_packet 9 0 "$arp" && pcap_packet 9 0 "$ETHERNET${SAMPLE[0]:0:20}" 42; } | xxd -r -p >>"$NET_DIR/all.pcap"
	cp "$NET_DIR/all.pcap" "$NET_DIR/"$'\xff"\n.pcap'
	fits replay "$EDGEGATE" replay --json --summary --host 192.0.2.10 "$NET_DIR/all.pcap"
	jq -se '[.[:-1][] | .rule // .kind // .reason] == ["av-stun-out", "av-stun-out", "av-stun-in", "av-stun-in",
		"no-rule", "no-rule", "arp", "truncated"]' "$NET_DIR/document"
	# the counts are a document of stats and what got no verdict
	head -n -1 "$NET_DIR/document" >"$NET_DIR/lines"
	counts() {
		tail -n 1 "$NET_DIR/$1" | jq 'del(.unknown)'
	}
	cp "$NET_DIR/document" "$NET_DIR/counts"
	open='' fits stats counts counts
	fits replay "$EDGEGATE" replay --json --summary --host 192.0.2.10 --diff host-basics "$NET_DIR/all.pcap" "$NET_DIR/"$'\xff"\n.pcap'
	jq -se '(.[:-1] | all(.other.verdict) and length == 8) and (.[-1].gates | length == 2) and
		([.[:-1][].capture] | unique | length == 2)' "$NET_DIR/document"
	cp "$NET_DIR/document" "$NET_DIR/counts"
	open='' fits stats counts counts
	fits replay "$EDGEGATE" replay --json --only unknown "$NET_DIR/all.pcap"
}

@test "schema: check, policies, diff" {
	local names
	fits policies "$EDGEGATE" policies --json
	mapfile -t names < <(jq -r '.policies[].name' "$NET_DIR/document")
	((${#names[@]} > 2))
	fits check each_of check
	[[ $(jq -s length "$NET_DIR/document") == "${#names[@]}" ]]
	fits diff each_of_two diff
	[[ $(jq -s length "$NET_DIR/document") == $((${#names[@]} * ${#names[@]})) ]]
	cat >"$NET_DIR/all.yaml" <<-'END'
		policy: all
		groups: {us: [192.0.2.10, "2001:db8::/32"]}
		rules:
		  - {name: t, direction: in, protocol: tcp, ports: [80, 443], limit: {rate: 5/m, per: source}, note: one}
		  - {name: u, direction: out, protocol: udp, ports: 3478, peer-ports: 1-9, from: us,
		     payload: {class: udp-media}}
		  - {name: g, direction: in, protocol: 47}
		  - {name: i, direction: in, protocol: icmp, types: [echo-request, 13]}
		essentials: {ping: true, arp: false}
		fragments: drop
		flows: {max: 2048, timeouts: {udp: 90s}}
	END
	fits check "$EDGEGATE" check --json "$NET_DIR/all.yaml"
	fits diff "$EDGEGATE" diff --json "$NET_DIR/all.yaml" lync-2013-public-im
	fits diff "$EDGEGATE" diff --json lync-2013-public-im "$NET_DIR/all.yaml"
	sed 's/90s/91s/; s/80, 443/80-81/; s/::\/32/::\/33/; s/5\/m/6\/m/' "$NET_DIR/all.yaml" >"$NET_DIR/other.yaml"
	fits diff "$EDGEGATE" diff --json "$NET_DIR/all.yaml" "$NET_DIR/other.yaml"
	jq -e '[.rules[].fields[] | .addresses // empty] == ["narrower"]' "$NET_DIR/document"
}

@test "schema: stats, status, flows of a gate that has had much to do" {
	tcp_serve peer 5061
	udp_serve peer 53
	gate host apply -i gate0 --group access-edge=192.0.2.10,2001:db8::10
	printf '%s\n' 'policy: ping' 'essentials: {ping: true}' 'rules:' \
		'  - {name: relay-out, direction: out, protocol: udp, ports: 53, peer-ports: 1-65535}' \
		'  - {name: media-in, direction: in, protocol: udp, ports: 53, limit: {rate: 9/m, per: source}, payload: {class: udp-media}}' \
		>"$NET_DIR/ping.yaml"
	gate host apply -i gate0 lync-2013-public-im "$NET_DIR/ping.yaml"
	tcp_try host 192.0.2.1 5061
	tcp_try host 2001:db8::1 5061
	udp_try host 192.0.2.1 53
	ping_try host 192.0.2.1
	ping_try host 2001:db8::1
	fits stats gate host stats --json -i gate0
	jq -e 'any(.gates[0].rules[]; .limit and .payload) and any(.gates[0].rules[]; .peer_ports)' "$NET_DIR/document"
	fits status gate host status --json -i gate0
	gate host apply -i gate0 --confirm 1h lync-2013-public-im "$NET_DIR/ping.yaml"
	fits status gate host status --json -i gate0
	fits stats gate host stats --json -i gate0
	gate host confirm -i gate0
	fits flows gate host flows --json -i gate0
	[[ $(jq '.gates[0].flows | length' "$NET_DIR/document") == 5 ]]
	fits diff gate host diff --json -i gate0
	# rules of the former policy, and what no policy has any more
	gate host apply -i gate0 host-basics
	gate host apply -i gate0 host-basics
	gate host apply -i gate0 lync-2013-public-im-relay
	fits stats gate host stats --json -i gate0
	jq -e '[.gates[0].rules[] | .reserve // empty] | length > 0' "$NET_DIR/document"
	jq -e 'any(.gates[0].rules[]; .name == "(removed)" and .protocol == null)' "$NET_DIR/document"
	fits flows gate host flows --flush --yes --json -i gate0
}

@test "schema: what the exporter serves" {
	gate host apply -i gate0
	exporter_start host
	exporter_wait host
	fits history fetch host /api/v1/history
	jq -e '.gates[0] | (.at | length) as $samples | $samples > 0 and
		all((.passed, .drops)[].packets; length == $samples)' "$NET_DIR/document"
	fits stats fetch host /api/v1/stats
	fits status fetch host /api/v1/status
}

@test "schema: a document that does not fit is told" {
	gate host apply -i gate0
	gate host stats --json -i gate0 | jq '.gates[0].rules[0].packets = "7"' >"$NET_DIR/wrong"
	run -1 tests/lib/validate-json docs/schema/stats.json <"$NET_DIR/wrong"
	[[ $output == 'gates/0/rules/0/packets: '* ]]
	gate host stats --json -i gate0 | jq '.gates[0].more = 1' >"$NET_DIR/wrong"
	run -1 tests/lib/validate-json docs/schema/stats.json <"$NET_DIR/wrong"
	gate host stats --json -i gate0 | jq 'del(.gates[0].flows)' >"$NET_DIR/wrong"
	run -1 tests/lib/validate-json docs/schema/stats.json <"$NET_DIR/wrong"
}

# The last one: what the others have checked.
@test "schema: each was held against real output" {
	((BATS_TEST_NUMBER == $(grep -c ^@test "$BATS_TEST_FILENAME"))) || skip 'only behind all others'
	diff <(printf '%s\n' docs/schema/*.json) <(sort -u "$BATS_FILE_TMPDIR/fitted")
}
