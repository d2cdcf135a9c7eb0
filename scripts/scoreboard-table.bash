# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
# What scripts/scoreboard has seen, as Markdown. Sourced by it: `entries`, `results`, `host_takes`, `filters`.

# Of a list of counts those at steps of this kind, added up.
sum_of() { # KIND COUNTS STEPS...
	local kind=$1 sum=0 step=0 counts what
	read -ra counts <<<"$2"
	shift 2
	for what; do
		[[ $what != "$kind" ]] || sum=$((sum + counts[step]))
		step=$((step + 1))
	done
	echo $sum
}

# The most that the host did with one of the steps that are to be dropped: 2 answered, 1 came to a protocol, 0 nothing.
host_did() { # NAME FAMILY STEPS...
	local most=0 step=0 counts what
	read -ra counts <<<"${host_takes[$1/$2]}"
	shift 2
	for what; do
		[[ $what != in:drop ]] || ((counts[step] <= most)) || most=${counts[step]}
		step=$((step + 1))
	done
	echo "$most"
}

# One of: dropped harmless input PASSED unseen | passes KILLED
judge() { # FILTER NAME KIND FAMILY STEPS...
	local filter=$1 name=$2 kind=$3 family=$4 there here verdict=in:drop reference=none
	shift 4
	[[ $filter != nft-inet ]] || reference=host
	[[ $kind == evasion ]] || verdict=in:pass
	there=$(sum_of $verdict "${results[$reference/$name/$family]}" "$@")
	here=$(sum_of $verdict "${results[$filter/$name/$family]}" "$@")
	if [[ $kind == legit ]]; then
		if ((here >= there)); then echo passes; else echo KILLED; fi
	elif ((there == 0 && here == 0)); then
		echo unseen
	elif ((here == 0)); then
		echo dropped
	elif [[ $filter != nft-inet && " ${results[$filter/$name/$family]} " == *' 0 '* ]]; then
		echo harmless # the host was asked about all frames of it together
	else
		case $(host_did "$name" "$family" "$@") in
		0) echo harmless ;;
		1) echo input ;;
		*) echo PASSED ;;
		esac
	fi
}

declare -A cell=() total=() count=()
names=() off_wire=()
for line in "${entries[@]}"; do
	read -r group name kind family steps <<<"$line"
	read -ra steps <<<"$steps"
	if ! on_wire "$line"; then
		off_wire+=("$name")
		continue
	fi
	[[ " ${names[*]} " == *" $name "* ]] || names+=("$name")
	cell[$name/kind]=$kind
	cell[$name/group]=$group
	count[$kind]=$((${count[$kind]-0} + 1))
	case $(host_did "$name" "$family" "${steps[@]}") in
	0) cell[$name/host/$family]=drops ;;
	1) cell[$name/host/$family]=input ;;
	*) cell[$name/host/$family]=takes ;;
	esac
	for filter in "${filters[@]}"; do
		verdict=$(judge "$filter" "$name" "$kind" "$family" "${steps[@]}")
		cell[$name/$filter/$family]=$verdict
		total[$filter/$verdict]=$((${total[$filter/$verdict]-0} + 1))
	done
done
mapfile -t off_wire < <(printf '%s\n' "${off_wire[@]}" | uniq)

spell() { # VERDICT
	case $1 in
	PASSED) echo '**PASSED**' ;;
	KILLED) echo '**KILLED**' ;;
	harmless) echo 'passed °' ;;
	unseen) echo '·' ;;
	*) echo "$1" ;;
	esac
}

