#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Policies made of several files: the same to every command as if they had been given to it one by one.
# shellcheck disable=SC2154 # bats' run sets stderr and stderr_lines

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/replay.bash

# site/edge.yaml includes what is shipped, a file beside it, and one that two others share.
setup() {
	net_begin
	net_pair
	SITE=$NET_DIR/site
	mkdir -p "$SITE/parts" "$NET_DIR/common"
	cat >"$NET_DIR/common/groups.yaml" <<-'EOF'
		policy: groups
		groups:
		  offices: [192.0.2.0/28, 198.51.100.0/24]
	EOF
	cat >"$SITE/parts/ssh.yaml" <<-'EOF'
		policy: ssh
		include: [../../common/groups.yaml]
		rules:
		  - {name: ssh-in, direction: in, protocol: tcp, ports: 22, from: offices}
		expect:
		  - pass in tcp 198.51.100.7:40000 > 192.0.2.10:22
		  - drop in tcp 203.0.113.7:40000 > 192.0.2.10:22
	EOF
	cat >"$SITE/edge.yaml" <<-'EOF'
		policy: edge
		description: An edge
		include: [host-basics, parts/ssh.yaml, ../common/groups.yaml]
		rules:
		  - {name: sip-in, direction: in, protocol: tcp, ports: 5061, from: offices}
		expect:
		  - pass in tcp offices:40000 > 192.0.2.10:5061
	EOF
	cat >"$SITE/alone.yaml" <<-'EOF'
		policy: edge
		description: An edge
		rules:
		  - {name: sip-in, direction: in, protocol: tcp, ports: 5061, from: offices}
	EOF
}

teardown() {
	net_end
	rm -rf "${UNPRIVILEGED-}"
}

readonly RULES='dns-udp-out dns-tcp-out ntp-out http-revocation-out ssh-in sip-in'

rules_of() { # POLICY...
	"$EDGEGATE" check --json "$@" | jq -r '.rules | map(.name) | join(" ")'
}

@test "include: what is included stands first, wherever the command is run" {
	local got
	run --separate-stderr -0 "$EDGEGATE" check --json "$SITE/edge.yaml"
	[[ -z $stderr && $(jq -r .policy <<<"$output") == edge ]]
	# eight of host-basics, whose drop lines are void beside another policy; two and one
	[[ $(jq -r '"\(.expectations.count) \(.expectations.run)"' <<<"$output") == '11 11' ]]
	for got in "$(rules_of "$SITE/edge.yaml")" "$(cd "$SITE" && rules_of edge.yaml)" \
		"$(cd / && rules_of "$SITE/edge.yaml" host-basics)" "$(cd "$SITE" && rules_of - <edge.yaml)" \
		"$(cd "$SITE" && rules_of <(cat edge.yaml))"; do
		[[ $got == "$RULES" ]] || fail "$got"
	done
	got=$(rules_of "$SITE/alone.yaml" "$SITE/edge.yaml" 2>&1) || true
	[[ $got == *"site/edge.yaml:5:12: rule 'sip-in' is already at $SITE/alone.yaml:4:12"* ]]
}

@test "include: diff, explain and replay read the whole" {
	local packet='in tcp 198.51.100.7:40000 > 192.0.2.10:22'
	# the same rules in the same order, given one by one
	run --separate-stderr -0 "$EDGEGATE" diff "$SITE/edge.yaml" <(
		printf 'policy: edge\ninclude: [host-basics, %s, %s]\n' "$SITE/parts/ssh.yaml" "$SITE/alone.yaml"
	)
	[[ -z $stderr && $output == *'no rule changed'* ]] || fail "$output$stderr"
	run --separate-stderr -0 "$EDGEGATE" diff host-basics "$SITE/edge.yaml"
	[[ $output == *'+ ssh-in'*'+ sip-in'* && $output != *dns* ]]
	[[ $("$EDGEGATE" explain --json "$SITE/edge.yaml" "$packet" | jq -r .rule) == ssh-in ]]
	[[ $("$EDGEGATE" explain --json "$SITE/edge.yaml" --group offices=203.0.113.0/24 "$packet" | jq -r .reason) == address ]]
	sample "$NET_DIR/sample.pcap"
	same "$(replay host-basics --host 192.0.2.10 "$NET_DIR/sample.pcap" | counted)" \
		"$(replay <(printf 'policy: x\ninclude: [host-basics]\n') --host 192.0.2.10 "$NET_DIR/sample.pcap" | counted)"
}

