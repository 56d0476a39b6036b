#!/bin/sh
# boot.sh ROOT - systemd as the first process of a folder that holds a Debian, within namespaces of its own:
# unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child sh boot.sh ROOT
set -eu
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
if grep -q cgroup2 /proc/filesystems && [ ! -d /sys/fs/cgroup/systemd ]; then
    mount -t cgroup2 cgroup2 sys/fs/cgroup
else
    mkdir sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
fi
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    : >"dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mkdir -p mnt/old
pivot_root . mnt/old
umount -l /mnt/old
mount --make-rshared / # systemd hands credentials to a service by a mount that must arrive there
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=lxc /lib/systemd/systemd --unit=multi-user.target
