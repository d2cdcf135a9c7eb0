# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A real sshd, and operators who work over it. Keys are made for the test and go with it. To be loaded
# after net.bash.
#
#	sshd_serve host
#	ssh_run peer 192.0.2.10 'edgegate apply ...'
#	ssh_open peer 192.0.2.10; ssh_say 'echo here'; [[ $(ssh_hear 5) == here ]]

# sshd on port 22 of every address, for root by key.
sshd_serve() { # NAME
	local key
	# where it leaves its privileges: Debian's unit makes it
	mkdir -p -m 755 /run/sshd
	for key in host_key key; do
		[[ -e $NET_DIR/$key ]] || ssh-keygen -q -t ed25519 -N '' -f "$NET_DIR/$key"
	done
	cat >"$NET_DIR/sshd_config" <<-END
		HostKey $NET_DIR/host_key
		AuthorizedKeysFile $NET_DIR/key.pub
		PidFile $NET_DIR/sshd.pid
		PermitRootLogin prohibit-password
		PasswordAuthentication no
		StrictModes no
		UsePAM no
		UseDNS no
	END
	net_start "$1" /usr/sbin/sshd -D -e -f "$NET_DIR/sshd_config"
	wait_listen "$1" tcp 22
}

# The client's words in front of an address. None of the machine's own configuration is read.
ssh_words() { # NAME: into SSH_WORDS
	SSH_WORDS=(nsenter --net="/run/netns/$(ns "$1")" -- ssh -F none -i "$NET_DIR/key" -o BatchMode=yes
		-o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
		-o LogLevel=ERROR -o ConnectTimeout=5)
}

# One command in a session of its own; its output and exit status. 255: the session ended otherwise.
ssh_run() { # NAME ADDRESS COMMAND [OPTION...]
	local name=$1 address=$2 command=$3
	shift 3
	ssh_words "$name"
	timeout 60 "${SSH_WORDS[@]}" "$@" "root@$address" "$command" </dev/null 3>&- 4>&-
}

# A session that stays: a shell that reads what ssh_say says. Of several, the last one opened.
ssh_open() { # NAME ADDRESS [OPTION...]
	local name=$1 address=$2 number=${SSH_NUMBER:=0}
	shift 2
	SSH_NUMBER=$((number + 1))
	mkfifo "$NET_DIR/say$number" "$NET_DIR/hear$number"
	ssh_words "$name"
	"${SSH_WORDS[@]}" "$@" "root@$address" bash <"$NET_DIR/say$number" >"$NET_DIR/hear$number" \
		2>"$NET_DIR/ssh$number.log" 3>&- 4>&- &
	SSH_PID=$!
	NET_PIDS+=("$SSH_PID")
	exec {SSH_SAY}>"$NET_DIR/say$number" {SSH_HEAR}<"$NET_DIR/hear$number"
	ssh_say 'echo begins'
	[[ $(ssh_hear 10) == begins ]]
}

ssh_say() { # COMMAND
	echo "$1" >&"$SSH_SAY"
}

# A line of what the session prints; fails if none comes in time.
ssh_hear() { # SECONDS
	local line
	read -r -t "$1" -u "$SSH_HEAR" line && echo "$line"
}

# Does the session answer in time?
ssh_lives() { # [SECONDS]
	local word=lives-$RANDOM
	ssh_say "echo $word"
	[[ $(ssh_hear "${1-5}") == "$word" ]]
}
