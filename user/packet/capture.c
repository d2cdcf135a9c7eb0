// SPDX-License-Identifier: GPL-2.0-only
/*
 * libpcap reads the file; here only the link header is put right. Link types and their headers:
 * https://www.tcpdump.org/linktypes.html
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <pcap/sll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/cleanup.h"
#include "user/packet/capture.h"

#define ETHERNET_SIZE 14u
#define ETHERNET_ADDRESS 6u
#define ETHERTYPE_IP4 0x0800u
#define ETHERTYPE_IP6 0x86ddu
#define LLC_LENGTH_MOST 1500u /* up to here it is a length: IEEE 802.3 3.2.6 */
#define FAMILY_SIZE 4u        /* of BSD's loopback: an address family, or what says as much */
#define NANOSECONDS 1000000000u
#define BUFFER_SIZE (256u * 1024)

/* What captures begin with; each but the last in both byte orders. */
#define MAGIC_MICROSECONDS 0xa1b2c3d4u
#define MAGIC_NANOSECONDS 0xa1b23c4du
#define MAGIC_KUZNETZOV 0xa1b2cd34u /* a patched libpcap's of 1999, which is read too */
#define MAGIC_PCAPNG 0x0a0d0d0au
#define MAGIC_GZIP 0x1f8bu /* in the first two bytes */

struct capture {
	const char *what;
	pcap_t *pcap;
	FILE *file; /* the pcap's, which closes it */
	int link_type;
	bool nanoseconds;
	bool pcapng;
	bool filtered;
	struct bpf_program filter;
	uint64_t count; /* packets read */
	uint64_t size;
	uint8_t *frame; /* a packet whose link header was rewritten */
	size_t room;
	char buffer[BUFFER_SIZE]; /* the file's */
};

/* What a link header says, as far as Ethernet has a place for it. */
struct link {
	uint32_t size;         /* of the header, bytes */
	unsigned int protocol; /* EtherType; of cooked captures also LINUX_SLL_P_... */
	const uint8_t *source; /* its Ethernet address; NULL: none is known */
};

/* ---- what is it? ------------------------------------------------------------------------------- */

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static unsigned int read16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static bool magic_is(uint32_t magic, uint32_t one)
{
	return magic == one || magic == __builtin_bswap32(one);
}

static bool magic_is_capture(uint32_t magic)
{
	return magic_is(magic, MAGIC_MICROSECONDS) || magic_is(magic, MAGIC_NANOSECONDS) ||
	       magic_is(magic, MAGIC_KUZNETZOV) || magic == MAGIC_PCAPNG;
}

/* The first four bytes, which are put back; 0 where there are fewer. */
static uint32_t magic_peek(FILE *file)
{
	uint8_t bytes[4] = { 0 };
	size_t got = fread(bytes, 1, sizeof(bytes), file);

	/* glibc takes back as many as were read, if they are the same */
	for (size_t i = got; i > 0; i--)
		if (ungetc(bytes[i - 1], file) == EOF)
			return 0;
	clearerr(file);
	return got == sizeof(bytes) ? read32(bytes) : 0;
}

bool capture_is_one(const char *path)
{
	autofclose FILE *file = NULL;
	struct stat status;

	/* a pipe would lose what is read here */
	if (stat(path, &status) || !S_ISREG(status.st_mode))
		return false;
	file = fopen(path, "re");
	return file && magic_is_capture(magic_peek(file));
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
	case DLT_NULL:
	case DLT_LOOP:
		return true;
	default:
		return false;
	}
}

/* ---- opening ----------------------------------------------------------------------------------- */

static int capture_refuse_link_type(const struct capture *capture, struct diags *diags)
{
	const char *name = pcap_datalink_val_to_name(capture->link_type);
	int error = diag_system(diags, 0, capture->what, "its link type, %s (%d), is not known",
				name ? name : "without a name", capture->link_type);

	diag_hint(diags, "capture on an Ethernet device, or on `any`: tcpdump -i eth0 -w FILE");
	return error;
}

static int capture_refuse(const char *what, const char *why, uint32_t magic, struct diags *diags)
{
	int error = diag_system(diags, 0, what, "%s%s",
				magic_is_capture(magic) ? "" : "it is no capture: ", why);

	if (magic >> 16 == MAGIC_GZIP)
		diag_hint(diags, "it is compressed: zcat FILE | edgegate %.*s ... -",
			  (int)strcspn(what, " "), what);
	else
		diag_hint(diags, "give a pcap or pcapng file, such as tcpdump -w FILE writes");
	return error;
}

