# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# edgegate killed, or refused by the kernel, at one system call after the other, under traffic. To be loaded
# after net.bash, rows.bash.
#
# Policies a, b and c let pass what is theirs and what all let pass; so one look at the wire says which of
# them is in force, in both directions, or that it is a mixture. A case is a few functions:
#
#	CASE_start     brings about what is there before
#	CASE_command   fills COMMAND, what is killed or refused
#	CASE_old, _new what is in force before and after it: a, b, c or none
#	CASE_repair    the command after that; it has to succeed, whichever of both is in force
#	CASE_loses     not empty: the kernel itself loses packets that are allowed meanwhile
#	CASE_points    if there is one: which calls are tried, of the lines of kill_calls
#
# KILL_ALL=1 tries each call, KILL_ALL=acts those that change something for others. Else a fifteenth of those that change something for others, of pins a fortieth,
# and of the rest each so-many-th, from another one on each time (KILL_SEED); likewise of what is refused.

KILL_PORTS=(5009 5001 5002 5003 5000) # nobody's, a's, b's, c's, and everybody's, which the others wait for
# shellcheck disable=SC2034 # read by their names
KILL_MASK_a=-+--+ KILL_MASK_b=--+-+ KILL_MASK_c=---++ KILL_MASK_none=+++++
KILL_SEED=${KILL_SEED-$RANDOM}
KILL_LOSES=
KILL_MARK=$((40000 + RANDOM % 20000)) # flows.max: by it the kernel's list of maps shows which are ours

# KILL_GO_ON=1: names all that goes wrong, not the first alone, and fails in the end.
if [[ ${KILL_GO_ON-} ]]; then
	fail() { # WHAT
		echo "# FAILED: $*" | tr '\n' ' ' >&3
		echo >&3
		echo "$*" >>"$NET_DIR/failures"
	}
fi

# Calls are told by their numbers, and those depend on the gates that there are: tests/lib/apart sees to it that
# there are no others.
kill_command() { # WHICH-EDGEGATE VERB...
	COMMAND=("$1" --netns "$(ns host)" "${@:2}")
}

# For teardown, before net_end.
kill_finish() {
	gate host detach -i gate0 --yes >/dev/null 2>&1 || true
}

kill_begin() {
	local cookie
	command -v strace >/dev/null || skip 'needs strace'
	[[ ${EDGEGATE-} && -x $PWD/build/other/edgegate ]] || skip 'needs build/edgegate and build/other/edgegate'
	# many times: what users run
	EDGEGATE=${KILL_EDGEGATE-$PWD/build/edgegate}
	# shellcheck disable=SC2034 # for cases
	KILL_OTHER=${KILL_OTHER-$PWD/build/other/edgegate}
	kill_policy a 5001
	kill_policy b 5002 ', from: [0.0.0.0/1, 192.0.0.0/8, "2001:db8::/32"]'
	kill_policy c 5003 ', limit: {rate: 10000/s, per: source}'
	# a neighbour that is asked for makes what waits for it late
	ip -n "$(ns host)" neigh replace 192.0.2.1 dev gate0 nud permanent \
		lladdr "$(ip -n "$(ns peer)" -j link show dev wire0 | jq -r '.[0].address')"
	ip -n "$(ns peer)" neigh replace 192.0.2.10 dev wire0 nud permanent \
		lladdr "$(ip -n "$(ns host)" -j link show dev gate0 | jq -r '.[0].address')"
	# shellcheck disable=SC2154 # coproc sets it
	coproc verdicts { exec "$PWD/build/tests/tools/verdicts" "$(ns host)" "$(ns peer)" 192.0.2.10 192.0.2.1 "${KILL_PORTS[@]}" 2>"$NET_DIR/verdicts.log" 3>&-; }
	NET_PIDS+=("$verdicts_PID")
	read -r -t 30 -u "${verdicts[0]}" cookie || fail "no verdicts: $(cat "$NET_DIR/verdicts.log")"
	KILL_FOLDER=/sys/fs/bpf/edgegate/network-namespace-$cookie # of all our gates
	[[ -z $(kill_remains) ]]
	kill_ask
}

