#!/usr/bin/env bash
# Runs every fuzz harness for a while, from its seeds in the sources and what former runs found new; findings are
# written to build/fuzz/findings.
# run_fuzzers.sh [SECONDS_EACH [PATTERN]]   PATTERN: only harnesses whose name it matches
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
pattern=${2:-.}
cmake --preset fuzz >/dev/null
mapfile -t targets < <(ninja -C build/fuzz -t targets all | grep -oE '^[a-z0-9_]+_fuzz:' | tr -d ':' | grep -v ^cmake_ | grep -E "$pattern" | sort -u)
ninja -C build/fuzz --quiet "${targets[@]}"
mkdir -p build/fuzz/findings
failed=0
for target in "${targets[@]}"; do
  corpus=build/fuzz/corpus/$target
  mkdir -p "$corpus"
  echo "$target: $seconds s"
  build/fuzz/"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 \
    -artifact_prefix=build/fuzz/findings/"$target"- "$corpus" "$(<build/fuzz/seeds/"$target")" >build/fuzz/findings/"$target".log 2>&1 ||
    { failed=1; tail -n 20 build/fuzz/findings/"$target".log; }
done
exit $failed
