#!/usr/bin/env bash
# `make test`: installs what is missing, checks habits, builds, and runs every test. Ends with ctest's line.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_dependencies.sh build/venv
tools/install_javascript.sh
tools/install_peers.sh
/usr/bin/python3 tools/layers.py
/usr/bin/python3 tools/tidy.py
jobs=$(nproc)
cmake --preset dev >/dev/null
ninja -C build/dev -j "$jobs" --quiet
# One more than there are cores: tests of clients wait for a region more than they compute.
exec ctest --test-dir build/dev --output-on-failure -j $((jobs + 1)) --timeout 600
