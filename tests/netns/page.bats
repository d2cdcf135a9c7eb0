#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The exporter's page, in Chromium, before a live gate with traffic: tests/page.
# It takes long: it begins first. One browser serves all tests (tests/page/serve.mjs).
# shellcheck disable=SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/exporter.bash

# What is missing, or nothing.
page_lacks() {
	command -v node >/dev/null || echo 'needs node'
	[[ -x ${CHROMIUM-/usr/bin/chromium} ]] || echo 'needs chromium'
	[[ -d build/page/node_modules/playwright-core ]] || echo 'needs playwright-core: make setup, with npm'
}

setup_file() {
	net_can && [[ -z $(page_lacks) ]] || return 0
	net_begin
	net_pair
	# another namespace of the machine, with a way that no gate is on
	net_ns viewer
	net_link host side0 viewer side0
	net_address host side0 203.0.113.1/24
	net_address viewer side0 203.0.113.2/24
	net_start host socat -u UDP4-RECV:5000 OPEN:/dev/null,wronly
	wait_listen host udp 5000
	policies
	HOST_NETNS=$(ns host)
	PEER_NETNS=$(ns peer)
	VIEWER_NETNS=$(ns viewer)
	export HOST_NETNS PEER_NETNS VIEWER_NETNS EDGEGATE
	gate host apply -i gate0 "$POLICY"
	exporter_start host
	exporter_wait host
	export EXPORTER_PID PAGE_SOCKET=$NET_DIR/page.sock
	# what a browser leaves behind goes with the test's folder
	net_start host env TMPDIR="$NET_DIR" node tests/page/serve.mjs "$PAGE_SOCKET"
	NET_PATIENCE=60 wait_until test -S "$PAGE_SOCKET" || fail "$(<"$NET_DIR/host-env.log")"
	NET_PIDS=() # it goes with its namespace
	net_share
}

setup() {
	local lacks
	lacks=$(page_lacks | head -n 1)
	[[ -z $lacks ]] || skip "$lacks"
	net_can || skip 'needs root'
	NET_PIDS=()
	NET_DIR=$(mktemp -d "$BATS_TEST_TMPDIR/net.XXXXXX")
}

# The gate stays: the page is shown its whole history.
teardown() {
	local pid
	for pid in "${NET_PIDS[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
}

teardown_file() { net_end; }

policies() {
	export POLICY=$NET_DIR/one.yaml POLICY_TWO=$NET_DIR/two.yaml POLICY_MARKUP=$NET_DIR/markup.yaml POLICY_MANY=$NET_DIR/many.yaml
	local number
	cat >"$POLICY" <<-END
		policy: one
		rules:
		  - {name: media-in, direction: in, protocol: udp, ports: 5000, from: 192.0.2.0/24, note: what is shown}
		  - {name: names-out, direction: out, protocol: udp, ports: 53}
	END
	cat >"$POLICY_TWO" <<-END
		policy: two
		groups: {offices: [192.0.2.0/24, 203.0.113.0/24, '2001:db8:77::/48']}
		rules:
		  - {name: media-in, direction: in, protocol: udp, ports: 5000, from: offices, note: what is shown}
		  - name: a-rule-with-a-long-name-and-all-that-a-rule-can-ask
		    direction: in
		    protocol: udp
		    ports: [4000-4100, 4200, 6000-6010]
		    from: [192.0.2.0/24, 198.51.100.0/25, 203.0.113.0/24, '2001:db8:1234:5678:9abc:def0:1234:0/112']
		    limit: {rate: 20/s, burst: 40, per: source}
		    payload: {class: udp-media, mode: observe}
		    note: A note that is long enough to want more than one line wherever a table is shown, and averyveryverylongwordwithoutanyplacetobreakitinto
	END
	sed "s|note: what is shown|note: '<script>window.pwned = 1</script><img src=x onerror=\"window.pwned = 1\"><b>bold</b> \&amp;'|" \
		"$POLICY" >"$POLICY_MARKUP"
	{
		echo 'policy: many'
		echo 'rules:'
		echo '  - {name: media-in, direction: in, protocol: udp, ports: 5000}'
		for number in {1..1000}; do
			echo "  - {name: rule-$number, direction: in, protocol: tcp, ports: $((10000 + number)), note: number $number}"
		done
	} >"$POLICY_MANY"
}

page() { # FILE TEST [WHAT-IT-IS-ASKED=...]
	local path=$1/$2 word words=()
	shift 2
	for word; do
		words+=(--data-urlencode "$word")
	done
	curl --silent --show-error --fail-with-body --max-time 90 --unix-socket "$PAGE_SOCKET" --get "${words[@]}" "http://page/$path" >&2
}

