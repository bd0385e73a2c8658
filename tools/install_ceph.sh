#!/usr/bin/env bash
# Ceph's monitor, OSD and RADOS Gateway of Debian, which bench/s3.py holds S3 beside, in build/peers/ceph: bin, and lib as
# a link. Installed they would start with the machine and be in every instance, whose image the machine's /usr is; so the
# packages that the machine has not are unpacked here (about 50 MB to fetch). Does nothing, quickly, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
ceph=$PWD/build/peers/ceph
programs=(ceph-authtool ceph-mon ceph-osd monmaptool radosgw radosgw-admin)
# What they depend on for ceph-volume, for the manager and for commands that are not used here.
unused='^(python3-.*|cryptsetup-bin|gdisk|hdparm|logrotate|uuid-runtime|libnvme1|nvme-cli|dmidecode|libparted2.*|parted'
unused+='|smartmontools|libinih1|liburcu8|xfsprogs|libdevmapper-event.*|liblvm2.*|dmeventd|lvm2|sudo|librgw2)$'

if [[ -d $ceph ]]; then exit 0; fi # It gets this name when it is whole.

part=$ceph.part
rm -rf "$part"
mkdir -p "$part/bin" "$part/archives"
needed() {
  apt-get install -s -qq --no-install-recommends radosgw ceph-mon ceph-osd | awk '/^Inst/ {print $2}' | grep -vE "$unused"
}
fetch() {
  local packages
  packages=$(needed) && (cd "$part/archives" && xargs apt-get download -qq <<<"$packages")
}
echo "Fetching Ceph to compare with …"
fetch 2>/dev/null || { apt-get update -qq && fetch; }
for archive in "$part"/archives/*.deb; do dpkg-deb -x "$archive" "$part/root"; done
rm -rf "$part/archives"

multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
ln -s "root/usr/lib/$multiarch" "$part/lib"
path=$ceph/lib:$ceph/lib/ceph:$ceph/root/lib/$multiarch
for name in "${programs[@]}"; do
  missing=$(LD_LIBRARY_PATH=${path//$ceph/$part} ldd "$part/root/usr/bin/$name" 2>&1 | grep -E "not found|No such" || true)
  if [[ -n $missing ]]; then
    echo "tools/install_ceph.sh: $name needs what neither the machine nor Ceph's packages have:" $missing >&2
    exit 1
  fi
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$path" "$ceph/root/usr/bin/$name" >"$part/bin/$name"
  chmod +x "$part/bin/$name"
done
mv "$part" "$ceph"
