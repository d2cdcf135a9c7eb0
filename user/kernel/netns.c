// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "user/base/cleanup.h"
#include "user/base/suggestion.h"
#include "user/kernel/netns.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 */
#endif

int netns_enter(const char *name, struct diags *diags)
{
	autoclose int fd = -1;
	char path[256];

	if (!*name || strchr(name, '/') || strlen(name) >= 64)
		return diag_usage(diags, "--netns", "'%s' is not the name of a network namespace",
				  name);
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int error = errno;

		diag_system(diags, error == ENOENT ? 0 : error, "--netns",
			    "there is no network namespace '%s'", name);
		diag_hint(diags, "list them: ip netns");
		return -error;
	}
	if (setns(fd, CLONE_NEWNET)) {
		int error = errno;

		diag_system(diags, error, "--netns", "cannot enter the network namespace '%s'",
			    name);
		diag_hint(diags, error == EPERM ? "run edgegate as root" : "list them: ip netns");
		return -error;
	}
	return 0;
}

void netns_return(const int *fd)
{
	if (*fd < 0)
		return;
	/* a descriptor of the namespace that we came from: there is nothing that could fail it */
	(void)!setns(*fd, CLONE_NEWNET);
	close(*fd);
}

uint64_t netns_cookie(void)
{
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size))
		return 0;
	return cookie;
}

static void interface_driver(int fd, const char *name, struct interface *interface)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	request.ifr_data = (void *)&info;
	if (ioctl(fd, SIOCETHTOOL, &request) == 0)
		snprintf(interface->driver, sizeof(interface->driver), "%.31s", info.driver);
}

static int interface_missing(const char *what, const char *name, struct diags *diags)
{
	struct if_nameindex *all = if_nameindex();
	struct suggestion suggestion = { .word = name };

	for (size_t i = 0; all && all[i].if_index; i++)
		suggestion_offer(&suggestion, all[i].if_name);
	diag_system(diags, 0, what, "there is no interface '%s'", name);
	if (suggestion.name)
		diag_hint(diags, "did you mean '%s'? list them: ip link", suggestion.name);
	else
		diag_hint(diags, "list them: ip link; in another namespace: edgegate --netns NAME");
	if (all)
		if_freenameindex(all);
	return -ENODEV;
}

int interface_find(const char *what, const char *name, struct interface *interface,
		   struct diags *diags)
{
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct interface found = { 0 };
	struct ifreq request = { 0 };

	if (fd < 0)
		return diag_system(diags, errno, what, "cannot look at interfaces");
	found.ifindex = strlen(name) < IFNAMSIZ ? if_nametoindex(name) : 0;
	if (!found.ifindex)
		return interface_missing(what, name, diags);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFHWADDR, &request) == 0)
		found.is_ethernet = request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
		found.is_up = request.ifr_flags & IFF_UP;
		found.has_carrier = request.ifr_flags & IFF_RUNNING;
	}
	if (ioctl(fd, SIOCGIFMTU, &request) == 0)
		found.mtu = (unsigned int)request.ifr_mtu;
	interface_driver(fd, name, &found);
	*interface = found;
	return 0;
}