# Some traffic in the background, so that there is something to see.
traffic() {
	net_start peer build/tests/tools/pace 192.0.2.1 192.0.2.10 5000 40
	net_start peer build/tests/tools/pace 198.51.100.7 192.0.2.10 9 60
}

@test "page: rates and totals are those that were sent, and the chart has the past" {
	page live rates
}

@test "page: a surge of drops stands out in the chart" {
	page live surge
}

@test "page: a hidden tab asks nothing" {
	page live hidden
}

@test "page: the countdown of a confirm runs, and what came of it is said" {
	page states confirm
}

@test "page: an emergency stands out until it is over" {
	page states emergency
}

@test "page: whatever can be found is named" {
	page states findings
}

@test "page: a policy's text is never markup" {
	page states markup
}

@test "page: nothing runs in it but what is its own" {
	page states foreign
}

@test "page: a gate that goes is missed, and welcomed back" {
	page states gone
}

@test "page: a gate that can't be read is not called gone" {
	page states unreadable "folder=$(gate_folder host)"
}

@test "page: a gate that only one of two answers has is no alarm" {
	page states between
}

@test "page: without the past only the chart is old; a reason that nobody knows has a colour of its own" {
	page states past
}

@test "page: figures are called old when the exporter doesn't answer, and are new again by themselves" {
	page states stale
}

@test "page: light and dark, wide and narrow, nothing is too wide or too pale" {
	traffic
	page layout schemes
}

@test "page: all of it by keyboard" {
	traffic
	page layout keyboard
}

@test "page: of several gates there is a list" {
	page states several
}

@test "page: a gate of another namespace is no alarm" {
	exporter_start viewer --listen 203.0.113.2:9979
	EXPORTER_AT=http://203.0.113.2:9979 exporter_wait viewer
	page states lost origin=http://203.0.113.2:9979 elsewhere=1
}

@test "page: a password is asked for by the browser" {
	umask 077
	echo "ops:$(openssl passwd -6 'night shift')" >"$NET_DIR/users"
	exporter_start host --listen 127.0.0.1:9980 --auth-basic "$NET_DIR/users"
	exporter_wait host 9980
	page auth basic origin=http://127.0.0.1:9980
}

@test "page: a token is asked for by the page, and kept nowhere" {
	local token=a-token-of-some-length-0123456789
	umask 077
	echo "$token" >"$NET_DIR/tokens"
	exporter_start host --listen 127.0.0.1:9981 --auth-bearer "$NET_DIR/tokens"
	exporter_wait host 9981
	page auth bearer origin=http://127.0.0.1:9981 "token=$token"
}

# What stands in the page's only element of that name, as its policy has to name it: reckoned here once more.
hash_in_page() { # ELEMENT
	perl -0777 -ne "print \$1 if m{<$1>(.*)</$1>}s" "$NET_DIR/page" | openssl dgst -sha256 -binary | base64
}

# The policy that goes with the page names the hashes of what is in it; a line changed is a line that can't run.
@test "page: it comes with a policy that lets nothing else run" {
	local policy
	policy=$(fetch host / --dump-header - --output "$NET_DIR/page" | tr -d '\r' | sed -n 's/^Content-Security-Policy: //Ip')
	[[ $policy == "default-src 'none'; style-src 'sha256-$(hash_in_page style)'; script-src 'sha256-$(hash_in_page script)'; \
img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
require-trusted-types-for 'script'; trusted-types 'none'" ]] || fail "$policy"
	cmp "$NET_DIR/page" build/gen/page.html
	run ! grep -nE '(src|href)="(https?:)?//' "$NET_DIR/page"
	run ! grep -nE ' (style|on[a-z]+)="' "$NET_DIR/page"
}

@test "page: it knows every reason and every kind, in the words of docs/metrics.md" {
	local name words count=0
	# shellcheck disable=SC2016 # sed's
	while IFS=$'\t' read -r name words; do
		grep -qF "'$name': '${words//"'"/’}'," build/gen/page.html || fail "build/gen/page.html doesn't say of $name: $words"
		count=$((count + 1))
	done < <(sed -nE 's/^- `([a-z-]+)`: (.*)$/\1\t\2/p' docs/metrics.md)
	((count >= 19))
}

# From here on the gate isn't what it was. Rules that were in force before stay in the table: a thousand of them.
@test "page: a thousand rules" {
	traffic
	page layout many
}

@test "page: an interface that was moved to another namespace is told" {
	page states moved
}

@test "page: an interface that is gone is an alarm" {
	page states lost
}
