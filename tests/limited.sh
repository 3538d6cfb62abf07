#!/bin/sh
# limited.sh SECONDS COMMAND...: a guard against hangs. Ends a COMMAND that does not end by itself, and says so: the last
# line is then "out of time", the status 124. Limits are far above what a busy machine needs; docs/testing.md has the rule.
seconds=$1
shift
started=$(date +%s)
timeout -k 10 "$seconds" "$@"
status=$?
# 137: it ignored SIGTERM. A command may have such a status of its own, but not after so long.
if [ $(($(date +%s) - started)) -ge "$seconds" ] && { [ $status = 124 ] || [ $status = 137 ]; }; then
  echo "out of time: did not end in $seconds s: $*" >&2
  exit 124
fi
exit $status
