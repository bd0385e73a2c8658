#!/usr/bin/env bash
# Installs the Debian packages of tools/packages.txt that are missing, and the pinned Python packages into a
# virtual environment. Does nothing, quickly, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-build/venv}

mapfile -t wanted < <(grep -v '^#' tools/packages.txt | tr ' ' '\n' | sed '/^$/d')
installed=$(dpkg-query -W -f '${Package} ${Status}\n' 2>/dev/null | awk '$NF == "installed" {print $1}')
missing=()
for package in "${wanted[@]}"; do
  # A machine may have Node.js from elsewhere, which brings npm along.
  if [[ $package == npm || $package == nodejs ]] && command -v npm >/dev/null; then continue; fi
  grep -qx "$package" <<<"$installed" || missing+=("$package")
done
if ((${#missing[@]})); then
  if ((EUID != 0)); then
    echo "These packages are missing; run as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "Installing ${#missing[@]} Debian packages …"
  export DEBIAN_FRONTEND=noninteractive
  # Engines run in holm's sandboxes; the package's own service is not wanted, so it is not started.
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  log=$(mktemp)
  if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "apt-get failed; its whole output is in $log" >&2
    exit 1
  fi
  rm -f "$log"
  # Nor does it start with the machine.
  if [[ " ${missing[*]} " == *" mariadb-server "* ]]; then systemctl disable --quiet mariadb 2>/dev/null || true; fi
fi

stamp=$venv/.installed
if ! cmp -s tools/requirements.txt "$stamp"; then
  echo "Installing the pinned Python packages …"
  [[ -x $venv/bin/pip ]] || /usr/bin/python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r tools/requirements.txt
  cp tools/requirements.txt "$stamp"
fi
