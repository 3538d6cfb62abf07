#!/bin/sh
# [RUNNER=EMULATOR] compare.sh PROGRAM FERRY...: runs an i386 test program on the real kernel and under ferry; the outputs must be equal.
# Each run has an empty folder to work in, which goes with it. All paths are absolute.
program=$1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/kernel" "$work/ferry"
# Against hangs alone.
limit=500
# limited WHO COMMAND...: without an end there is nothing to compare.
limited() {
  who=$1
  shift
  started=$(date +%s)
  timeout -k 5 $limit "$@" 3>&-
  status=$?
  if [ $(($(date +%s) - started)) -ge $limit ]; then echo "out of time: $program on $who did not end in $limit s" >&3; exit 1; fi
  echo "status $status"
}
exec 3>&2
(cd "$work/kernel" && limited "the kernel" "$program" >"$work/kernel.out" 2>&1 </dev/null) || exit 1
(cd "$work/ferry" && FERRY_RUNNER=$RUNNER && export FERRY_RUNNER &&
  limited ferry "$@" "$program" >"$work/ferry.out" 2>&1 </dev/null) || exit 1
# What qemu-user says of a death by signal is not the program's.
# Nor what ASan says of a vfork child, which runs on a stack of its own.
sed -i -e "/^qemu: uncaught target signal/d" -e "/ASan is ignoring/d" -e "/^False positive error/d" \
  -e "/^For details see .*sanitizers/d" "$work/ferry.out"
diff -u "$work/kernel.out" "$work/ferry.out"
