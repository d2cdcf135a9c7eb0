// SPDX-License-Identifier: GPL-2.0-only
/*
 * libpcap reads the file; here only the link header is put right. Link types and their headers:
 * https://www.tcpdump.org/linktypes.html
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>
#include <pcap/sll.h>

#include "tests/lib/capture.h"
#include "user/base/cleanup.h"

#define ETHERNET_SIZE 14u
#define ETHERNET_ADDRESS 6u
#define ETHERTYPE_IP4 0x0800u
#define ETHERTYPE_IP6 0x86ddu
#define NANOSECONDS 1000000000u

struct capture {
	char *path;
	pcap_t *pcap;
	int link_type;  /* DLT_... */
	uint8_t *frame; /* a packet whose link header was rewritten */
	size_t room;
};

/* What a link header says, as far as Ethernet has a place for it. */
struct link {
	size_t size;           /* of the header, bytes */
	unsigned int protocol; /* EtherType; of cooked captures also LINUX_SLL_P_... */
	const uint8_t *source; /* its Ethernet address; NULL: none is known */
};

static unsigned int read16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static bool link_type_is_known(int type)
{
	switch (type) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return true;
	default:
		return false;
	}
}

/* Field by field: a file's bytes are aligned for nothing. False: shorter than its link header. */
static bool read_link(int type, const uint8_t *bytes, size_t length, struct link *link)
{
	*link = (struct link){ 0 };
	if (type == DLT_LINUX_SLL)
		link->size = sizeof(struct sll_header);
	else if (type == DLT_LINUX_SLL2)
		link->size = sizeof(struct sll2_header);
	if (length < link->size || length == 0)
		return false;
	if (type == DLT_LINUX_SLL) {
		link->protocol = read16(bytes + offsetof(struct sll_header, sll_protocol));
		if (read16(bytes + offsetof(struct sll_header, sll_halen)) == ETHERNET_ADDRESS)
			link->source = bytes + offsetof(struct sll_header, sll_addr);
	} else if (type == DLT_LINUX_SLL2) {
		link->protocol = read16(bytes + offsetof(struct sll2_header, sll2_protocol));
		if (bytes[offsetof(struct sll2_header, sll2_halen)] == ETHERNET_ADDRESS)
			link->source = bytes + offsetof(struct sll2_header, sll2_addr);
	} else {
		/* bare IP says by its version which it is */
		link->protocol = bytes[0] >> 4 == 6 ? ETHERTYPE_IP6 : ETHERTYPE_IP4;
	}
	return true;
}

static int capture_grow(struct capture *capture, size_t size, struct diags *diags)
{
	uint8_t *frame;

	if (size <= capture->room)
		return 0;
	frame = realloc(capture->frame, size);
	if (!frame)
		return diag_system(diags, ENOMEM, "read a capture", NULL);
	capture->frame = frame;
	capture->room = size;
	return 0;
}

/* To nobody in particular: who it was for is not in such a capture. */
static int capture_rewrite(struct capture *capture, const struct link *link,
			   struct capture_packet *packet, struct diags *diags)
{
	size_t rest = packet->length - link->size, wire_rest = packet->wire_length - link->size;
	unsigned int type = link->protocol;
	int error = capture_grow(capture, ETHERNET_SIZE + rest, diags);

	if (error)
		return error;
	memset(capture->frame, 0, ETHERNET_SIZE);
	if (link->source)
		memcpy(capture->frame + ETHERNET_ADDRESS, link->source, ETHERNET_ADDRESS);
	/* LLC has its length where others have their type */
	if (type == LINUX_SLL_P_802_2 || type == LINUX_SLL_P_802_3)
		type = (unsigned int)wire_rest;
	capture->frame[12] = (uint8_t)(type >> 8);
	capture->frame[13] = (uint8_t)type;
	memcpy(capture->frame + ETHERNET_SIZE, packet->bytes + link->size, rest);
	packet->bytes = capture->frame;
	packet->length = ETHERNET_SIZE + rest;
	packet->wire_length = ETHERNET_SIZE + wire_rest;
	return 0;
}

int capture_open(const char *path, struct capture **capture, struct diags *diags)
{
	cleanup(capture_cleanup) struct capture *opened = calloc(1, sizeof(*opened));
	char why[PCAP_ERRBUF_SIZE] = "";
	const char *name;

	if (opened)
		opened->path = strdup(path);
	if (!opened || !opened->path)
		return diag_system(diags, ENOMEM, "read a capture", NULL);
	opened->pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!opened->pcap)
		return diag_system(diags, 0, "read a capture", "%s", why);
	opened->link_type = pcap_datalink(opened->pcap);
	if (!link_type_is_known(opened->link_type)) {
		name = pcap_datalink_val_to_name(opened->link_type);
		return diag_system(diags, 0, "read a capture", "%s: its link type is %d (%s)", path,
				   opened->link_type, name ? name : "unknown");
	}
	*capture = take_pointer(&opened);
	return 0;
}

int capture_next(struct capture *capture, struct capture_packet *packet, struct diags *diags)
{
	struct capture_packet read;
	struct pcap_pkthdr *header;
	const u_char *bytes;
	struct link link;
	int status = pcap_next_ex(capture->pcap, &header, &bytes);

	if (status == PCAP_ERROR_BREAK)
		return 0;
	if (status != 1)
		return diag_system(diags, 0, "read a capture", "%s: %s", capture->path,
				   pcap_geterr(capture->pcap));
	read = (struct capture_packet){
		.bytes = bytes,
		.length = header->caplen,
		.wire_length = header->len > header->caplen ? header->len : header->caplen,
		/* with that precision the field of microseconds has nanoseconds */
		.time = (uint64_t)header->ts.tv_sec * NANOSECONDS + (uint64_t)header->ts.tv_usec,
	};
	if (capture->link_type != DLT_EN10MB) {
		if (!read_link(capture->link_type, bytes, read.length, &link))
			return diag_system(diags, 0, "read a capture",
					   "%s: a packet of %zu bytes is shorter than its header",
					   capture->path, read.length);
		status = capture_rewrite(capture, &link, &read, diags);
		if (status)
			return status;
	}
	*packet = read;
	return 1;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	if (capture->pcap)
		pcap_close(capture->pcap);
	free(capture->frame);
	free(capture->path);
	free(capture);
}

void capture_cleanup(struct capture **capture)
{
	capture_close(*capture);
}
