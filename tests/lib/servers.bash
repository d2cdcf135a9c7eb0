# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Real servers and clients for the port table: openssl speaks TLS, coturn STUN, socat carries media.
# To be loaded after net.bash. Namespaces are called by their short names, as there.

# One key and certificate for all servers of a test.
tls_certificate() {
	[[ ! -e $NET_DIR/tls.crt ]] || return 0
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=edge.example -keyout "$NET_DIR/tls.key" -out "$NET_DIR/tls.crt" 2>/dev/null
}

# Servers that send each line back, reversed, over IPv4 and IPv6. On 5061 both sides show their
# certificate, as partners do.
tls_serve() { # NAME PORT...
	local name=$1 port any mutual
	shift
	tls_certificate
	for port; do
		mutual=()
		((port != 5061)) || mutual=(-Verify 1 -verify_return_error -CAfile "$NET_DIR/tls.crt")
		for any in 0.0.0.0 '[::]'; do
			net_start "$name" openssl s_server -quiet -rev -accept "$any:$port" \
				-cert "$NET_DIR/tls.crt" -key "$NET_DIR/tls.key" "${mutual[@]}"
		done
	done
	for port; do
		wait_until listens_twice "$name" "$port"
	done
}

listens_twice() { # NAME PORT
	(($(in_ns "$1" ss -H -l -n -t "sport = :$2" | wc -l) >= 2))
}

# A handshake in which the certificate is verified, and a line there and back.
tls_try() { # NAME ADDRESS PORT
	local word="edgegate $RANDOM" answer='' output client
	exec {output}< <(exec nsenter --net="/run/netns/$NET_ID-$1" -- openssl s_client -quiet \
		-connect "$(bracketed "$2"):$3" -CAfile "$NET_DIR/tls.crt" -verify_return_error \
		-cert "$NET_DIR/tls.crt" -key "$NET_DIR/tls.key" \
		<<<"$word" 2>/dev/null 3>&-)
	client=$!
	read -r -t "$NET_TIMEOUT" -u "$output" answer || true
	kill "$client" 2>/dev/null || true
	wait "$client" 2>/dev/null || true
	exec {output}<&-
	[[ $answer == "$(rev <<<"$word")" ]]
}

# coturn on 3478/udp at these addresses.
stun_serve() { # NAME ADDRESS...
	local name=$1 address listen=()
	shift
	for address; do
		listen+=(--listening-ip="$address")
	done
	net_start "$name" turnserver -n --no-cli --no-tls --no-dtls --no-tcp --stun-only \
		--no-rfc5780 --relay-threads=1 --log-file=stdout --simple-log \
		--userdb="$NET_DIR/$name.turndb" --pidfile="$NET_DIR/$name.turn.pid" "${listen[@]}"
	for address; do
		wait_until stun_listens "$name" "$address"
	done
}

stun_listens() { # NAME ADDRESS
	in_ns "$1" ss -H -l -n -u "src $(bracketed "$2"):3478" | grep -q .
}

# A binding request; prints the address that the server saw.
stun_try() { # NAME ADDRESS
	in_ns "$1" timeout "$NET_TIMEOUT" turnutils_stunclient -p 3478 "$2" 2>/dev/null |
		sed -nE 's/.*UDP reflexive addr: //p' | grep -m 1 .
}

# A TURN server on 3478, and by DTLS on 5349; the first address is the relay's too. For anyone.
turn_serve() { # NAME ADDRESS...
	local name=$1 relay=$2 address listen=()
	shift
	tls_certificate
	for address; do
		listen+=(--listening-ip="$address")
	done
	net_start "$name" turnserver -n --no-cli --no-tls --no-tcp --no-auth --no-rfc5780 \
		--relay-threads=1 --log-file=stdout --simple-log --relay-ip="$relay" \
		--cert="$NET_DIR/tls.crt" --pkey="$NET_DIR/tls.key" \
		--userdb="$NET_DIR/$name.turndb" --pidfile="$NET_DIR/$name.turn.pid" "${listen[@]}"
	for address; do
		wait_until stun_listens "$name" "$address"
	done
}

# What a TURN server relays to: sends it all back, from 3480.
turn_serve_peer() { # NAME ADDRESS
	net_start "$1" turnutils_peer -p 3480 -L "$2"
	wait_listen "$1" udp 3480
}

# As many messages of each client, by the TURN server to the peer and back: succeeds if none is lost.
# They go as channel data, by channels drawn from 4000 to 7FFF. Options are turnutils_uclient's: -s sends
# indications instead, -D pads channel data to four bytes, -l is a message's length, -S is DTLS, -c leaves
# RTCP out.
turn_try() { # NAME SERVER PEER CLIENTS MESSAGES [OPTION...]
	local name=$1 server=$2 peer=$3 clients=$4 messages=$5 all=$(($4 * $5))
	shift 5
	in_ns "$name" timeout 30 turnutils_uclient -X -m "$clients" -z 5 -n "$messages" -e "$peer" -r 3480 \
		"$@" "$server" 2>&1 | grep -q "tot_send_msgs=$all, tot_recv_msgs=$all"
}

# XOR-PEER-ADDRESS (RFC 8489 14.2) of such a peer's port 3480, for printf.
turn_peer_address() { # ADDRESS
	local -a byte
	IFS=. read -r -a byte <<<"$1"
	printf '\\x00\\x01\\x%02x\\x%02x\\x%02x\\x%02x\\x%02x\\x%02x' $((3480 >> 8 ^ 0x21)) \
		$((3480 & 255 ^ 0x12)) $((byte[0] ^ 0x21)) $((byte[1] ^ 0x12)) $((byte[2] ^ 0xa4)) \
		$((byte[3] ^ 0x42))
}

