# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A small machine that boots: Debian's own systemd as process 1, with udevd and networkd, in namespaces of
# its own, on a root folder that outlives a reboot. Its network is a namespace of net.bash. Of the machine
# beneath it sees /usr, read-only. What its /sys/fs/bpf holds is lost when it goes down, as it is with a
# real one. Load after net.bash.

BOOT_SYSTEMD=/lib/systemd

# Skips where it can't be done, and says why.
boot_needs() {
	local program
	for program in systemd systemd-udevd systemd-networkd; do
		[[ -x $BOOT_SYSTEMD/$program ]] || skip "no $BOOT_SYSTEMD/$program: install systemd and udev"
	done
	BOOT_CGROUPS=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
	[[ -n $BOOT_CGROUPS ]] || skip 'no cgroup2 is mounted: systemd cannot be booted in a cgroup of its own'
	unshare --mount --net --pid --fork --cgroup --uts --ipc sh -c \
		'mount -t sysfs sysfs /sys && mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -t bpf bpf /sys/fs/bpf' 2>/dev/null ||
		skip 'no namespaces with a sysfs, cgroup2 and bpffs of their own: systemd cannot be booted here'
	boot_sweep
}

# The cgroups that killed tests have left.
boot_sweep() {
	local folder pid
	for folder in "$BOOT_CGROUPS/$NET_PREFIX"-*; do
		[[ -d $folder ]] || continue
		pid=${folder##*/"$NET_PREFIX"-}
		[[ -d /proc/${pid%%-*} ]] || boot_cgroup_remove "$folder"
	done
}

boot_cgroup_remove() { # FOLDER
	if [[ -e $1/cgroup.kill ]]; then
		echo 1 >"$1/cgroup.kill"
	fi
	wait_until boot_cgroup_is_empty "$1" || true
	find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
}

boot_cgroup_is_empty() { # FOLDER
	grep -q '^populated 0' "$1/cgroup.events"
}

# What `make install` installs, in BOOT_ROOT; nothing is enabled.
boot_root() { # DESTDIR
	local entry unit
	BOOT_ROOT=$NET_DIR/root
	mkdir -p "$BOOT_ROOT"/{usr,proc,sys,dev,run,tmp,root,aside} "$BOOT_ROOT"/var/{lib,log/journal} \
		"$BOOT_ROOT"/etc/{edgegate,udev/rules.d,systemd/system/sysinit.target.wants,systemd/network}
	for entry in /bin /sbin /lib*; do
		if [[ -L $entry ]]; then cp -a "$entry" "$BOOT_ROOT"; else mkdir "$BOOT_ROOT$entry"; fi
	done
	ln -s /run "$BOOT_ROOT/var/run"
	cp /etc/passwd /etc/group /etc/nsswitch.conf /etc/os-release "$BOOT_ROOT/etc"
	: >"$BOOT_ROOT/etc/fstab"
	echo 0123456789abcdef0123456789abcdef >"$BOOT_ROOT/etc/machine-id"
	cp -a "$1/usr/local" "$BOOT_ROOT/usr/local"

	# Not what isn't in a namespace: the clock, modules, mounts of the kernel's, sysctl.
	for unit in systemd-{modules-load,sysctl,binfmt,hwdb-update,random-seed,logind,update-utmp,pstore}.service \
		kmod-static-nodes.service console-getty.service systemd-tmpfiles-clean.timer proc-sys-fs-binfmt_misc.automount \
		{dev-hugepages,dev-mqueue,sys-kernel-debug,sys-kernel-tracing,sys-kernel-config,sys-fs-fuse-connections}.mount; do
		ln -s /dev/null "$BOOT_ROOT/etc/systemd/system/$unit"
	done
	ln -s /dev/null "$BOOT_ROOT/etc/udev/rules.d/80-drivers.rules"
	# The same for devices: only those of the network namespace are announced anew.
	boot_file /etc/systemd/system/systemd-udev-trigger.service <<-END
		[Unit]
		DefaultDependencies=no
		Wants=systemd-udevd.service
		After=systemd-udevd-kernel.socket systemd-udevd-control.socket
		Before=sysinit.target
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=udevadm trigger --action=add --subsystem-match=net
	END
	boot_file /etc/systemd/system/default.target <<-END
		[Unit]
		Requires=basic.target
		Wants=systemd-networkd.service network-online.target
		After=basic.target network-online.target
	END
}

boot_file() { # PATH, from standard input
	mkdir -p "$BOOT_ROOT${1%/*}"
	cat >"$BOOT_ROOT$1"
}

# networkd sees to an interface as to that of a server.
boot_network() { # INTERFACE ADDRESS/LENGTH [LINE]...
	boot_file "/etc/systemd/network/50-$1.network" <<-END
		[Match]
		Name=$1
		[Network]
		LinkLocalAddressing=no
		IPv6AcceptRA=no
		Address=$2
		$(printf '%s\n' "${@:3}")
	END
}

# What `systemctl enable` does, before there is a systemd to ask.
boot_enable() { # UNIT...
	systemctl --root="$BOOT_ROOT" enable "$@" 2>/dev/null
}

# Runs in the new namespaces and becomes process 1.
boot_inside() { # ROOT
	set -e
	local root=$1 entry
	mount --bind "$root" "$root"
	mount --bind "$root/usr/local" "$root/aside"
	for entry in /usr /bin /sbin /lib*; do
		[[ ! -L $entry ]] || continue
		mount --rbind "$entry" "$root$entry"
		mount -o remount,bind,ro "$root$entry"
	done
	mount --move "$root/aside" "$root/usr/local"
	mount -t proc proc "$root/proc"
	mount --bind "$root/proc/sys" "$root/proc/sys"
	mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
	mount -o remount,bind,ro "$root/proc/sys"
	mount -t sysfs sysfs "$root/sys"
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	mount -t bpf -o mode=700 bpf "$root/sys/fs/bpf"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	for entry in null zero full random urandom tty; do
		cp -a "/dev/$entry" "$root/dev/$entry"
	done
	ln -s null "$root/dev/console"
	mkdir "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
	ln -s pts/ptmx "$root/dev/ptmx"
	mount -t tmpfs tmpfs "$root/dev/shm"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	mount -t tmpfs tmpfs "$root/tmp"
	# Without it, or a devtmpfs, systemd takes it that no udevd will come, and has no devices.
	mkdir "$root/run/udev"
	: >"$root/run/udev/control"
	cd "$root"
	pivot_root . aside
	umount -l /aside
	exec env -i container=edgegate-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin "$BOOT_SYSTEMD/systemd"
}

# Boots, and doesn't wait. BOOT_PID is process 1, seen from here.
boot_start() { # NAME
	local started
	# shellcheck disable=SC2153 # NET_ID is net.bash's
	BOOT_CGROUP=$BOOT_CGROUPS/$NET_ID-$1
	mkdir -p "$BOOT_CGROUP"
	# shellcheck disable=SC2016 # for the shell that is started
	nsenter --net="/run/netns/$NET_ID-$1" -- bash -c '
		echo $$ >"$1/cgroup.procs"
		exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup bash "$2" inside "$3"' \
		- "$BOOT_CGROUP" "$PWD/tests/lib/boot.bash" "$BOOT_ROOT" </dev/null >>"$NET_DIR/boot.log" 2>&1 3>&- 4>&- &
	started=$!
	NET_PIDS+=("$started")
	wait_until pgrep -P "$started"
	BOOT_PID=$(pgrep -P "$started")
	wait_until boot_answers
}

boot_answers() {
	in_boot systemctl show --property=Version
}

# Runs a command in the machine.
in_boot() { # COMMAND...
	nsenter -t "$BOOT_PID" --mount --pid --net --uts --ipc --cgroup -- "$@"
}

# Until all that was to be started is, or has failed.
boot_wait() {
	local end=$((SECONDS + NET_PATIENCE))
	until [[ $(in_boot systemctl is-system-running) =~ ^(running|degraded)$ ]]; do
		if ((SECONDS >= end)); then
			in_boot systemctl --no-pager list-jobs >&2
			boot_log '*' >&2
			return 1
		fi
		sleep 0.1
	done
}

# The machine goes down as it is told, and its pid namespace with it. COMMAND runs before its pins are lost:
# with a real machine's the network goes too.
boot_down() { # reboot|poweroff COMMAND...
	local pins
	exec {pins}<"/proc/$BOOT_PID/root/sys/fs/bpf"
	in_boot systemctl --no-block --job-mode=replace-irreversibly start "$1.target"
	wait_until boot_is_gone
	shift
	"$@"
	exec {pins}<&-
}

# shellcheck disable=SC2317 # called by wait_until
boot_is_gone() {
	[[ ! -e /proc/$BOOT_PID ]]
}

# As if the power went.
boot_end() {
	[[ -n ${BOOT_CGROUP-} ]] || return 0
	boot_cgroup_remove "$BOOT_CGROUP"
	BOOT_CGROUP=
}

boot_log() { # UNIT: what it has said in this boot; a pattern will do
	in_boot journalctl --boot --no-pager --output=cat --unit="$1"
}

boot_state() { # UNIT: active, inactive, failed...
	in_boot systemctl is-active "$1" || true
}

boot_is() { # UNIT STATE
	[[ $(boot_state "$1") == "$2" ]]
}

# When a unit last became active, in microseconds since the kernel's boot.
boot_since() { # UNIT
	in_boot systemctl show --value --property=ActiveEnterTimestampMonotonic "$1"
}

if [[ ${1-} == inside && ${BASH_SOURCE[0]} == "$0" ]]; then
	boot_inside "$2"
fi