static void capture_cleanup(struct capture **capture)
{
	capture_close(*capture);
}

int capture_open(const char *path, const char *what, struct capture **opened, struct diags *diags)
{
	cleanup(capture_cleanup) struct capture *capture = calloc(1, sizeof(*capture));
	autofclose FILE *file = NULL;
	char why[PCAP_ERRBUF_SIZE] = "";
	struct stat status;
	uint32_t magic;

	if (!capture)
		return diag_system(diags, ENOMEM, what, NULL);
	capture->what = what;
	file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!file || fstat(fileno(file), &status) || S_ISDIR(status.st_mode)) {
		int error = file ? EISDIR : errno;

		diag_system(diags, error, what, "cannot open it");
		diag_hint(diags, "name a capture that can be read: ls -l");
		return -error;
	}
	/* a page at a time, as glibc reads, is a third of all that a replay costs */
	if (file != stdin) /* which outlives us */
		setvbuf(file, capture->buffer, _IOFBF, sizeof(capture->buffer));
	capture->size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
	magic = magic_peek(file);
	capture->pcap =
		pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!capture->pcap) {
		if (file == stdin)
			take_pointer(&file);
		return capture_refuse(what, why, magic, diags);
	}
	capture->file = take_pointer(&file);
	capture->nanoseconds = !magic_is(magic, MAGIC_MICROSECONDS);
	capture->pcapng = magic == MAGIC_PCAPNG;
	capture->link_type = pcap_datalink(capture->pcap);
	if (!link_type_is_known(capture->link_type))
		return capture_refuse_link_type(capture, diags);
	*opened = take_pointer(&capture);
	return 0;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	if (capture->filtered)
		pcap_freecode(&capture->filter);
	if (capture->pcap)
		pcap_close(capture->pcap);
	free(capture->frame);
	free(capture);
}

int capture_filter(struct capture *capture, const char *expression, struct diags *diags)
{
	int error;

	if (pcap_compile(capture->pcap, &capture->filter, expression, 1, PCAP_NETMASK_UNKNOWN) ==
	    0) {
		capture->filtered = true;
		return 0;
	}
	error = diag_system(diags, 0, capture->what, "the filter '%s': %s", expression,
			    pcap_geterr(capture->pcap));
	diag_hint(diags, "write it as tcpdump takes it: man pcap-filter");
	return error;
}

/* ---- link headers ------------------------------------------------------------------------------ */

/*
 * Field by field: a file's bytes are aligned for nothing. False: shorter than its link header. Bare IP
 * says by its version which it is; what says neither is IPv4 of a wrong version.
 */
static bool link_read(int type, const uint8_t *bytes, uint32_t captured, struct link *link)
{
	*link = (struct link){ 0 };
	if (type == DLT_LINUX_SLL)
		link->size = sizeof(struct sll_header);
	else if (type == DLT_LINUX_SLL2)
		link->size = sizeof(struct sll2_header);
	else if (type == DLT_NULL || type == DLT_LOOP)
		link->size = FAMILY_SIZE;
	if (captured < link->size)
		return false;
	if (type == DLT_LINUX_SLL) {
		link->protocol = read16(bytes + offsetof(struct sll_header, sll_protocol));
		if (read16(bytes + offsetof(struct sll_header, sll_halen)) == ETHERNET_ADDRESS)
			link->source = bytes + offsetof(struct sll_header, sll_addr);
	} else if (type == DLT_LINUX_SLL2) {
		link->protocol = read16(bytes + offsetof(struct sll2_header, sll2_protocol));
		if (bytes[offsetof(struct sll2_header, sll2_halen)] == ETHERNET_ADDRESS)
			link->source = bytes + offsetof(struct sll2_header, sll2_addr);
	} else if (type == DLT_IPV4) {
		link->protocol = ETHERTYPE_IP4;
	} else if (type == DLT_IPV6) {
		link->protocol = ETHERTYPE_IP6;
	} else {
		/* loopback's address families differ from system to system: IP itself is clearer */
		link->protocol = captured > link->size && bytes[link->size] >> 4 == 6 ?
					 ETHERTYPE_IP6 :
					 ETHERTYPE_IP4;
	}
	return true;
}

