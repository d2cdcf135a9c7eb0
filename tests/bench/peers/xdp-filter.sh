# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The built-in default's rows without memory, in the least of xdp-filter's programs that can do them: replies go by
# source port. It takes one port a call, so 50000-59999 is left out; its table of ports costs the same with them.
# What it pins stays in a bpffs of its own, which has to live as long as it filters: it says "ready" and waits.
mount -t bpf bpf /sys/fs/bpf
xdp-filter load --mode native --policy deny --features tcp,udp gate0 >/dev/null
xdp-filter port 443 --proto tcp --mode dst
xdp-filter port 5061 --proto tcp --mode dst
xdp-filter port 5061 --proto tcp --mode src
xdp-filter port 3478 --proto udp --mode dst
xdp-filter port 3478 --proto udp --mode src
echo ready
exec sleep infinity
