#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What is refused: what failed and why, what to do, the exit status; and what was in force stays.
# shellcheck disable=SC2154 # bats' run sets stderr and stderr_lines

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash

setup() {
	net_begin
	net_pair
}

teardown() {
	net_end
	rm -rf "${UNPRIVILEGED-}"
}

# Two lines: what failed and why; what to do. Nothing on standard output.
refused() { # FIRST-LINE LAST-LINE (patterns)
	# shellcheck disable=SC2053
	[[ -z $output && ${stderr_lines[0]} == $1 && ${stderr_lines[-1]} == $2 ]] ||
		fail "said: $output|$stderr"
}

# One that a user without privilege can reach and run.
unprivileged() { # COMMAND...
	if [[ -z ${UNPRIVILEGED-} ]]; then
		UNPRIVILEGED=$(mktemp -d "${TMPDIR:-/tmp}/edgegate-unprivileged.XXXXXX")
		chmod 755 "$UNPRIVILEGED"
		install -m 755 "$EDGEGATE" "$UNPRIVILEGED/edgegate"
	fi
	in_ns host setpriv --reuid=65534 --regid=65534 --clear-groups "$UNPRIVILEGED/edgegate" "$@"
}

@test "refusals: not root" {
	gate host apply -i gate0
	UNPRIVILEGED=
	unprivileged check >/dev/null
	run --separate-stderr -1 unprivileged apply -i gate0
	refused 'edgegate: apply to gate0: *: Permission denied' 'run edgegate as root'
	run --separate-stderr -1 unprivileged detach -i gate0 --yes
	refused 'edgegate: detach: *: Permission denied' 'run edgegate as root'
	run --separate-stderr -1 unprivileged --netns "$(ns host)" apply -i gate0
	refused "edgegate: --netns: cannot enter the network namespace '*': Operation not permitted" 'run edgegate as root'
	for verb in stats status; do
		run --separate-stderr -1 unprivileged $verb
		refused "edgegate: $verb: *: Permission denied" 'run edgegate as root'
		run --separate-stderr -1 unprivileged $verb -i gate0
		refused "edgegate: $verb: *: Permission denied" 'run edgegate as root'
	done
}

@test "refusals: a bpffs that is not that of process 1, as in the shell of ip netns exec" {
	local name
	name=$(ns host)
	# Process 1 has to be one that can be looked at.
	# shellcheck disable=SC2016
	run --separate-stderr unshare --mount --pid --fork --mount-proc \
		sh -c 'ip netns exec "$1" "$2" apply -i gate0; exit $?' sh "$name" "$EDGEGATE"
	((status == 1))
	refused 'edgegate: apply to gate0: /sys/fs/bpf here is not the one of process 1*' '*edgegate --netns NAME*'
	[[ $(xdp_of host gate0) == 0 ]]
}

# In mounts of its own, where there is only the one that tests/lib/apart has mounted.
@test "refusals: a missing bpffs is mounted, and that is said" {
	# shellcheck disable=SC2016
	run --separate-stderr -0 unshare --mount --pid --fork --mount-proc \
		sh -c 'umount /sys/fs/bpf && ! mountpoint -q /sys/fs/bpf && "$2" --netns "$1" apply -i gate0 && stat -f -c %T /sys/fs/bpf' sh "$(ns host)" "$EDGEGATE"
	[[ $stderr == *'warning: apply to gate0: the BPF file system was not mounted; it is now, on /sys/fs/bpf'* ]]
	[[ ${lines[-1]} == bpf_fs ]]
}

@test "refusals: a policy that is no policy changes nothing" {
	local what hash before
	tcp_serve host 5061 22
	gate host apply -i gate0
	hash=$("$EDGEGATE" status | grep "^$(ns host)/gate0")
	yes '# a comment that goes on' | head -c 100000000 >"$NET_DIR/huge.yaml"
	: >"$NET_DIR/empty.yaml"
	printf 'policy: x\ndescription: caf\xe9\n' >"$NET_DIR/latin.yaml"
	printf 'policy: x\nrules: &a [*a]\n' >"$NET_DIR/cycle.yaml"
	printf 'policy: x\nrules:\n  - {name: a, direction: inn, protocol: tcp, ports: 1}\n' >"$NET_DIR/wrong.yaml"
	mkdir "$NET_DIR/folder.yaml"
	for what in huge empty latin cycle wrong folder missing; do
		before=$(rule_count host access-sip-mtls-in packets)
		run --separate-stderr -2 gate host apply -i gate0 "$NET_DIR/$what.yaml"
		refused "edgegate: $NET_DIR/$what.yaml*" '?*'
		tcp_try peer 192.0.2.10 5061
		(($(rule_count host access-sip-mtls-in packets) > before))
		[[ $("$EDGEGATE" status | grep "^$(ns host)/gate0") == "$hash" ]]
	done
	run -2 gate host apply -i gate0 - <"$NET_DIR/huge.yaml"
	run ! tcp_try peer 192.0.2.10 22
}

