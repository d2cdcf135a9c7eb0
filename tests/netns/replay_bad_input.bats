#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Replay of what is no capture, or a damaged one; what can't be written. Each time: one line that says what
# failed, with the packet's number, one on what to do; what was read until then is reported.
# shellcheck disable=SC2154 # bats' run sets output

load ../lib/net.bash
load ../lib/servers.bash
load ../lib/rows.bash
load ../lib/replay.bash

setup() {
	replay_begin
}

# What the first packets of the sample give.
first() { # COUNT
	head -n "$1" <<<"$SAMPLE_VERDICTS"
}

# ---- damage --------------------------------------------------------------------------------------

@test "replay: a capture that is cut off is judged up to there" {
	local size packets
	for size in 24 25 39 40 65 81 82 83 140 371; do
		head -c "$size" "$DIR/s.pcap" >"$DIR/cut.pcap"
		packets=$(((size - 24) / 58))
		if (((size - 24) % 58)); then
			refused 1 "edgegate: replay $DIR/cut.pcap: packet $((packets + 1)): truncated dump file*
the file is damaged from there on*" --json --host 192.0.2.10 "$DIR/cut.pcap"
		else
			run -0 --separate-stderr "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/cut.pcap"
		fi
		same "$(first "$packets")" "$output"
	done
	# the table as well
	refused 1 '*packet 7: *' --host 192.0.2.10 <(cat "$DIR/s.pcap" <(echo x))
	[[ $output == *'6 packets in 5.000 s: 3 in, 3 out' ]]
	# and the counts as JSON, last
	refused 1 '*packet 6: *' --host 192.0.2.10 --json --summary "$DIR/cut.pcap"
	same 'in drop no-rule 1
in reply av-stun-out 1
in rule av-stun-in 1
out reply av-stun-in 1
out rule av-stun-out 1' "$(tail -n 1 <<<"$output" | counted)"
	# what was read of it is kept
	refused 1 '*packet 6: *' --host 192.0.2.10 --write "$DIR/kept.pcap" "$DIR/cut.pcap"
	cmp <(tail -c +25 "$DIR/kept.pcap") <(tail -c +25 "$DIR/s.pcap" | head -c $((5 * 58)))
	# of a row of captures, those behind it are not begun
	refused 1 "*$DIR/cut.pcap: packet 6: *" --host 192.0.2.10 "$DIR/cut.pcap" "$DIR/s.pcap"
	[[ $output == *$'\n5 packets in '* ]]
}

@test "replay: a corrupt length in a capture" {
	local field
	# bytes that are there: more than any packet has; with the highest bit; more than there are
	for field in 01000500 ffffffff f0000000; do
		sample "$DIR/s.pcap"
		# of the fourth packet
		printf '%s' "$field" | xxd -r -p | dd of="$DIR/s.pcap" bs=1 seek=$((24 + 3 * 58 + 8)) conv=notrunc status=none
		refused 1 "edgegate: replay $DIR/s.pcap: packet 4: *" --json --host 192.0.2.10 "$DIR/s.pcap"
		same "$(first 3)" "$output"
	done
	# a capture that says of a packet that it was shorter than what is there of it: there is what there is
	sample "$DIR/s.pcap"
	printf '\1' | dd of="$DIR/s.pcap" bs=1 seek=$((24 + 12)) conv=notrunc status=none
	run -0 --separate-stderr "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/s.pcap"
	same "$SAMPLE_VERDICTS" "$output"
}

