#!/bin/sh
# on_machine.sh FERRY [OPTION...]: runs a bundle (run.py --bundle) that lies beside this script and compares with
# what the bundle expects. For a kernel without Python: needs a POSIX shell, cmp, diff and timeout.
here=${0%/*}
ferry=$(command -v "$1") || exit 2
shift
passed=0
failed=0
umask 022
for case in "$here"/cases/*; do
  name=${case##*/}
  rm -rf /tmp/case
  cp -r "$here/inputs" /tmp/case
  (cd /tmp/case && exec env -i PATH="$here/bin" HOME=/ TZ=UTC0 LC_ALL=C \
    /bin/timeout -k 5 100 "$ferry" "$@" -0 sh "$here/bin/sh" -c "$(cat "$case/script")" </dev/null >/tmp/out 2>/tmp/err)
  echo $? >/tmp/status
  if cmp -s /tmp/out "$case/out" && cmp -s /tmp/err "$case/err" && cmp -s /tmp/status "$case/status"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAIL $name"
    for what in out err status; do diff -U 1 "$case/$what" "/tmp/$what" | head -n 12; done
  fi
done
echo "programs: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
