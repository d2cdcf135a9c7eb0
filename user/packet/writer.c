// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/packet/writer.h"

#define SNAPLEN_MOST 262144 /* what libpcap and tcpdump take: MAXIMUM_SNAPLEN */
#define NANOSECONDS 1000000000u

struct writer {
	const char *what;
	char *path;
	char *unfinished; /* its name until then; NULL: written in place */
	pcap_t *pcap;     /* the header's values */
	pcap_dumper_t *dumper;
	int link_type;
	bool nanoseconds;
	bool failed; /* and it was said */
};

static int writer_fail(struct writer *writer, uint64_t packet, struct diags *diags)
{
	int error = errno ? errno : EIO;

	writer->failed = true;
	if (packet)
		diag_system(diags, error, writer->what, "cannot write %s: packet %llu",
			    writer->path, (unsigned long long)packet);
	else
		diag_system(diags, error, writer->what, "cannot write %s", writer->path);
	diag_hint(diags, "%s",
		  error == ENOSPC || error == EDQUOT ?
			  "make room there, or keep less: --only drop, --filter" :
			  "name a file in a folder that can be written: --write FILE");
	return -error;
}

/* The descriptor to write to, or -1 and errno. */
static int writer_create(struct writer *writer)
{
	struct stat status;

	if (stat(writer->path, &status) == 0 && !S_ISREG(status.st_mode))
		return open(writer->path, O_WRONLY | O_CLOEXEC);
	writer->unfinished = text_print("%s.%ld.unfinished", writer->path, (long)getpid());
	if (!writer->unfinished) {
		errno = ENOMEM;
		return -1;
	}
	return open(writer->unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

static void writer_cleanup(struct writer **writer)
{
	writer_close(*writer);
}

int writer_open(const char *path, const struct capture *like, const char *what,
		struct writer **opened, struct diags *diags)
{
	cleanup(writer_cleanup) struct writer *writer = calloc(1, sizeof(*writer));
	autofclose FILE *file = NULL;
	autoclose int fd = -1;

	if (!writer)
		return diag_system(diags, ENOMEM, what, NULL);
	writer->what = what;
	writer->path = strdup(path);
	writer->link_type = capture_link_type(like);
	writer->nanoseconds = capture_has_nanoseconds(like);
	writer->pcap = pcap_open_dead_with_tstamp_precision(
		writer->link_type, SNAPLEN_MOST,
		writer->nanoseconds ? PCAP_TSTAMP_PRECISION_NANO : PCAP_TSTAMP_PRECISION_MICRO);
	if (!writer->path || !writer->pcap)
		return diag_system(diags, ENOMEM, what, NULL);
	fd = writer_create(writer);
	if (fd < 0) {
		int error = errno;

		/* it is not ours to remove */
		free(take_pointer(&writer->unfinished));
		errno = error;
		return writer_fail(writer, 0, diags);
	}
	file = fdopen(fd, "w");
	if (!file)
		return writer_fail(writer, 0, diags);
	take_fd(&fd);
	writer->dumper = pcap_dump_fopen(writer->pcap, file);
	if (!writer->dumper)
		return writer_fail(writer, 0, diags);
	take_pointer(&file);
	*opened = take_pointer(&writer);
	return 0;
}

int writer_takes(const struct writer *writer, const struct capture *capture, struct diags *diags)
{
	const char *ours = pcap_datalink_val_to_name(writer->link_type);
	const char *its = pcap_datalink_val_to_name(capture_link_type(capture));
	int error;

	if (capture_link_type(capture) == writer->link_type)
		return 0;
	error = diag_system(diags, 0, writer->what,
			    "cannot write %s: it has packets of link type %s, and these are %s",
			    writer->path, ours ? ours : "?", its ? its : "?");
	diag_hint(diags, "replay captures of different link types one at a time");
	return error;
}

int writer_add(struct writer *writer, const struct capture_packet *packet, struct diags *diags)
{
	struct pcap_pkthdr header = {
		.ts = { .tv_sec = (time_t)(packet->time / NANOSECONDS),
			.tv_usec = (suseconds_t)(packet->time % NANOSECONDS) },
		/* pcapng may hold longer ones, which nobody reads from a pcap */
		.caplen = packet->raw_captured < SNAPLEN_MOST ? packet->raw_captured : SNAPLEN_MOST,
		.len = packet->raw_length,
	};

	if (!writer->nanoseconds)
		header.ts.tv_usec /= 1000;
	errno = 0;
	pcap_dump((u_char *)writer->dumper, &header, packet->raw);
	return ferror(pcap_dump_file(writer->dumper)) ? writer_fail(writer, packet->number, diags) :
							0;
}

int writer_finish(struct writer *writer, struct diags *diags)
{
	if (writer->failed)
		return -EIO;
	errno = 0;
	if (pcap_dump_flush(writer->dumper))
		return writer_fail(writer, 0, diags);
	if (writer->unfinished && (fsync(fileno(pcap_dump_file(writer->dumper))) ||
				   rename(writer->unfinished, writer->path)))
		return writer_fail(writer, 0, diags);
	free(take_pointer(&writer->unfinished));
	return 0;
}

void writer_close(struct writer *writer)
{
	if (!writer)
		return;
	if (writer->dumper)
		pcap_dump_close(writer->dumper);
	if (writer->unfinished)
		unlink(writer->unfinished);
	if (writer->pcap)
		pcap_close(writer->pcap);
	free(writer->unfinished);
	free(writer->path);
	free(writer);
}
