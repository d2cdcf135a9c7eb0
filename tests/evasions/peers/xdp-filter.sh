# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# xdp-filter, which denies unless one of its lists allows. Its lists stand side by side: "from port 53 to an
# ephemeral one" can't be said, nor any protocol but TCP and UDP. An address or a MAC on a list lets in all that
# comes from there; so ARP and ND, which only the router's MAC would let in, stay closed, as they do in use.
xdp-filter load --mode native --policy deny gate0
xdp-filter port 443 --proto tcp --mode dst
xdp-filter port 3478 --proto udp --mode dst
xdp-filter port 5060 --proto udp --mode dst
xdp-filter port 53 --proto udp --mode src
xdp-filter port 443 --proto tcp --mode src
