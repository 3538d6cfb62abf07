#!/bin/sh
# [RUNNER=EMULATOR] [CASE=SOURCE] compare.sh PROGRAM FERRY...: runs an i386 test program on the real kernel and under ferry;
# the outputs must be equal. Each run has an empty folder to work in, which is deleted afterwards. All paths are absolute.
# Lines in CASE ask for more: see cases.cmake. Where the kernel runs no i386 programs, FERRY_REFERENCE runs them in its place
# (docs/testing.md).
program=$1
shift
# asked KEYWORD: prints the texts of the case's lines with that keyword.
asked() { [ -z "$CASE" ] || sed -n -E "s#^(//|;)$1: ##p" "$CASE"; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/kernel" "$work/ferry" "$work/statistics"
chmod 777 "$work/statistics" # a case may become another user
# Seconds; only a guard against hangs.
limit=500
# limited WHO COMMAND...: runs COMMAND and prints its status. If COMMAND does not end, there is nothing to compare.
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
# No argument has a space.
arguments=$(asked ARGUMENTS)
processes=$(asked PROCESSES)
# The root of a program that wants one. The kernel's chroot needs root or user namespaces.
kernel=$FERRY_REFERENCE
seen=$program
if [ -n "$(asked 'IN A ROOT')" ]; then
  for each in kernel ferry; do
    mkdir "$work/$each/inside"
    cp "$program" "$work/$each/inside/program"
  done
  seen=/inside/program
  set -- "$@" -L "$work/ferry"
  if [ -n "$kernel" ]; then
    kernel="$kernel -L $work/kernel"
  elif [ "$(id -u)" = 0 ]; then
    kernel="chroot $work/kernel"
  else
    kernel="unshare --map-root-user chroot $work/kernel"
  fi
fi
(cd "$work/kernel" && limited "the kernel" $kernel "$seen" $arguments >"$work/kernel.out" 2>&1 </dev/null) || exit 1
[ -z "$processes" ] || set -- "$@" --stats="$work/statistics/%p"
(cd "$work/ferry" && FERRY_RUNNER=$RUNNER && export FERRY_RUNNER &&
  limited ferry "$@" "$seen" $arguments >"$work/ferry.out" 2>&1 </dev/null) || exit 1
# The program did not print what qemu-user reports of a death by signal, nor what ASan reports of a vfork child, which runs
# on a stack of its own.
sed -i -e "/^qemu: uncaught target signal/d" -e "/ASan is ignoring/d" -e "/^False positive error/d" \
  -e "/^For details see .*sanitizers/d" "$work/ferry.out"
diff -u "$work/kernel.out" "$work/ferry.out" || exit 1
asked EXPECT >"$work/expected"
while IFS= read -r line; do
  grep -qF -e "$line" "$work/kernel.out" && continue
  echo "the kernel's run did not print: $line"
  cat "$work/kernel.out"
  exit 1
done <"$work/expected"
[ -z "$processes" ] && exit 0
# On a kernel that runs i386 programs, an exec that slipped past ferry would still work, but would leave no statistics.
counted=$(ls "$work/statistics" | wc -l)
[ "$counted" = "$processes" ] || { echo "$counted processes wrote statistics, should be $processes"; exit 1; }
