#!/bin/sh
# Runs objects_bench, or s3_versions_bench, in a folder of its own and looks at the start after it was killed.
# Usage: run.sh PROGRAM OBJECTS
set -e
folder=$(mktemp -d "${TMPDIR:-/tmp}/holm-bench-s3-XXXXXX")
trap 'rm -rf "$folder"' EXIT
"$1" "$folder" "$2"
"$1" "$folder" start