# The same by a channel, number 4000 (hexadecimal) unless told: Allocate, ChannelBind, and what looks
# like RTP as channel data, which has to come back. A busy server is not done with one request when the next one comes,
# and takes none of them: then once more, more slowly.
turn_try_channel() { # NAME SERVER PEER [CHANNEL]
	local pause
	for pause in 0.2 0.6 1.5; do
		if turn_talks "$pause" "$1" "$2" "$3" "${4-4000}"; then return; fi
	done
	return 1
}

turn_talks() { # PAUSE NAME SERVER PEER CHANNEL
	local pause=$1 number=$5 cookie='\x21\x12\xa4\x42' request
	local channel="\\x${number:0:2}\\x${number:2}"
	{
		for request in \
			"\\x00\\x03\\x00\\x08${cookie}edgegate-one\\x00\\x19\\x00\\x04\\x11\\x00\\x00\\x00" \
			"\\x00\\x09\\x00\\x14${cookie}edgegate-two\\x00\\x0c\\x00\\x04$channel\\x00\\x00\\x00\\x12\\x00\\x08$(turn_peer_address "$4")" \
			"$channel\\x00\\x04\\x80\\xa5\\x5a\\x5a"; do
			printf %b "$request"
			sleep "$pause"
		done
	} | in_ns "$2" timeout 10 socat -t 1 - "UDP:$(bracketed "$3"):3478" |
		od -An -v -tx1 | tr -d ' \n' | grep -q "${number}000480a55a5a\$"
}

# openssl's DTLS, for one client; it would end with its input.
dtls_serve() { # NAME ADDRESS PORT
	tls_certificate
	# shellcheck disable=SC2016 # it is the inner shell's
	net_start "$1" sh -c 'sleep 600 | openssl s_server -dtls -quiet -accept "$1" -cert "$2" -key "$3" >"$4" 2>&1' \
		- "$(bracketed "$2"):$3" "$NET_DIR/tls.crt" "$NET_DIR/tls.key" "$NET_DIR/dtls-$3.log"
	wait_listen "$1" udp "$3"
}

# A handshake in which the certificate is verified, and a line that arrives. One server a port.
dtls_try() { # NAME ADDRESS PORT
	local word="edgegate $RANDOM"
	# shellcheck disable=SC2016 # it is the inner shell's
	in_ns "$1" timeout 10 sh -c '{ echo "$1"; sleep 1; } | openssl s_client -dtls -quiet -verify_return_error -connect "$2" -CAfile "$3"' \
		- "$word" "$(bracketed "$2"):$3" "$NET_DIR/tls.crt" >/dev/null 2>&1 || true
	grep -qx "$word" "$NET_DIR/dtls-$3.log"
}

# Takes a file on this port, and answers with its checksum.
media_serve() { # NAME PORT
	net_start "$1" socat -t 10 "TCP6-LISTEN:$2,ipv6only=0,reuseaddr,fork" SYSTEM:sha256sum
	wait_listen "$1" tcp "$2"
}

# Sends a file, and compares checksums.
media_try() { # NAME ADDRESS PORT FILE
	local answer
	answer=$(in_ns "$1" timeout 10 socat -t 10 - \
		"TCP:$(bracketed "$2"):$3,connect-timeout=$NET_TIMEOUT" <"$4" 2>/dev/null)
	[[ -n $answer && ${answer%% *} == "$(sha256sum <"$4" | cut -d ' ' -f 1)" ]]
}

# ---- the gate's own numbers -----------------------------------------------------------------------

# The gate's part of `stats --json`. NAME is the namespace, INTERFACE the gate's first. That gates of
# others on this machine can't be read is no matter of ours.
gate_stats() { # NAME [INTERFACE]
	{ "$EDGEGATE" stats --json 2>/dev/null || true; } | jq -e --arg netns "$(ns "$1")" --arg interface "${2-}" '
		.gates | map(select(.netns == $netns and
			($interface == "" or .interfaces[0].name == $interface))) | first'
}

# Packets of a rule, there and back together, or with a third word: packets, reply_packets, bytes...
rule_count() { # NAME RULE [FIELD]
	gate_stats "$1" | jq --arg rule "$2" --arg field "${3-}" '
		[.rules[] | select(.name == $rule)] | if $field == ""
		then map(.packets + .reply_packets) else map(.[$field]) end | add // 0'
}

passed_count() { # NAME in|out KIND
	gate_stats "$1" | jq --arg direction "$2" --arg kind "$3" \
		'[.passed[] | select(.direction == $direction and .kind == $kind) | .packets] | add // 0'
}

drop_count() { # NAME in|out REASON
	gate_stats "$1" | jq --arg direction "$2" --arg reason "$3" \
		'[.drops[] | select(.direction == $direction and .reason == $reason) | .packets] | add // 0'
}

# Everything that crossed a gate in one direction. Replies cross it the other way than their rule.
crossed_count() { # NAME in|out
	gate_stats "$1" | jq --arg direction "$2" '
		([.rules[] | if .direction == $direction then .packets else .reply_packets end] +
		[(.passed[], .drops[]) | select(.direction == $direction) | .packets]) | add'
}
