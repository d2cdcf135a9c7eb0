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