@test "replay: a corrupt block in a pcapng" {
	local good block=() words=() i
	good=$(pcapng_section)$(pcapng_interface 1 0)$(pcapng_packet 0 0 "$ETHERNET${SAMPLE[0]}")
	block=("$(pcapng_packet 0 1000000 "$ETHERNET${SAMPLE[1]}")")
	# its length: none, odd, far too large; another one at its end; a packet larger than its block; of an
	# interface that isn't there; cut off
	block=("${block[0]:0:8}$(little 4 7)${block[0]:16}" "${block[0]:0:8}$(little 4 75)${block[0]:16}"
		"${block[0]:0:8}$(little 4 $((0x7ffffffc)))${block[0]:16}" "${block[0]:0:-8}$(little 4 99)"
		"${block[0]:0:40}$(little 4 9999)${block[0]:48}" "$(pcapng_packet 7 0 "${SAMPLE[1]}")" "${block[0]:0:60}")
	words=('has a length of 7 <' 'not a multiple of 4' '' "don't match" 'too short' 'interface 7' 'truncated')
	for i in "${!block[@]}"; do
		echo "$good${block[i]}" | xxd -r -p >"$DIR/bad.pcapng"
		refused 1 "edgegate: replay $DIR/bad.pcapng: packet 2: *${words[i]}*" --json --host 192.0.2.10 "$DIR/bad.pcapng"
		same "$(first 1)" "$output"
	done
	# a section's header that says no byte order
	echo "$good$(pcapng_section | sed s/4d3c2b1a/11111111/)" | xxd -r -p >"$DIR/bad.pcapng"
	refused 1 "*packet 2: *byte order*" --json --host 192.0.2.10 "$DIR/bad.pcapng"
	# what nobody knows is passed over
	echo "$good$(pcapng_block 77 00112233)$(pcapng_packet 0 1000000 "$ETHERNET${SAMPLE[1]}")" | xxd -r -p >"$DIR/good.pcapng"
	run -0 --separate-stderr "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/good.pcapng"
	same "$(first 2)" "$output"
}

@test "replay: what several devices gave, in one pcapng" {
	local good
	good=$(pcapng_section)$(pcapng_interface 1 1514)$(pcapng_packet 0 0 "$ETHERNET${SAMPLE[0]}")
	echo "$good$(pcapng_interface 101 1514)$(pcapng_packet 1 1000000 "${SAMPLE[1]}")" | xxd -r -p >"$DIR/two.pcapng"
	refused 1 "*packet 2: an interface has a type 101 different*docs/replay.md*" --json --host 192.0.2.10 "$DIR/two.pcapng"
	same "$(first 1)" "$output"
	echo "$good$(pcapng_interface 1 96)$(pcapng_packet 1 1000000 "$ETHERNET${SAMPLE[1]}")" | xxd -r -p >"$DIR/two.pcapng"
	refused 1 "*packet 2: an interface has a snapshot length 96 different*
*editcap -F nsecpcap FILE OTHER*" --json --host 192.0.2.10 "$DIR/two.pcapng"
	same "$(first 1)" "$output"
}

# As the errors and docs/replay.md say.
@test "replay: what several devices gave, taken apart" {
	[[ -n $(command -v editcap) && -n $(command -v tshark) ]] || skip 'needs editcap and tshark'
	local good
	good=$(pcapng_section)$(pcapng_interface 1 1514)$(pcapng_packet 0 0 "$ETHERNET${SAMPLE[0]}")
	echo "$good$(pcapng_interface 1 96)$(pcapng_packet 1 1000000 "$ETHERNET${SAMPLE[1]}")" | xxd -r -p >"$DIR/two.pcapng"
	editcap -F nsecpcap "$DIR/two.pcapng" "$DIR/one.pcap" 2>/dev/null
	run -0 --separate-stderr "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/one.pcap"
	same "$(first 2)" "$output"
	echo "$good$(pcapng_interface 101 1514)$(pcapng_packet 1 1000000 "${SAMPLE[1]}")" | xxd -r -p >"$DIR/two.pcapng"
	tshark -r "$DIR/two.pcapng" -Y frame.interface_id==1 -w "$DIR/one.pcapng" 2>/dev/null
	editcap -F nsecpcap -T rawip "$DIR/one.pcapng" "$DIR/one.pcap" 2>/dev/null
	run -0 --separate-stderr "$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/one.pcap"
	same '{"n":1,"direction":"in","verdict":"drop","reason":"no-rule"}' "$output"
}

# ---- what is none ----------------------------------------------------------------------------------