# What is the same for both versions of IP is said once.
show() { # NAME COLUMN
	local four=${cell[$1/$2/4]-} six=${cell[$1/$2/6]-}
	if [[ $2 != host ]]; then
		four=${four/#input/passed ¹} six=${six/#input/passed ¹}
	fi
	if [[ -z $four || -z $six || $four == "$six" ]]; then
		spell "${four:-$six}"
	else
		echo "v4 $(spell "$four"), v6 $(spell "$six")"
	fi
}

rows() { # evasion|legit
	local name group=
	for name in "${names[@]}"; do
		[[ ${cell[$name/kind]} == "$1" ]] || continue
		if [[ ${cell[$name/group]} != "$group" ]]; then
			group=${cell[$name/group]}
			echo "| **$group** | | | | |$([[ $1 == legit ]] || echo ' |')"
		fi
		printf '| %s |' "$name"
		[[ $1 == legit ]] || printf ' %s |' "$(show "$name" host)"
		for filter in "${filters[@]}"; do
			printf ' %s |' "$(show "$name" "$filter")"
		done
		echo
	done
}

totals() { # TEXT VERDICT
	printf '| %s |' "$1"
	for filter in "${filters[@]}"; do
		printf ' %d |' "${total[$filter/$2]-0}"
	done
	echo
}

version_of() { # PACKAGE
	dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo unknown
}

page() {
	cat <<-END
		<!-- SPDX-License-Identifier: GPL-2.0-only -->
		# The evasion scoreboard

		Written by \`make scoreboard\`; not by hand. Corpus version $(awk '$1 == "version" { print $2 }' "$corpus"/corpus.txt), Linux $(uname -r | grep -oE '^[0-9]+\.[0-9]+'), nftables
		$(version_of nftables), xdp-tools $(version_of xdp-tools), both from Debian.

		The corpus ([tests/evasions](../tests/evasions/corpus.txt)) names each frame or sequence, says what came before, and gives
		the document that makes it an evasion or a legit twin. On every run of \`make test\` each entry must end on the real programs
		as it says, by its reason, on both hooks and both ways. Here the same frames go over a wire, to four filters.

		| of ${count[evasion]-0} evasions and ${count[legit]-0} legit twins (IPv4 and IPv6 counted apart) | edgegate | xdp-filter | nft netdev | nft inet |
		|---|---|---|---|---|
		$(totals 'evasions **let in**, and the host takes them' PASSED)
		$(totals 'evasions let through to the host, which may yet ignore them ¹' input)
		$(totals 'evasions let through, and the host drops them itself °' harmless)
		$(totals 'evasions dropped' dropped)
		$(totals 'evasions that never come to the filter ·' unseen)
		$(totals 'legit twins **killed**' KILLED)
		$(totals 'legit twins that pass' passes)

		## How it is done

		- **The wire** is a veth pair between two namespaces with nothing else on it. The peer has no address and says nothing of
		  its own. Frames that come in leave by a packet socket, with right checksums and with sequence numbers that follow one
		  another; a wrong length stays wrong. Frames that go out before are sent by a raw socket on the host, so that connection
		  tracking and edgegate's \`out\` both see them (a DHCP request goes by a packet socket, as DHCP clients do it).
		- **The policy** is one, [policy.yaml](../tests/evasions/policy.yaml). Each peer is told it as well as it can be said there, with what
		  a careful administrator would add; the rule sets are below. What a peer can't say is its result, not an error of ours to hide.
		- **Passed** is counted behind the filter, at the same place for all that work on frames: the last chain of netdev ingress
		  for edgegate and xdp-filter (native XDP) and for nft netdev; the last chain of the input hook for nft inet. Behind each
		  frame goes a marker that all of them let in; a count is read when the marker has come. Without a filter every frame
		  must be counted first (a tag that is cut short isn't: the kernel drops it ahead of any filter but XDP; so it is · for all).
		- **The host** is asked once without a filter, with connection tracking (so that fragments are reassembled): *takes* means
		  that its TCP, UDP or echo answered, so the packet was read in full; *input* that a packet of another protocol, or ARP,
		  came as far as the protocol's input, which may still ignore it (an ICMP error that fits no socket, ND that is too
		  short); *drops* is all else. What a filter lets through is **PASSED**, passed ¹ or passed ° accordingly. What the host
		  drops itself does no harm here, and may to a host with another stack. Where a filter drops one frame of a sequence
		  and lets another through, that is °: the host was asked about all of them.
		- **·**: the frame doesn't come to this filter, which then is neither praised nor blamed: ARP, LLC and unknown types don't
		  pass the input hook; fragments that never become a packet are kept by the kernel. Of legit twins such count as passing.
		- Two results that need a word. \`ports-opens-along-a-flow\` is TCP's simultaneous open (RFC 9293 3.5), which connection
		  tracking takes for an answer; edgegate doesn't let it in on purpose. \`headers-authenticated\`: nftables takes AH for the
		  protocol and doesn't look behind it; with IPsec set up the packet would come by a second time without AH.
		- Tags are taken off behind XDP and ahead of the stack, as on a host with VLAN interfaces.
		- What is remembered (flows, connections, fragments) is empty before each entry.
		- Not on the wire: outbound evasions, on which these peers have no opinion, and those that wait for minutes; \`make test\` has
		  them, on a clock that it sets: $(printf '%s, ' "${off_wire[@]}" | sed 's/, $//').

		Reproduce it: \`make scoreboard\`, as root on Debian 12; it installs nftables and xdp-tools if they are missing, takes
		some minutes, writes this file, and fails if edgegate lets one evasion in or keeps one legit twin out.

		## Evasions

		| evasion | the host | edgegate | xdp-filter | nft netdev | nft inet |
		|---|---|---|---|---|---|
		$(rows evasion)

		## Legit twins

		| legit twin | edgegate | xdp-filter | nft netdev | nft inet |
		|---|---|---|---|---|
		$(rows legit)

		## What the peers were told

		xdp-filter:

		\`\`\`
		$(grep -v '^# \(SPDX\|shellcheck\)' "$peers"/xdp-filter.sh)
		\`\`\`

		nft netdev:

		\`\`\`
		$(<"$peers"/nft-netdev.nft)
		\`\`\`

		nft inet:

		\`\`\`
		$(<"$peers"/nft-inet.nft)
		\`\`\`
	END
}

if [[ -n ${ONLY-} ]]; then
	page | sed -n '/^| of/,/^$/p; /^## Evasions/,/^## What/p'
else
	page >docs/scoreboard.md
	page | sed -n '/^| of/,/^$/p'
fi

missed=$((${total[edgegate/PASSED]-0} + ${total[edgegate/input]-0} + ${total[edgegate/harmless]-0} + ${total[edgegate/KILLED]-0}))
if ((missed > 0)); then
	echo "scoreboard: edgegate is wrong about $missed of them" >&2
	exit 1
fi
