#!/bin/sh
# compare.sh GOLDEN_TOOL: shows how the translator's code differs from the committed files.
# After an intended change: ./dev golden, then read the diff.
folder=$(dirname "$0")
written=$(mktemp -d)
trap 'rm -rf "$written"' EXIT
trap 'exit 1' HUP INT TERM
"$1" "$folder" "$written" || exit 1
status=0
for file in "$written"/*.txt; do
  diff -u "$folder/$(basename "$file")" "$file" || status=1
done
exit $status
