#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Two edgegates at once: the second waits, says for whom after two seconds, or fails at once if it was asked
# to; nobody waits for the dead; and what is one store waits for nobody.
# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # bats' run sets stderr

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/running.bash

setup() {
	net_begin
	net_pair
	LOCK=/run/edgegate/lock
	local name i
	for name in one two three; do
		printf 'policy: %s\nrules:\n  - {name: web-in, direction: in, protocol: tcp, ports: 443}\n' \
			$name >"$NET_DIR/$name.yaml"
	done
	# one that takes a while, under a name that would pass for another line, or begin an escape
	LARGE=$NET_DIR/$'large\nedgegate: pid 1\xc2\x9b\x9b.yaml'
	{
		printf 'policy: large\ngroups:\n  many: [11.0.0.0/32'
		for ((i = 1; i < 2000; i++)); do printf ', 11.0.%d.%d' $((i >> 7)) $((2 * (i & 127))); done
		printf ']\nrules:\n  - {name: many-in, direction: in, protocol: tcp, ports: 1-2000, from: many}\n'
	} >"$LARGE"
	HOLDER=
}

teardown() {
	[[ -z $HOLDER ]] || kill -KILL "$HOLDER" 2>/dev/null || true
	net_end
}

policies() { # what is in force, and what a rollback returns to
	gate host status --json -i gate0 | jq -r '.gates[0] | "\(.policy) \(.former_policy // "-")"'
}

is_held() {
	! flock --nonblock "$LOCK" true
}

is_stopped() { # PID
	[[ $(awk '$1 == "State:" { print $2 }' "/proc/$1/status") == T ]]
}

# An apply that has the lock, and stands still: HOLDER.
hold() {
	local end
	for _ in 1 2 3 4 5; do
		net_start host "$EDGEGATE" --netns "$(ns host)" apply -i gate0 "$LARGE"
		HOLDER=$NET_PID
		end=$((SECONDS + 5))
		until { read -r text <"$LOCK"; } 2>/dev/null && [[ $text == "$HOLDER "* ]]; do ((SECONDS < end)) || break; done
		kill -STOP "$HOLDER" 2>/dev/null && wait_until is_stopped "$HOLDER" && is_held && return
		kill -KILL "$HOLDER" 2>/dev/null || true
	done
	fail 'no apply could be stopped while it had the lock'
}

let_go() {
	kill -CONT "$HOLDER"
	wait "$HOLDER"
	HOLDER=
}

# The holder in words, in one line.
holder() {
	echo "pid $HOLDER, since ??:??:??: * --netns $(ns host) apply -i gate0 $NET_DIR/large edgegate: pid 1\\?\\?.yaml"
}

# Each is put over what the one before it left: what they found and what they left makes a chain.
@test "lock: applies at once wait for each other, and all succeed" {
	local n pids=() last
	gate host apply -i gate0 "$NET_DIR/one.yaml" >/dev/null
	for n in 1 2 3 4 5; do
		sed "s/^policy: .*/policy: number-$n/" "$NET_DIR/one.yaml" >"$NET_DIR/$n.yaml"
		gate host apply -i gate0 "$NET_DIR/$n.yaml" >"$NET_DIR/$n.out" 2>&1 3>&- &
		pids+=("$!")
		NET_PIDS+=("$!")
	done
	for n in 1 2 3 4 5; do
		wait "${pids[n - 1]}" || fail "apply $n: $(<"$NET_DIR/$n.out")"
	done
	last=$(policies)
	[[ $(sed -nE 's/^gate0: (.*) -> number-.*/\1/p' "$NET_DIR"/?.out | sort) == \
		"$( (echo one; printf 'number-%d\n' 1 2 3 4 5) | grep -vx "${last% *}" | sort)" ]] ||
		fail "$last: $(cat "$NET_DIR"/?.out)"
	gate host status --json -i gate0 | jq -e '.gates[0].drift | not' >/dev/null
}

@test "lock: whoever waits says for whom after two seconds, and goes on when it is free" {
	local start=$SECONDS pid said
	gate host apply -i gate0 "$NET_DIR/one.yaml" >/dev/null
	hold
	gate host apply -i gate0 "$NET_DIR/two.yaml" >"$NET_DIR/waits.out" 2>"$NET_DIR/waits.err" 3>&- &
	pid=$!
	NET_PIDS+=("$pid")
	sleep 1.5
	[[ ! -s $NET_DIR/waits.err && ! -s $NET_DIR/waits.out ]]
	wait_until test -s "$NET_DIR/waits.err"
	((SECONDS - start < 30))
	said=$(<"$NET_DIR/waits.err")
	# shellcheck disable=SC2053 # it is a pattern
	[[ $said == "edgegate: apply to gate0: waits for another edgegate: "$(holder) ]] || fail "said: $said"
	[[ $(policies) == 'one -' ]]
	let_go
	wait "$pid"
	[[ $(policies) == 'two large' && $(<"$NET_DIR/waits.out") == *'policy two is in force'* ]]
}

