#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# How the exporter starts: options, secrets, TLS, what it gives up, and what it says of it.
# shellcheck disable=SC2154,SC2034 # bats' run sets stderr; exporter.bash reads what is set here

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/remains.bash
load ../lib/exporter.bash

setup() {
	net_begin
	net_pair
}

teardown() { net_end; }

@test "exporter: has no privileges while it serves" {
	local reader pid set
	gate host apply -i gate0
	exporter_start host
	exporter_wait host
	reader=$(pgrep -P "$EXPORTER_PID")
	for pid in "$EXPORTER_PID" "$reader"; do
		[[ $(process "$pid" Uid) == '65534 65534 65534 65534' ]]
		[[ $(process "$pid" Gid) == '65534 65534 65534 65534' ]]
		[[ -z $(process "$pid" Groups) ]]
		[[ $(process "$pid" NoNewPrivs) == 1 && $(process "$pid" Seccomp) == 2 ]]
		for set in CapInh CapBnd CapAmb; do
			[[ $(process "$pid" $set) == 0000000000000000 ]]
		done
	done
	# who talks to the network has none; who reads gates has CAP_DAC_OVERRIDE and CAP_NET_ADMIN, and no network
	for set in CapPrm CapEff; do
		[[ $(process "$EXPORTER_PID" $set) == 0000000000000000 ]]
		[[ $(process "$reader" $set) == 0000000000001002 ]]
	done
	run -0 in_ns host ss -Htnlp
	[[ $output == *"pid=$EXPORTER_PID,"* && $output != *"pid=$reader,"* ]]
	# nor has the one a descriptor of anything but sockets, what its library waits with, and what it says
	run -0 bash -c "readlink /proc/$EXPORTER_PID/fd/* | grep -vE '^(socket:|anon_inode:|/dev/null|pipe:|.*\.log$)'; true"
	[[ -z $output ]]
	# it does what it is for
	look host gate0
	seen edgegate_interface_attached 'interface="gate0"' 1
	exporter_stop
	wait_until gone "$reader"
}

gone() { # PID
	[[ ! -d /proc/$1 ]]
}

# Takes what is said to who started it, as systemd does.
listen_for_ready() {
	net_start host socat -u "UNIX-RECV:$NET_DIR/notify" "OPEN:$NET_DIR/notified,creat,append"
	wait_until test -S "$NET_DIR/notify"
}

@test "exporter: says that it is ready when nothing can fail any more, and not before" {
	local without
	listen_for_ready
	NOTIFY_SOCKET=$NET_DIR/notify exporter_start host
	wait_until grep -qx 'READY=1' "$NET_DIR/notified"
	# and what people see in systemctl status
	grep -qx 'STATUS=serving http://127.0.0.1:9979/ as user nobody, without TLS, to everybody who reaches it' "$NET_DIR/notified"
	# then it serves, and both have given up what they may
	fetch host /metrics | grep -q ^edgegate_build_info
	[[ $(process "$EXPORTER_PID" CapPrm) == 0000000000000000 ]]
	[[ $(process "$(pgrep -P "$EXPORTER_PID")" CapPrm) == 0000000000001002 ]]
	exporter_stop
	# neither where both fail, nor where the one that reads gates does
	: >"$NET_DIR/notified"
	for without in setpcap net_admin; do
		ASAN_OPTIONS=detect_leaks=0 NOTIFY_SOCKET=$NET_DIR/notify run --separate-stderr -1 \
			in_ns host timeout 10 setpriv --bounding-set "-$without" "$EDGEGATE" exporter
		[[ $stderr == *'cannot give up'* ]]
	done
	[[ $stderr == *'the process that reads the gates did not start'* ]]
	[[ ! -s $NET_DIR/notified ]]
}