@test "include: apply puts the whole into force, and a part that is wrong changes nothing" {
	local before
	tcp_serve host 22 5061 443
	gate host apply -i gate0 "$SITE/edge.yaml"
	[[ $(gate_stats host | jq -r .policy) == edge ]]
	tcp_try peer 192.0.2.10 22
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 443
	(($(rule_count host ssh-in packets) > 0))
	before=$("$EDGEGATE" status | grep "^$(ns host)/gate0")

	sed -i 's/ports: 22/ports: 0/' "$SITE/parts/ssh.yaml"
	run --separate-stderr -2 gate host apply -i gate0 "$SITE/edge.yaml"
	[[ ${stderr_lines[0]} == "edgegate: $SITE/parts/ssh.yaml:4:57: there is no port 0" ]]
	# what an included file expects is asked of the whole
	sed -i 's/ports: 0/ports: 2022/' "$SITE/parts/ssh.yaml"
	run --separate-stderr -2 gate host apply -i gate0 "$SITE/edge.yaml"
	[[ ${stderr_lines[0]} == "edgegate: $SITE/parts/ssh.yaml:6:5: expected to pass, but it is dropped: no-rule"* ]]
	rm "$SITE/parts/ssh.yaml"
	run --separate-stderr -2 gate host apply -i gate0 "$SITE/edge.yaml"
	[[ ${stderr_lines[0]} == "edgegate: $SITE/edge.yaml:3:24: $SITE/parts/ssh.yaml: No such file or directory" ]]
	[[ ${stderr_lines[2]} == '     |                        ^~~~~~~~~~~~~~' ]]
	[[ $("$EDGEGATE" status | grep "^$(ns host)/gate0") == "$before" ]]
	tcp_try peer 192.0.2.10 22
}

@test "include: a shipped policy may be opened on purpose by the one that includes it" {
	printf 'policy: open\ninclude: [host-basics]\nrules:\n  - {name: any-in, direction: in, protocol: udp, ports: 1-65535}\n' \
		>"$SITE/open.yaml"
	run --separate-stderr -0 "$EDGEGATE" check "$SITE/open.yaml"
	[[ -z $stderr && $output == *'8 expectations: as expected'* ]] || fail "$output$stderr"
	# the same text as a file is its user's own: what it expects holds
	"$EDGEGATE" policies host-basics >"$SITE/host-basics"
	sed -i 's,host-basics,./host-basics,' "$SITE/open.yaml"
	run --separate-stderr -2 "$EDGEGATE" check "$SITE/open.yaml"
	[[ ${stderr_lines[0]} == "edgegate: $SITE/./host-basics:"*": expected to be dropped, but it passes"* ]]
}

# A file that one may not read is the system's no, and has its place in the policy nevertheless.
@test "include: without leave to read" {
	chmod 755 "$NET_DIR" "$SITE"
	UNPRIVILEGED=$(mktemp -d "${TMPDIR:-/tmp}/edgegate-unprivileged.XXXXXX")
	cp -r "$SITE" "$NET_DIR/common" "$UNPRIVILEGED"
	install -m 755 "$EDGEGATE" "$UNPRIVILEGED/edgegate"
	chmod -R go+rX "$UNPRIVILEGED"
	chmod 600 "$UNPRIVILEGED/site/parts/ssh.yaml"
	as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups timeout 20 "$UNPRIVILEGED/edgegate" check "$1"; }
	run --separate-stderr -1 as_nobody "$UNPRIVILEGED/site/edge.yaml"
	[[ ${stderr_lines[0]} == "edgegate: $UNPRIVILEGED/site/edge.yaml:3:24: $UNPRIVILEGED/site/parts/ssh.yaml: cannot be read: Permission denied" ]]
	[[ ${stderr_lines[-1]} == 'run edgegate as somebody who may read it' ]]
	chmod 644 "$UNPRIVILEGED/site/parts/ssh.yaml"
	as_nobody "$UNPRIVILEGED/site/edge.yaml"
}

# What would hang or fill the memory. timeout's exit status is 124.
@test "include: what is no file, and circles" {
	local what
	mkfifo "$SITE/fifo.yaml"
	ln -s loop.yaml "$SITE/loop.yaml"
	for what in fifo.yaml loop.yaml /dev/zero /dev/stdin parts circle.yaml; do
		printf 'policy: circle\ninclude: [%s]\n' "$what" >"$SITE/circle.yaml"
		run --separate-stderr -2 timeout 20 "$EDGEGATE" check "$SITE/circle.yaml" </dev/zero
		[[ ${stderr_lines[0]} == "edgegate: $SITE/circle.yaml:2:11: "* && ${#stderr_lines[@]} -eq 4 ]] || fail "$what: $stderr"
	done
	[[ $stderr == *"a circle of includes: $SITE/circle.yaml -> $SITE/circle.yaml"* ]]
}