@test "replay: what is no capture, no filter, no host" {
	echo 'policy: x' >"$DIR/x.yaml"
	: >"$DIR/empty.pcap"
	refused 1 "edgegate: replay $DIR/none.pcap: cannot open it: No such file*" "$DIR/none.pcap"
	refused 1 "edgegate: replay $DIR/empty.pcap: it is no capture: *pcap or pcapng*" "$DIR/empty.pcap"
	refused 1 "edgegate: replay $DIR: cannot open it: Is a directory*" "$DIR"
	refused 1 "edgegate: replay /dev/null: it is no capture: *" /dev/null
	refused 1 "*it is no capture: *pcap or pcapng*" "$DIR/x.yaml"
	gzip -k "$DIR/s.pcap"
	refused 1 '*it is no capture: *zcat FILE | edgegate replay*' "$DIR/s.pcap.gz"
	refused 1 "*the filter 'port nobody': *man pcap-filter*" "$DIR/s.pcap" --filter 'port nobody'
	[[ -z $output ]]
	refused 1 '*link type, IEEE802_11 (105), is not known*tcpdump -i eth0 -w FILE' \
		<(pcap_header micro 105 | xxd -r -p)
	refused 2 "*--host: *192.0.2.256*" --host 192.0.2.256 "$DIR/s.pcap"
	refused 2 '*host bits*192.0.2.0/24*' --host 192.0.2.1/24 "$DIR/s.pcap"
	refused 2 '*replay: it needs a capture*'
	refused 2 '*standard input can be read only once*' - -
	refused 2 '*--only*all*none of pass | drop | unknown*' --only all "$DIR/s.pcap"
	refused 2 "*--write: '-' is no file*" --write - "$DIR/s.pcap"
	refused 2 "*--write: '' is no file*" --write '' "$DIR/s.pcap"
	refused 2 '*' "$DIR/none.yaml" "$DIR/s.pcap"
	refused 2 '*' "$DIR/s.pcap" --diff "$DIR/none.yaml"
	# of a row of captures, one that isn't there: what was read is told
	refused 1 "*$DIR/none.pcap: cannot open it: *" --host 192.0.2.10 "$DIR/s.pcap" "$DIR/none.pcap"
	[[ $output == *'6 packets in 5.000 s: 3 in, 3 out' ]]
}

@test "replay: standard input and pipes" {
	same "$SAMPLE_VERDICTS" "$(tcpdump -r "$DIR/s.pcap" -w - 2>/dev/null |
		"$EDGEGATE" replay lync-2013-public-im --json --host 192.0.2.10 -)"
	mkfifo "$DIR/pipe"
	cat "$DIR/s.pcap" >"$DIR/pipe" &
	same "$SAMPLE_VERDICTS" "$("$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/pipe")"
	# nothing is lost that tells a capture from a policy
	same "$SAMPLE_VERDICTS" "$("$EDGEGATE" replay lync-2013-public-im --json --host 192.0.2.10 <(cat "$DIR/s.pcap"))"
	# standard input that is empty, a directory, closed, cut off
	from() { # FILE
		"$EDGEGATE" replay --host 192.0.2.10 - <"$1"
	}
	refused_by 1 'edgegate: replay standard input: it is no capture: *' from /dev/null
	refused_by 1 'edgegate: replay standard input: cannot open it: Is a directory*' from "$DIR"
	closed() {
		# shellcheck disable=SC2317 # called by name
		"$EDGEGATE" replay --host 192.0.2.10 - <&-
	}
	refused_by 1 'edgegate: replay standard input: *Bad file descriptor*' closed
	refused_by 1 'edgegate: replay standard input: packet 6: *' from <(head -c 330 "$DIR/s.pcap")
	[[ $output == *$'\n5 packets in '* ]]
}