@test "exporter: TLS, users, tokens and IPv6" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=edge \
		-addext subjectAltName=IP:::1,IP:127.0.0.1 -keyout "$NET_DIR/key" -out "$NET_DIR/crt" 2>/dev/null
	chmod 600 "$NET_DIR/key"
	(umask 077 && printf '# who scrapes\nscraper:%s\n' "$(openssl passwd -6 'correct horse')" >"$NET_DIR/users" &&
		openssl rand -hex 32 >"$NET_DIR/tokens")
	exporter_start host --listen '[::1]:9979' --tls-cert "$NET_DIR/crt" --tls-key "$NET_DIR/key" --auth-basic "$NET_DIR/users"
	EXPORTER_AT='https://[::1]:9979'
	wait_listen host tcp 9979
	# the certificate is checked; what isn't TLS gets nothing
	run ! fetch host /healthz
	wait_until fetch host /healthz --cacert "$NET_DIR/crt"
	EXPORTER_AT='http://[::1]:9979' run ! fetch host /healthz
	run ! fetch host /healthz --cacert "$NET_DIR/crt" --tls-max 1.1
	[[ $(status_of host /metrics --cacert "$NET_DIR/crt") == 401 ]]
	[[ $(status_of host /metrics --cacert "$NET_DIR/crt" --user 'scraper:wrong') == 401 ]]
	[[ $(status_of host /metrics --cacert "$NET_DIR/crt" --user 'stranger:correct horse') == 401 ]]
	[[ $(status_of host / --cacert "$NET_DIR/crt" --user ':') == 401 ]]
	for _ in 1 2 3; do
		fetch host /metrics --cacert "$NET_DIR/crt" --user 'scraper:correct horse' | grep -q ^edgegate_build_info
	done
	[[ $(status_of host /metrics --cacert "$NET_DIR/crt" --user 'scraper:wrong') == 401 ]]
	exporter_stop
	exporter_start host --auth-bearer "$NET_DIR/tokens"
	EXPORTER_AT=http://127.0.0.1:9979
	exporter_wait host
	[[ $(status_of host /api/v1/status) == 401 ]]
	[[ $(status_of host /metrics --header 'Authorization: Bearer 0123456789abcdef') == 401 ]]
	[[ $(status_of host /metrics --header "Authorization: Bearer $(<"$NET_DIR/tokens")") == 200 ]]
}

@test "exporter: what is wrong is said before it serves" {
	run --separate-stderr -2 "$EDGEGATE" exporter --listen edge.example:9979
	[[ $stderr == *"'edge.example:9979' is not ADDRESS:PORT"*127.0.0.1:9979* ]]
	run --separate-stderr -2 "$EDGEGATE" exporter --tls-cert x
	[[ $stderr == *'--tls-cert and --tls-key'* ]]
	run --separate-stderr -2 "$EDGEGATE" exporter --textfile x --listen 127.0.0.1:9979
	run --separate-stderr -2 "$EDGEGATE" exporter --interval 5
	run --separate-stderr -2 "$EDGEGATE" exporter --lisen 127.0.0.1:9979
	[[ $stderr == *'did you mean --listen?'* ]]
	run --separate-stderr -1 gate host exporter --user root
	[[ $stderr == *"'root' is root"* ]]
	run --separate-stderr -1 gate host exporter --user no-such-user
	[[ $stderr == *"there is no user 'no-such-user'"* ]]
	openssl rand -hex 32 >"$NET_DIR/tokens"
	chmod 644 "$NET_DIR/tokens"
	run --separate-stderr -1 gate host exporter --auth-bearer "$NET_DIR/tokens"
	[[ $stderr == *'others may read or change'*'chmod 600'* ]]
	chmod 600 "$NET_DIR/tokens"
	run --separate-stderr -1 gate host exporter --auth-basic "$NET_DIR/tokens"
	[[ $stderr == *':1: this is not NAME:HASH'* ]]
	echo 'scraper:in clear' >"$NET_DIR/tokens"
	run --separate-stderr -1 gate host exporter --auth-basic "$NET_DIR/tokens"
	# shellcheck disable=SC2016 # as it stands
	[[ $stderr == *'no hash of $6$, $5$, $2b$ or $y$'*'openssl passwd -6'* ]]
	echo short >"$NET_DIR/tokens"
	run --separate-stderr -1 gate host exporter --auth-bearer "$NET_DIR/tokens"
	[[ $stderr == *'16 to 256 characters'* ]]
	tcp_serve host 9979
	run --separate-stderr -1 gate host exporter
	[[ $stderr == *'cannot listen on 127.0.0.1:9979'*'ss -ltnp'* ]]
}

# A key and a certificate of it, for days.
certificate() { # NAME [OPTION...]
	local name=$1
	shift
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=edge -keyout "$NET_DIR/$name.key" -out "$NET_DIR/$name.crt" "$@" 2>/dev/null
	chmod 600 "$NET_DIR/$name.key"
}

refuses() { # WORDS OPTION...
	local words=$1
	shift
	run --separate-stderr -1 gate host exporter "$@"
	# shellcheck disable=SC2053 # a pattern
	[[ $stderr == $words ]] || fail "$stderr"
}

