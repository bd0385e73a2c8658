#!/usr/bin/env bash
# The proxies that tests and benchmarks hold holm beside, in build/peers/bin. Installed they would start with the
# machine and be in every instance, whose image the machine's /usr is; so their Debian packages are unpacked here. What
# the machine has anyway is taken as it is. Does nothing, quickly, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
peers=build/peers
declare -A programs=([nginx]=/usr/sbin/nginx [haproxy]=/usr/sbin/haproxy [varnishtest]=/usr/bin/varnishtest)
# Each with the libraries that only it needs.
packages=(nginx haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 varnish libvarnishapi3 libjemalloc2)

all_there() {
  for name in "${!programs[@]}"; do [[ -x $peers/bin/$name ]] || return 1; done
}
if all_there; then exit 0; fi

rm -rf "$peers"/{archives,bin,root}
mkdir -p "$peers/bin" "$peers/archives"
echo "Fetching the proxies to compare with …"
if ! (cd "$peers/archives" && apt-get download -qq "${packages[@]}" 2>/dev/null); then
  apt-get update -qq
  (cd "$peers/archives" && apt-get download -qq "${packages[@]}")
fi
for archive in "$peers"/archives/*.deb; do dpkg-deb -x "$archive" "$peers/root"; done
root=$PWD/$peers/root
libraries=$root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
for name in "${!programs[@]}"; do
  program=${programs[$name]}
  [[ -x $program ]] || program=$root$program
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s:%s/varnish exec %s "$@"\n' "$libraries" "$libraries" "$program" >"$peers/bin/$name"
  chmod +x "$peers/bin/$name"
done