@test "lock: --no-wait fails at once and says who; what is one store, or only looks, waits for nobody" {
	local verb start
	gate host apply -i gate0 "$NET_DIR/one.yaml" >/dev/null
	gate host apply -i gate0 --confirm 10m "$NET_DIR/two.yaml" >/dev/null
	gate host apply -i gate0 --force --confirm 10m "$NET_DIR/three.yaml" >/dev/null
	gate host confirm -i gate0 >/dev/null
	hold
	for verb in "apply -i gate0 --no-wait $NET_DIR/two.yaml" 'detach -i gate0 --yes --no-wait' \
		'flows -i gate0 --flush --yes --no-wait'; do
		start=${EPOCHREALTIME/./}
		# shellcheck disable=SC2086 # it is words
		run -1 --separate-stderr timeout 10 "$EDGEGATE" --netns "$(ns host)" $verb
		((${EPOCHREALTIME/./} - start < 1500000)) || fail "$verb: took $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
		[[ -z $output && ${#stderr_lines[@]} == 2 ]] || fail "$verb: $output$stderr"
		# shellcheck disable=SC2053 # it is a pattern
		[[ ${stderr_lines[0]} == edgegate:*": another edgegate is at work: "$(holder) ]] || fail "$verb: $stderr"
		[[ ${stderr_lines[1]} == *'leave --no-wait out'* ]]
	done
	for verb in 'status -i gate0' 'stats -i gate0' 'flows -i gate0' "diff -i gate0 $NET_DIR/two.yaml" \
		"apply -i gate0 --dry-run $NET_DIR/two.yaml" 'block -i gate0' 'open -i gate0' 'resume -i gate0' 'rollback -i gate0'; do
		# shellcheck disable=SC2086 # it is words
		timeout 5 "$EDGEGATE" --netns "$(ns host)" $verb >/dev/null 2>"$NET_DIR/said" || fail "$verb: $? $(<"$NET_DIR/said")"
	done
	[[ $(policies) == 'one three' ]]
	# what came meanwhile is what the apply is put over
	let_go
	[[ $(policies) == 'large one' ]]
}

@test "lock: a holder that was killed blocks nobody, and nobody is taken for it" {
	gate host apply -i gate0 "$NET_DIR/one.yaml" >/dev/null
	hold
	kill -KILL "$HOLDER"
	wait "$HOLDER" || true
	# its text is there, and nobody has the lock
	[[ $(<"$LOCK") == "$HOLDER "* ]]
	run -0 timeout 10 "$EDGEGATE" --netns "$(ns host)" apply --no-wait -i gate0 "$NET_DIR/two.yaml"
	[[ $(policies) == 'two one' ]]
	# somebody else has it, who hasn't written who he is
	echo "$HOLDER 1 edgegate apply" >"$LOCK"
	flock --no-fork "$LOCK" sleep 100 3>&- &
	HOLDER=$!
	wait_until is_held
	run -1 --separate-stderr timeout 10 "$EDGEGATE" --netns "$(ns host)" apply --no-wait -i gate0 "$NET_DIR/one.yaml"
	[[ ${stderr_lines[0]} == "edgegate: apply to gate0: another edgegate is at work: pid $HOLDER" ]] || fail "$stderr"
}

@test "lock: whoever waited for a file that was taken away has no lock" {
	local first second pid
	gate host apply -i gate0 "$NET_DIR/one.yaml" >/dev/null
	flock --no-fork "$LOCK" sleep 100 3>&- &
	first=$!
	NET_PIDS+=("$first")
	wait_until is_held
	gate host apply -i gate0 "$NET_DIR/two.yaml" >/dev/null 2>"$NET_DIR/said" 3>&- &
	pid=$!
	NET_PIDS+=("$pid")
	wait_until test -s "$NET_DIR/said"
	rm "$LOCK"
	flock --no-fork "$LOCK" sleep 100 3>&- &
	second=$!
	NET_PIDS+=("$second")
	wait_until is_held
	kill "$first"
	sleep 1
	[[ $(policies) == 'one -' ]]
	kill "$second"
	wait "$pid"
	[[ $(policies) == 'two one' ]]
}