@test "exporter: secrets that it could not keep, or nobody could use, are refused" {
	local whole
	whole=$(openssl passwd -6 -salt abc secret)
	(umask 077 && : >"$NET_DIR/users")
	# as nothing would ever answer, and as nobody could ever log in
	printf '# two\n\nbob:%s\n' "${whole/abc/rounds=999999999\$abc}" >"$NET_DIR/users"
	SECONDS=0
	refuses "*$NET_DIR/users:3: the hash costs too much*openssl passwd -6*" --auth-basic "$NET_DIR/users"
	((SECONDS < 10))
	# shellcheck disable=SC2016 # a hash
	echo 'bob:$6$abc' >"$NET_DIR/users"
	refuses "*$NET_DIR/users:1: the hash is not whole*openssl passwd -6*" --auth-basic "$NET_DIR/users"
	printf 'bob:%s\nalice:%s\nbob:%s\n' "$whole" "$whole" "$whole" >"$NET_DIR/users"
	refuses "*$NET_DIR/users:3: 'bob' has a line already*keep one*" --auth-basic "$NET_DIR/users"
	# the user that it becomes may read them
	openssl rand -hex 32 >"$NET_DIR/users"
	chown 0:65534 "$NET_DIR/users"
	chmod 640 "$NET_DIR/users"
	refuses '*can be read by the user that the exporter becomes*chown root:root*' --auth-bearer "$NET_DIR/users"
	certificate one -days 2
	certificate two -days 2
	refuses '*two.key is not the key of the certificate in *one.crt*' --tls-cert "$NET_DIR/one.crt" --tls-key "$NET_DIR/two.key"
	refuses '*one.key holds a key and no certificate*' --tls-cert "$NET_DIR/one.key" --tls-key "$NET_DIR/one.crt"
	refuses '*users is no certificate in PEM*' --tls-cert "$NET_DIR/users" --tls-key "$NET_DIR/one.key"
	chown 65534 "$NET_DIR/one.key"
	refuses '*one.key, which holds a secret, can be read by*' --tls-cert "$NET_DIR/one.crt" --tls-key "$NET_DIR/one.key"
}

@test "exporter: says where it serves, with what and to whom" {
	certificate edge -days 2
	(umask 077 && echo "scraper:$(openssl passwd -6 secret)" >"$NET_DIR/users")
	exporter_start host --listen localhost:9979 --tls-cert "$NET_DIR/edge.crt" --tls-key "$NET_DIR/edge.key" --auth-basic "$NET_DIR/users"
	wait_until grep -qx 'serving https://127.0.0.1:9979/ as user nobody, with TLS, to who has a password' "$EXPORTER_LOG"
	[[ $(wc -l <"$EXPORTER_LOG") == 1 ]]
	[[ $(status_of host /healthz --insecure) == 000 ]]
	EXPORTER_AT=https://localhost:9979
	wait_until fetch host /healthz --insecure
	exporter_stop
	# nobody reads what it says: it serves all the same
	EXPORTER_AT=http://127.0.0.1:9979
	# shellcheck disable=SC2016 # for that shell
	ASAN_OPTIONS=detect_leaks=0 net_start host bash -c 'exec "$@" >/dev/full' _ "$EDGEGATE" exporter
	EXPORTER_PID=$NET_PID
	exporter_wait host
	exporter_stop
	# nor is there anybody left who could: a pipe that is closed
	# shellcheck disable=SC2016 # for that shell
	ASAN_OPTIONS=detect_leaks=0 net_start host \
		bash -c 'exec {pipe}> >(exec true); wait $!; exec "$@" >&"$pipe" 2>&1' _ "$EDGEGATE" exporter --listen 0.0.0.0:9979
	EXPORTER_PID=$NET_PID
	exporter_wait host
	[[ $(pgrep -c -P "$EXPORTER_PID") == 1 ]]
	exporter_stop
	# a wish that means nothing
	run -2 in_ns host env EDGEGATE_READER_PATIENCE=0 "$EDGEGATE" exporter
	[[ $output == *"'0' is no number of seconds from 1 to 60"* ]]
}

@test "exporter: keeps nothing of who started it" {
	local pid
	# shellcheck disable=SC2016 # for that shell
	ASAN_OPTIONS=detect_leaks=0 OF_THE_SHELL=hunter2 EDGEGATE_OWN=kept net_start host \
		bash -c 'exec 7</etc/shadow 8<>/etc/hostname </etc/shadow; exec "$@"' _ "$EDGEGATE" exporter
	EXPORTER_PID=$NET_PID
	exporter_wait host
	for pid in "$EXPORTER_PID" "$(pgrep -P "$EXPORTER_PID")"; do
		[[ $(readlink "/proc/$pid/fd/0") == /dev/null ]]
		run -0 bash -c "readlink /proc/$pid/fd/* | grep -E '/etc/|shadow|hostname'; true"
		[[ -z $output ]]
		grep -qa 'EDGEGATE_OWN=kept' "/proc/$pid/environ"
		run ! grep -qaE 'hunter2|OF_THE_SHELL|HOME=' "/proc/$pid/environ"
	done
	exporter_stop
}