/* To nobody in particular: whom it was for is not in such a capture. */
static int capture_rewrite(struct capture *capture, struct capture_packet *packet,
			   struct diags *diags)
{
	struct link link;
	bool whole = link_read(capture->link_type, packet->raw, packet->raw_captured, &link);
	uint32_t rest = whole ? packet->raw_captured - link.size : 0;
	uint32_t wire_rest = packet->raw_length > link.size ? packet->raw_length - link.size : 0;

	if (capture->room < ETHERNET_SIZE + (size_t)rest) {
		uint8_t *frame = realloc(capture->frame, ETHERNET_SIZE + (size_t)rest);

		if (!frame)
			return diag_system(diags, ENOMEM, capture->what, NULL);
		capture->frame = frame;
		capture->room = ETHERNET_SIZE + (size_t)rest;
	}
	memset(capture->frame, 0, ETHERNET_SIZE);
	if (link.source)
		memcpy(capture->frame + ETHERNET_ADDRESS, link.source, ETHERNET_ADDRESS);
	/* LLC has its length where others have their type */
	if (link.protocol == LINUX_SLL_P_802_2 || link.protocol == LINUX_SLL_P_802_3)
		link.protocol = wire_rest < LLC_LENGTH_MOST ? wire_rest : LLC_LENGTH_MOST;
	capture->frame[12] = (uint8_t)(link.protocol >> 8);
	capture->frame[13] = (uint8_t)link.protocol;
	if (rest)
		memcpy(capture->frame + ETHERNET_SIZE, packet->raw + link.size, rest);
	packet->frame = capture->frame;
	packet->captured = whole ? ETHERNET_SIZE + rest : 0;
	packet->length = wire_rest > UINT32_MAX - ETHERNET_SIZE ? UINT32_MAX :
								  ETHERNET_SIZE + wire_rest;
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------------- */

/*
 * A pcap's seconds are 32 bits without a sign, which libpcap takes for one with it where the byte order
 * is the machine's: from 2038 on it would be 1901. With the precision asked for, the field of microseconds
 * has nanoseconds.
 */
static uint64_t capture_time(const struct capture *capture, const struct timeval *time)
{
	uint64_t seconds = capture->pcapng ? (uint64_t)time->tv_sec : (uint32_t)time->tv_sec;

	return seconds * NANOSECONDS + (uint64_t)time->tv_usec;
}

/*
 * pcapng may hold what came from several devices; libpcap wants them alike, and says by these words alone
 * that they are not (sf-pcapng.c). It is no damage, then.
 */
static int capture_refuse_rest(const struct capture *capture, struct diags *diags)
{
	const char *why = pcap_geterr(capture->pcap);
	int error = diag_system(diags, 0, capture->what, "packet %llu: %s",
				(unsigned long long)capture->count + 1, why);

	if (strstr(why, "different from the type of the first"))
		diag_hint(diags, "what several devices of different link types gave has to be "
				 "taken apart: docs/replay.md says how");
	else if (strstr(why, "different from the snapshot length of the first"))
		diag_hint(diags, "make a plain pcap of it: editcap -F nsecpcap FILE OTHER");
	else
		diag_hint(diags,
			  "the file is damaged from there on; what stands before it was read");
	return error;
}

int capture_next(struct capture *capture, struct capture_packet *packet, struct diags *diags)
{
	struct capture_packet read = { .number = capture->count + 1, .matches = true };
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int status = pcap_next_ex(capture->pcap, &header, &bytes), error;

	if (status == PCAP_ERROR_BREAK)
		return 0;
	if (status != 1)
		return capture_refuse_rest(capture, diags);
	read.time = capture_time(capture, &header->ts);
	read.raw = bytes;
	read.raw_captured = header->caplen;
	read.raw_length = header->len > header->caplen ? header->len : header->caplen;
	read.frame = read.raw;
	read.captured = read.raw_captured;
	read.length = read.raw_length;
	if (capture->link_type != DLT_EN10MB) {
		error = capture_rewrite(capture, &read, diags);
		if (error)
			return error;
	}
	if (capture->filtered)
		read.matches = pcap_offline_filter(&capture->filter, header, bytes) != 0;
	capture->count++;
	*packet = read;
	return 1;
}

int capture_link_type(const struct capture *capture)
{
	return capture->link_type;
}

bool capture_has_nanoseconds(const struct capture *capture)
{
	return capture->nanoseconds;
}

uint64_t capture_position(const struct capture *capture)
{
	long at = capture->size ? ftell(capture->file) : 0;

	return at > 0 ? (uint64_t)at : 0;
}

uint64_t capture_size(const struct capture *capture)
{
	return capture->size;
}