@test "replay: of a running tcpdump" {
	net_begin
	net_pair
	in_ns peer tcpdump -Z root --immediate-mode -U -i wire0 -c 4 -w - icmp 2>/dev/null |
		timeout 20 "$EDGEGATE" replay --json --host 192.0.2.10 - >"$DIR/out" 3>&- &
	local replay=$!
	more() {
		ping_try peer 192.0.2.10
		! kill -0 "$replay" 2>/dev/null
	}
	wait_until more
	wait "$replay"
	net_end
	same '{"n":1,"direction":"in","verdict":"drop","reason":"no-rule"}
{"n":2,"direction":"out","verdict":"drop","reason":"no-rule"}' "$(head -n 2 "$DIR/out")"
	[[ $(wc -l <"$DIR/out") == 4 ]]
}

# ---- what can't be written ---------------------------------------------------------------------------

@test "replay: a full disk under --write is said, and nothing is left of it" {
	mkdir "$DIR/disk"
	# a quarter of a MiB; the disk has 64 KiB
	many "$DIR/big.pcap" 4800
	# a disk that nobody else sees, and that goes with the process
	cat >"$DIR/try" <<-'END'
		mount -t tmpfs -o size=64k tmpfs disk
		echo before >disk/kept.pcap
		status=0
		"$EDGEGATE" replay --host 192.0.2.10 --write disk/kept.pcap big.pcap || status=$?
		[[ $(ls disk) == kept.pcap && $(<disk/kept.pcap) == before ]] || echo 'and left something' >&2
		exit $status
	END
	cd "$DIR"
	refused_by 1 '*cannot write disk/kept.pcap: packet *: No space left on device
make room there*' unshare --mount env EDGEGATE="$EDGEGATE" bash "$DIR/try"
	[[ $output == *' packets in '* ]]
	refused 1 '*cannot write /nonexistent/x: No such file*' --write /nonexistent/x --host 192.0.2.10 s.pcap
	refused 1 '*cannot write /dev/full: No space left*' --write /dev/full --host 192.0.2.10 s.pcap
	refused 1 '*cannot write /dev/full: packet *: No space left*' --write /dev/full --host 192.0.2.10 big.pcap
	refused 1 '*cannot write *disk: Is a directory*' --write disk --host 192.0.2.10 s.pcap
	# a file that may be no longer: in blocks of 1,024 bytes
	limited() {
		(ulimit -f 16 && "$EDGEGATE" replay --host 192.0.2.10 --write kept.pcap big.pcap | cat && exit "${PIPESTATUS[0]}")
	}
	refused_by 1 '*cannot write kept.pcap: packet *: File too large*' limited
	[[ -z $(compgen -G 'kept.pcap*') ]]
}

@test "replay: captures that can't stand in one file" {
	sample "$DIR/raw.pcap" 101 ''
	refused 1 '*cannot write *kept.pcap: it has packets of link type EN10MB, and these are RAW*' \
		--host 192.0.2.10 --write "$DIR/kept.pcap" "$DIR/s.pcap" "$DIR/raw.pcap"
	[[ $output == *$'\n6 packets in '* ]]
	same "$SAMPLE_VERDICTS" "$("$EDGEGATE" replay --json --host 192.0.2.10 "$DIR/kept.pcap")"
}

@test "replay: standard output is full, or closed" {
	local options
	into() { # FILE ARGUMENT...
		local file=$1
		shift
		"$EDGEGATE" replay --host 192.0.2.10 --write "$DIR/kept.pcap" "$@" "$DIR/s.pcap" >"$file"
	}
	closed() {
		"$EDGEGATE" replay --host 192.0.2.10 --write "$DIR/kept.pcap" "$@" "$DIR/s.pcap" >&-
	}
	for options in '' --json '--json --summary' '--diff host-basics'; do
		# shellcheck disable=SC2086 # words
		refused_by 1 'edgegate: replay: cannot write to standard output: No space left on device*' into /dev/full $options
		# shellcheck disable=SC2086
		refused_by 1 'edgegate: replay: cannot write to standard output: Bad file descriptor*' closed $options
		# it must not look as if it were whole
		[[ -z $(compgen -G "$DIR/kept.pcap*") ]]
	done
	# where there is nothing to be said, no harm is done
	closed --json --only unknown
	[[ $(wc -c <"$DIR/kept.pcap") == 24 ]]
}
