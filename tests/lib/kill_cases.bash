# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is killed and what is refused, for kill.bats and refused.bats: see kill.bash.
# shellcheck disable=SC2034 # cases are called by name

apply_command() { # NAME [OPTION...]
	kill_command "$EDGEGATE" apply -i gate0 "${@:2}" "$NET_DIR/$1.yaml"
}

# ---- cases ---------------------------------------------------------------------------------------

nothing() {
	[[ ! -e $KILL_FOLDER ]] || fail "$KILL_AT: before it something is there: $(find "$KILL_FOLDER")"
}

# Some gate, of which all three slots have been filled with all that can be.
something() {
	[[ -e $KILL_FOLDER ]] || { kill_apply b && kill_apply b && kill_apply b; }
}

# What stands on a is taken away, so that the next one is a first apply again. The repair is by another policy, which has no
# prefixes.
first_old=none first_new=b
first_start() { nothing; }
first_command() { apply_command b; }
first_repair() { kill_apply a && kill_is a && kill_well detach -i gate0 --yes; }

# Where a clsact comes or goes the kernel takes the interface's queue away for an instant.
clsact_old=none clsact_new=b clsact_loses=1
clsact_start() { nothing; }
clsact_command() { apply_command b --tc clsact; }
clsact_repair() { kill_apply a --tc clsact && kill_is a && kill_well detach -i gate0 --yes; }

# A rollback in between, which must find what was there before.
second_old=a second_new=c
second_start() { something && kill_apply b && kill_apply a; }
second_command() { apply_command c; }
second_repair() {
	local other=b
	[[ $WIRE != c ]] || other=a
	kill_well rollback -i gate0
	kill_is "$other"
}

confirmed_old=a confirmed_new=c
confirmed_start() { something && kill_apply a; }
confirmed_command() { apply_command c --confirm 600s; }
confirmed_repair() {
	kill_apply c --force
	kill_is c
}

# In the window of another: whatever becomes of it, a rollback goes back to what was before both.
forced_old=b forced_new=c
forced_start() { something && kill_apply a && kill_apply b --confirm 600s; }
forced_command() { apply_command c --force; }
forced_repair() {
	kill_well rollback -i gate0
	kill_is a
}

confirm_old=b confirm_new=b
confirm_start() { forced_start; }
confirm_command() { kill_command "$EDGEGATE" confirm -i gate0; }
confirm_repair() {
	gate host confirm -i gate0 >"$NET_DIR/said" 2>&1 || grep -q 'nothing on gate0 waits for it' "$NET_DIR/said"
	kill_is b
}

rollback_old=b rollback_new=a
rollback_start() { something && kill_apply a && kill_apply b; }
rollback_command() { kill_command "$EDGEGATE" rollback -i gate0; }
rollback_repair() {
	gate host rollback -i gate0 >"$NET_DIR/said" 2>&1 || grep -q 'was taken back already' "$NET_DIR/said"
	kill_is a
}

detach_old=a detach_new=none detach_fails=none
detach_start() { [[ $WIRE == a ]] || kill_apply a; }
detach_command() { kill_command "$EDGEGATE" detach -i gate0 --yes; }
detach_repair() {
	# by turns: the one is what comes to mind, the other must do as well
	if ((++REPAIRS % 2)); then
		kill_apply a
		kill_is a
	else
		gate host detach -i gate0 --yes >"$NET_DIR/said" 2>&1 || grep -q 'there is no gate on gate0' "$NET_DIR/said"
		nothing
		kill_is none
	fi
}

upgrade_old=a upgrade_new=c
upgrade_start() {
	something
	kill_apply a
	FORMER_PROGRAMS=$(programs)
}
upgrade_command() { kill_command "$KILL_OTHER" apply -i gate0 "$NET_DIR/c.yaml"; }
upgrade_repair() {
	# what is tried first was not killed
	: "${NEXT_PROGRAMS:=$(programs)}"
	EDGEGATE=$KILL_OTHER kill_apply c
	kill_is c
	[[ $(programs) == tag*tag* && $(programs) == "$NEXT_PROGRAMS" && $NEXT_PROGRAMS != "$FORMER_PROGRAMS" ]] ||
		fail "$KILL_AT: then the programs are $(programs), not $NEXT_PROGRAMS"
}
programs() { # what is attached: the hashes of their instructions
	local id
	for id in $(gate host status -i gate0 | grep -o 'program [0-9]*' | cut -d' ' -f2); do
		bpftool prog show id "$id" | grep -o 'tag [0-9a-f]*'
	done
}

# Somebody else's stands before ours, which leaves ours the last word; c puts ours at the head again. Tried is
# what is done there, and the call after it.
overtake_points() {
	awk '{ is = /^bpf .*BPF_LINK_|^sendto .*nlmsg_type|^rename / } is || after { print } { after = is }'
}

tcx_old=a tcx_new=c
tcx_start() {
	something && kill_apply a
	hold_pinned host tcx gate0 -1 "/sys/fs/bpf/$NET_ID" 2>/dev/null || skip 'needs TCX'
}
tcx_command() { apply_command c; }
tcx_points() { overtake_points; }
tcx_repair() {
	rm "/sys/fs/bpf/$NET_ID"
	kill_apply c
	kill_is c
	wait_until gate_has_programs host gate0 2 || fail "$KILL_AT: two of ours"
}

filter_old=a filter_new=c
filter_start() {
	[[ -e $KILL_FOLDER ]] || kill_apply b --tc clsact
	kill_apply a
	# without `da` its 0 is no match
	in_ns host tc filter add dev gate0 egress pref 1 bpf object "$(foreign_object)" section pass
}
filter_command() { apply_command c; }
filter_points() { overtake_points; }
filter_repair() {
	local filters
	kill_apply c
	kill_is c
	filters=$(in_ns host tc filter show dev gate0 egress)
	[[ $(grep -c edgegate_out <<<"$filters") == 1 ]] || fail "$KILL_AT: then the filters are $filters"
	in_ns host tc filter delete dev gate0 egress pref 1 handle "$(sed -n 's/.*handle \(0x[0-9a-f]*\) foreign_accept.*/\1/p; s/.*handle \(0x[0-9a-f]*\) .*:\[pass\].*/\1/p' <<<"$filters" | head -1)" bpf
}

status_old=a status_new=a
status_start() { detach_start; }
status_command() { kill_command "$EDGEGATE" status -i gate0; }
status_repair() { kill_well status -i gate0; }
