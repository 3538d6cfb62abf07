#!/bin/sh
# [RUNNER=EMULATOR] compare.sh PROGRAM FERRY...: runs an i386 test program on the real kernel and under ferry; the outputs must be equal.
program=$1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
timeout -k 5 60 "$program" >"$work/kernel" 2>&1 </dev/null
echo "status $?" >>"$work/kernel"
FERRY_RUNNER=$RUNNER timeout -k 5 120 "$@" "$program" >"$work/ferry" 2>&1 </dev/null
echo "status $?" >>"$work/ferry"
# What qemu-user says of a death by signal is not the program's.
# Nor what ASan says of a vfork child, which runs on a stack of its own.
sed -i -e "/^qemu: uncaught target signal/d" -e "/ASan is ignoring/d" -e "/^False positive error/d" \
  -e "/^For details see .*sanitizers/d" "$work/ferry"
diff -u "$work/kernel" "$work/ferry"
