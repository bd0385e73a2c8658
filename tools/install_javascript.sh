#!/usr/bin/env bash
# Installs the pinned packages of tests/clients/javascript into build/javascript. Does nothing, quickly, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
source=tests/clients/javascript
place=build/javascript

if cmp -s $source/package-lock.json $place/.installed; then exit 0; fi
echo "Installing the pinned JavaScript packages …"
mkdir -p $place
cp $source/package.json $source/package-lock.json $source/.npmrc $place/
npm ci --prefix $place --no-audit --no-fund --loglevel=error
cp $source/package-lock.json $place/.installed