kill_policy() { # NAME PORT [MORE-OF-ITS-IN-RULE]
	cat >"$NET_DIR/$1.yaml" <<-END
		policy: $1
		flows: {max: $KILL_MARK}
		rules:
		  - {name: all-in, direction: in, protocol: udp, ports: 5000}
		  - {name: all-out, direction: out, protocol: udp, ports: 5000}
		  - {name: $1-in, direction: in, protocol: udp, ports: $2${3-}}
		  - {name: $1-out, direction: out, protocol: udp, ports: $2}
	END
}

# ---- looking -------------------------------------------------------------------------------------

# Asks what passes now, and what did since the last time. Sets WIRE_IN, WIRE_OUT, ALWAYS_*, EVER_*, BURSTS.
kill_ask() {
	# shellcheck disable=SC2154 # coproc's
	echo >&"${verdicts[1]}" || fail "no verdicts: $(cat "$NET_DIR/verdicts.log")"
	# shellcheck disable=SC2034 # read by their names
	read -r -t 30 -u "${verdicts[0]}" WIRE_IN WIRE_OUT ALWAYS_IN EVER_IN ALWAYS_OUT EVER_OUT BURSTS ||
		fail "no verdicts: $(cat "$NET_DIR/verdicts.log")"
	((KILL_BURSTS += BURSTS))
}

# Which of these the wire shows: its name in WIRE.
kill_is_one_of() { # NAME...
	local name mask
	kill_ask
	[[ $WIRE_IN == "$WIRE_OUT" ]] || fail "$KILL_AT: in and out differ: in $WIRE_IN, out $WIRE_OUT"
	for name; do
		mask=KILL_MASK_$name
		[[ $WIRE_IN != "${!mask}" ]] || { WIRE=$name && return; }
	done
	fail "$KILL_AT: neither of $*, but $WIRE_IN of ${KILL_PORTS[*]}"
}

