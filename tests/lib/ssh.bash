# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A real sshd, and operators who work over it. Keys are made for the test and go with it. To be loaded
# after net.bash.
#
#	sshd_serve host
#	ssh_run peer 192.0.2.10 'edgegate apply ...'
#	ssh_open peer 192.0.2.10; ssh_say 'echo here'; [[ $(ssh_hear 5) == here ]]
#	ssh_sit peer 192.0.2.10; ssh_type ls; ssh_shows ls

ssh_can() {
	[[ -x /usr/sbin/sshd ]] && command -v ssh ssh-keygen >/dev/null
}

# Skips a test for which something is missing. The names are those of commands.
ssh_needs() { # [COMMAND...]
	local command
	ssh_can || skip 'needs openssh-server and openssh-client'
	for command; do
		command -v "$command" >/dev/null || skip "needs $command"
	done
}

# Where the keys are: with what all tests of a file share, if they do.
ssh_folder() {
	echo "${NET_SHARED:-$NET_DIR}"
}

# sshd on port 22 of every address, for root by key.
sshd_serve() { # NAME
	local key folder
	folder=$(ssh_folder)
	# where it leaves its privileges: Debian's unit makes it
	[[ -d /run/sshd ]] || mkdir -m 755 /run/sshd
	for key in host_key key; do
		[[ -e $folder/$key ]] || ssh-keygen -q -t ed25519 -N '' -f "$folder/$key"
	done
	cat >"$folder/sshd_config" <<-END
		HostKey $folder/host_key
		AuthorizedKeysFile $folder/key.pub
		PidFile $folder/sshd.pid
		PermitRootLogin prohibit-password
		PasswordAuthentication no
		StrictModes no
		UsePAM no
		UseDNS no
		PrintMotd no
		PrintLastLog no
	END
	net_start "$1" /usr/sbin/sshd -D -e -f "$folder/sshd_config"
	wait_listen "$1" tcp 22
}

# The client's words in front of an address. None of the machine's own configuration is read.
ssh_words() { # NAME: into SSH_WORDS
	SSH_WORDS=(nsenter --net="/run/netns/$(ns "$1")" -- ssh -F none -i "$(ssh_folder)/key" -o BatchMode=yes
		-o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
		-o LogLevel=ERROR -o "ConnectTimeout=${SSH_TIMEOUT-20}")
}

# One command in a session of its own; its output and exit status. 255: the session ended otherwise.
ssh_run() { # NAME ADDRESS COMMAND [OPTION...]
	local name=$1 address=$2 command=$3
	shift 3
	ssh_words "$name"
	timeout 60 "${SSH_WORDS[@]}" "$@" "root@$address" "$command" </dev/null 3>&- 4>&-
}

# Remote ports of the sessions that stand, in the order of their numbers.
ssh_ports() { # NAME
	in_ns "$1" ss -H -n -t state established 'sport = :22' | awk '{ sub(/.*:/, "", $4); print $4 }' | sort -n
}

# ---- a shell that stays ----------------------------------------------------------------------------

# It reads what ssh_say says. Of several, the last one opened, unless ssh_take names another: $SSH_NUMBER.
ssh_open() { # NAME ADDRESS [OPTION...]
	local name=$1 address=$2
	shift 2
	ssh_begin
	ssh_words "$name"
	"${SSH_WORDS[@]}" "$@" "root@$address" bash <"$NET_DIR/say$SSH_NUMBER" >"$NET_DIR/hear$SSH_NUMBER" \
		2>"$NET_DIR/ssh$SSH_NUMBER.log" 3>&- 4>&- &
	NET_PIDS+=($!)
	exec {SSH_SAY}>"$NET_DIR/say$SSH_NUMBER" {SSH_HEAR}<"$NET_DIR/hear$SSH_NUMBER"
	SSH_SAYS+=("$SSH_SAY") SSH_HEARS+=("$SSH_HEAR")
	ssh_say 'echo begins'
	[[ $(ssh_hear 20) == begins ]]
}

ssh_begin() {
	SSH_NUMBER=${#SSH_SAYS[@]}
	mkfifo "$NET_DIR/say$SSH_NUMBER" "$NET_DIR/hear$SSH_NUMBER"
}

ssh_take() { # NUMBER: from 0, in the order in which they were opened
	SSH_NUMBER=$1 SSH_SAY=${SSH_SAYS[$1]} SSH_HEAR=${SSH_HEARS[$1]}
}

ssh_say() { # COMMAND
	echo "$1" >&"$SSH_SAY"
}

# A line of what the session prints; fails if none comes in time.
ssh_hear() { # SECONDS
	local line
	read -r -t "$1" -u "$SSH_HEAR" line && echo "$line"
}

# Does the session answer in time? What it couldn't say earlier comes first.
ssh_lives() { # [SECONDS]
	local word=lives-$RANDOM end=$((SECONDS + ${1-$NET_PATIENCE})) line
	ssh_say "echo $word"
	while ((SECONDS <= end)); do
		line=$(ssh_hear "${1-$NET_PATIENCE}") || return 1
		[[ $line != "$word" ]] || return 0
	done
	return 1
}

# ---- a terminal ------------------------------------------------------------------------------------

# An operator at a terminal: what is typed comes back on the screen, which is the other end's doing.
ssh_sit() { # NAME ADDRESS [COMMAND]
	ssh_begin
	ssh_words "$1"
	TERM=xterm "${SSH_WORDS[@]}" -tt "root@$2" "${3-exec bash --norc --noprofile --noediting}" \
		<"$NET_DIR/say$SSH_NUMBER" >"$NET_DIR/screen$SSH_NUMBER" 2>&1 3>&- 4>&- &
	NET_PIDS+=($!)
	exec {SSH_SAY}>"$NET_DIR/say$SSH_NUMBER"
	SSH_SAYS+=("$SSH_SAY") SSH_HEARS+=('')
}

ssh_type() { # TEXT
	printf '%s' "$1" >&"$SSH_SAY"
}

ssh_shows() { # TEXT [SECONDS]
	local NET_PATIENCE=${2-$NET_PATIENCE}
	wait_until grep -qF -- "$1" "$NET_DIR/screen$SSH_NUMBER" 2>/dev/null
}

# Do typed characters come back in time? A command that does nothing, for them to be.
ssh_echoes() { # [SECONDS]
	local word=typed-$RANDOM$RANDOM status=0
	ssh_type ": $word"
	ssh_shows "$word" "${1-$NET_PATIENCE}" || status=1
	ssh_type $'\n'
	return $status
}