@test "refusals: the place in a policy is named and underlined" {
	printf 'policy: x\nrules:\n  - {name: a, direction: inn, protocol: tcp, ports: 1}\n' >"$NET_DIR/wrong.yaml"
	run --separate-stderr -2 gate host apply -i gate0 "$NET_DIR/wrong.yaml"
	[[ ${stderr_lines[0]} == "edgegate: $NET_DIR/wrong.yaml:3:26: 'direction' must be in or out, not 'inn'" ]]
	[[ ${stderr_lines[1]} == '   3 |   - {name: a, direction: inn, protocol: tcp, ports: 1}' ]]
	[[ ${stderr_lines[2]} == '     |                          ^~~' ]]
	[[ ${stderr_lines[3]} == "did you mean 'in'?" ]]
	run --separate-stderr -2 gate host apply -i gate0 - <"$NET_DIR/wrong.yaml"
	[[ ${stderr_lines[0]} == 'edgegate: standard input:3:26:'* ]]
	run --separate-stderr -2 "$EDGEGATE" check "$NET_DIR/wrong.yaml"
	run --separate-stderr -2 gate host apply -i gate0 lync-2013-public-in
	[[ $stderr == *lync-2013-public-im* ]]
	run --separate-stderr -2 gate host apply -i gate0 --group acces-edge=192.0.2.10
	[[ $stderr == *access-edge* ]]
}

@test "refusals: a policy from standard input is put into force" {
	tcp_serve host 5061 443
	printf 'policy: piped\nrules: [{name: sip, direction: in, protocol: tcp, ports: 5061}]\n' |
		gate host apply -i gate0 -
	[[ $(gate_stats host | jq -r .policy) == piped ]]
	tcp_try peer 192.0.2.10 5061
	run ! tcp_try peer 192.0.2.10 443
}

@test "refusals: usage" {
	run --separate-stderr -2 "$EDGEGATE"
	refused 'edgegate: usage: it needs a verb' '*edgegate --help'
	run --separate-stderr -2 "$EDGEGATE" aply
	refused "edgegate: usage: there is no verb 'aply'" "did you mean 'apply'?"
	run --separate-stderr -2 "$EDGEGATE" --netns
	refused "edgegate: usage: '--netns' needs *" '?*'
	run --separate-stderr -2 "$EDGEGATE" apply
	refused 'edgegate: apply: it needs an interface' '?*'
	run --separate-stderr -2 "$EDGEGATE" apply -i
	refused "edgegate: apply: '-i' needs a value" '*edgegate apply --help'
	run --separate-stderr -2 "$EDGEGATE" apply -i gate0 --mode enforced
	refused "edgegate: --mode: 'enforced' is none of enforce | monitor" '?*'
	run --separate-stderr -2 "$EDGEGATE" apply -i gate0 --intrface x
	refused "edgegate: apply: it takes no option '--intrface'" '*--interface*'
	run --separate-stderr -2 "$EDGEGATE" detach
	refused 'edgegate: detach: it needs -i IFACE, or --all' '?*'
	run --separate-stderr -2 "$EDGEGATE" stats extra
	run --separate-stderr -2 "$EDGEGATE" stats --json --watch
	run --separate-stderr -2 "$EDGEGATE" policies no-such
	run --separate-stderr -2 "$EDGEGATE" check /no/such/file.yaml
}

@test "refusals: nothing to show or detach" {
	run --separate-stderr -1 gate host detach -i gate0 --yes
	refused 'edgegate: detach: there is no gate on gate0' '*edgegate status'
	run --separate-stderr -1 gate host stats -i gate0
	refused 'edgegate: stats: there is no gate on gate0' '?*'
	run --separate-stderr -1 gate host status -i gate0
}

@test "refusals: detach asks on a terminal, and needs --yes elsewhere" {
	gate host apply -i gate0
	run --separate-stderr -2 gate host detach -i gate0 </dev/null
	refused 'edgegate: detach: it opens gate0 to everything, and nobody is there to ask' '*--yes'
	gate_stats host >/dev/null
	run -1 terminal n gate host detach -i gate0
	[[ $output == *'This opens gate0 to everything. Go on? [y/N]'*'not confirmed: nothing was changed'* ]]
	gate_stats host >/dev/null
	run -0 terminal y gate host detach -i gate0
	run -1 gate_stats host
}

# Runs a command on a terminal on which ANSWER is typed.
terminal() { # ANSWER gate NAME VERB...
	local answer=$1 name
	name=$(ns "$3")
	shift 3
	script --quiet --return --command "'$EDGEGATE' --netns '$name' $*" /dev/null <<<"$answer"
}
