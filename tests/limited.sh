#!/bin/sh
# limited.sh SECONDS COMMAND...: a guard against hangs. If COMMAND has not ended by itself after SECONDS, it is killed: the
# last line then begins with "out of time", and the status is 124. Limits are far above what a busy machine needs
# (docs/testing.md, "Limits").
seconds=$1
shift
started=$(date +%s)
timeout -k 10 "$seconds" "$@"
status=$?
# 124: ended by SIGTERM; 137: by SIGKILL, as it ignored SIGTERM. A status of the command's own may be the same, but then
# not after so long.
if [ $(($(date +%s) - started)) -ge "$seconds" ] && { [ $status = 124 ] || [ $status = 137 ]; }; then
  echo "out of time: did not end in $seconds s: $*" >&2
  exit 124
fi
exit $status