# What both let pass has always come, and what neither does never, while one may have taken the other's place.
kill_was_between() { # NAME NAME
	local i way always ever one=KILL_MASK_$1 two=KILL_MASK_$2
	for way in IN OUT; do
		always=ALWAYS_$way ever=EVER_$way
		for ((i = 0; i < ${#KILL_PORTS[@]}; i++)); do
			[[ $KILL_LOSES || ${!one:i:1}${!two:i:1}${!always:i:1} != ++- ]] || fail "$KILL_AT: $way ${KILL_PORTS[i]} was lost"
			[[ ${!one:i:1}${!two:i:1}${!ever:i:1} != --+ ]] || fail "$KILL_AT: $way ${KILL_PORTS[i]} got past"
		done
	done
}

# What status says to be in force, and what is wrong with it: "a -", "none -", "b DRIFT". From what people
# read: jq would take longer than all the rest.
kill_status() {
	local said name=none wrong=-
	said=$(gate host status -i gate0 2>/dev/null) || true
	[[ ! ${said%%$'\n'*} =~ /gate0\ \ policy\ ([abc])\  ]] || name=${BASH_REMATCH[1]}
	[[ ! $said =~ DRIFT|'NOT GUARDED'|'is gone'|'twice: ' ]] || wrong=${BASH_REMATCH[0]}
	echo "$name $wrong"
}

# Everything is as it should be with this in force.
kill_is() { # NAME
	kill_is_one_of "$1"
	[[ $(kill_status) == "$1 -" ]] || fail "$KILL_AT: then $1 passes, and status says $(kill_status)"
}

# A command that has to succeed.
kill_well() { # VERB...
	gate host "$@" >"$NET_DIR/said" 2>&1 || fail "$KILL_AT: then $* failed: $(cat "$NET_DIR/said")"
}

kill_apply() { # NAME [OPTION...]
	kill_well apply -i gate0 "${@:2}" "$NET_DIR/$1.yaml"
}

# What is there of ours: pins, what the interface has, programs, and maps of our size.
kill_remains() {
	find "$KILL_FOLDER" 2>/dev/null || true
	in_ns host bpftool -j net show dev gate0 | jq -r '.[] | .[] | .[] | tostring'
	in_ns host tc qdisc show dev gate0 | grep clsact || true
	bpftool -j map list | jq -r --argjson mark "$KILL_MARK" '[.[] | select(.max_entries == $mark)] | .[] | "map \(.id)"'
	bpftool -j prog list | jq -r --argjson maps "$(bpftool -j map list |
		jq -c --argjson mark "$KILL_MARK" '[.[] | select(.max_entries == $mark) | .id]')" \
		'.[] | select((.map_ids // []) - $maps != (.map_ids // [])) | "program \(.id)"'
}

kill_nothing_left() {
	[[ -z $(kill_remains) ]]
}

# A series ends: nothing is left, soon.
kill_end() {
	gate host detach -i gate0 --yes >/dev/null 2>&1 || true
	wait_until kill_nothing_left || fail "$KILL_AT: left behind: $(kill_remains)"
	kill_is none
}

# ---- killing -------------------------------------------------------------------------------------

# The system calls of a command, from the lock on, or from the first that asks something of BPF: lines
# of NAME, its number among those of its name, whether others can see what it does: 1, or 2 for a pin; and
# what it asks of BPF or of the kernel's tc: BPF_LINK_CREATE, 0x2c.
kill_calls() { # COMMAND...
	in_order strace -f -qq -o "$NET_DIR/calls" -- "$@" >/dev/null 2>"$NET_DIR/said" ||
		fail "$* under strace: $(cat "$NET_DIR/said")"
	awk '
	match($0, /^[0-9]+ +[a-z0-9_]+\(/) {
		name = $2
		sub(/\(.*/, "", name)
		number[name]++
		if (/edgegate\/lock"/ || name == "bpf") begun = 1
		if (!begun) next
		acts = 0
		if ($0 !~ /= -1 E/ && name ~ /^(mkdir|rmdir|unlink|rename|mount|flock|ftruncate|pwrite64|write|sendto|sendmsg)$/) acts = 1
		if (acts && name == "unlink" || /BPF_OBJ_PIN/) acts = 2
		if (/BPF_MAP_UPDATE|BPF_LINK_CREATE|BPF_LINK_UPDATE|BPF_LINK_DETACH/) acts = 1
		if (name == "exit_group") acts = 1
		asks = "-"
		if (match($0, /BPF_[A-Z_]+|nlmsg_type=0x2[cd]/)) asks = substr($0, RSTART, RLENGTH)
		print name, number[name], acts, asks
	}' "$NET_DIR/calls"
}

# Those that are tried: all, or a fifteenth of what acts, of the pins a fortieth, and of the rest every so-many-th.
kill_points() { # EVERY
	if [[ ${KILL_ALL-} == acts ]]; then
		awk '$3 > 0'
	elif [[ ${KILL_ALL-} ]]; then cat; else awk -v every="${KILL_EVERY-$1}" -v seed="$KILL_SEED" '
		$3 == 1 && (++acts + seed) % 15 == 0 || $3 == 2 && (++pins + seed) % 40 == 0 || (NR + seed) % every == 0'; fi
}

# A case at each of its calls, before which it is killed.
kill_case() { # CASE EVERY
	local name number point points all old=$1_old new=$1_new tried=0 ended=0
	old=${!old} new=${!new}
	KILL_AT="$1, before all" KILL_BURSTS=0
	local begun=$SECONDS loses=$1_loses
	KILL_LOSES=${!loses-}
	"$1_start"
	"$1_command"
	all=$(kill_calls "${COMMAND[@]}")
	kill_is "$new"
	"$1_repair"
	if declare -F "$1_points" >/dev/null; then
		mapfile -t points < <("$1_points" <<<"$all")
	else
		mapfile -t points < <(kill_points "$2" <<<"$all")
	fi
	((${#points[@]} > 0))
	for point in "${points[@]}"; do
		read -r name number _ <<<"$point"
		KILL_AT="$1, killed before $name $number"
		"$1_start"
		kill_is_one_of "$old"
		kill_one "$name" "$number" || ((++ended))
		kill_is_one_of "$old" "$new"
		kill_was_between "$old" "$new"
		# the state says what the wire shows
		[[ $(kill_status) == "$WIRE "* ]] || fail "$KILL_AT: $WIRE passes, and status says $(kill_status)"
		"$1_repair"
		((++tried))
	done
	KILL_AT="$1, after all"
	kill_end
	[[ ! -e $NET_DIR/failures ]]
	# a call more or less, by memory's doing
	((ended * 20 < tried + 20)) || fail "$1: $ended of $tried ran to their end"
	echo "# $1: killed before $tried of $(wc -l <<<"$all") system calls ($ended ran to their end)" \
		"in $((SECONDS - begun)) s, $((KILL_BURSTS * 2 * ${#KILL_PORTS[@]})) datagrams, seed $KILL_SEED" >&3
}

# False: it ran to its end.
kill_one() { # NAME NUMBER
	local status=0
	{ in_order strace -f -qq -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" -o /dev/null -- \
		"${COMMAND[@]}" >/dev/null 2>&1 3>&- || status=$?; } 2>/dev/null
	((status == 137))
}

# ---- refusing ------------------------------------------------------------------------------------

# A case at each of its calls of bpf(2), which fails. With `at-once` in threads, where there are CPUs for it: then the
# call of that number fails in each of them.
refuse_case() { # CASE EVERY [at-once]
	local runs=(in_order strace)
	[[ ! ${3-} ]] || runs=(strace)
	local errors=(ENOMEM EPERM ENOSPC) error number count status old=$1_old new=$1_new tried=0 worked=0
	old=${!old} new=${!new}
	KILL_AT="$1, before all" KILL_BURSTS=0
	local begun=$SECONDS every=$2
	[[ ! ${KILL_ALL-} ]] || every=1
	every=${KILL_EVERY-$every}
	"$1_start"
	"$1_command"
	"${runs[@]}" -f -qq -e trace=bpf -o "$NET_DIR/calls" -- "${COMMAND[@]}" >"$NET_DIR/right" 2>"$NET_DIR/said"
	count=$(grep -c ' bpf(' "$NET_DIR/calls")
	[[ ! ${3-} ]] || count=$((count / 3)) # numbers are each thread's own
	((count > 0))
	kill_is "$new"
	"$1_repair"
	for ((number = 1; number <= count; number++)); do
		(((number + KILL_SEED) % every == 0)) || continue
		[[ ${KILL_ALL-} == 1 ]] || errors=("$(printf '%s\n' ENOMEM EPERM ENOSPC | sed -n "$(((number / every + KILL_SEED) % 3 + 1))p")")
		for error in "${errors[@]}"; do
			KILL_AT="$1, bpf $number fails with $error"
			"$1_start"
			kill_is_one_of "$old"
			status=0
			"${runs[@]}" -f -qq -e trace=bpf -e "inject=bpf:error=$error:when=$number" -o "$NET_DIR/call" -- \
				"${COMMAND[@]}" >"$NET_DIR/out" 2>"$NET_DIR/said" 3>&- || status=$?
			refuse_look "$1" "$status" "$old" "$new"
			"$1_repair"
			((++tried))
			((status)) || ((++worked))
		done
	done
	KILL_AT="$1, after all"
	kill_end
	[[ ! -e $NET_DIR/failures ]]
	echo "# $1: $tried refusals at $count calls of bpf(2) in $((SECONDS - begun)) s, $worked of them without effect, seed $KILL_SEED" >&3
}

refuse_look() { # CASE STATUS OLD NEW
	local said fails=$1_fails
	fails=${!fails-$3}
	mapfile -t said <"$NET_DIR/said"
	case $2 in
	0)
		KILL_AT+=' and all goes well'
		kill_is "$4"
		[[ $1 != status ]] || diff "$NET_DIR/right" <(grep -v "can't be seen" "$NET_DIR/out") || fail "$KILL_AT: what it says is not right: $(cat "$NET_DIR/out")"
		kill_was_between "$3" "$4"
		;;
	1)
		KILL_AT+=" and it says: ${said[*]}"
		((${#said[@]} >= 2)) || fail "$KILL_AT: no two lines"
		[[ ${said[-2]} == 'edgegate: '* && ${said[-1]} != 'edgegate: '* ]] || fail "$KILL_AT: not what failed and what to do"
		kill_is_one_of "$3" "$fails"
		kill_was_between "$3" "$WIRE"
		[[ $(kill_status) == "$WIRE "* ]] || fail "$KILL_AT: $WIRE passes, and status says $(kill_status)"
		;;
	*) fail "$KILL_AT: exit status $2: ${said[*]}" ;;
	esac
}
