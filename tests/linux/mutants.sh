#!/bin/sh
# mutants.sh COUNT SEED MUTANTS FERRY...: the kernel's verdict on COUNT damaged ELF files (mutants.c) and ferry's must be equal.
# Nobody knows what the kernel makes of damaged files, so they run as the user nobody, if root starts this script, and in
# namespaces of their own, if these can be made.
count=$1
seed=$2
program=$3
shift 3
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/kernel" "$work/ferry"
chmod 755 "$work"
chmod 777 "$work/kernel" "$work/ferry"
alone=
unshare --net --ipc --uts --pid --fork true 2>/dev/null && alone="unshare --net --ipc --uts --pid --fork"
# A copy, as the original may lie in a folder that the user nobody cannot enter.
cp "$program" "$work/mutants" || exit 1
(cd "$work/kernel" && timeout -k 5 1200 $alone "$work/mutants" "$count" "$seed" >"$work/kernel.out" 2>&1 </dev/null)
echo "status $?" >>"$work/kernel.out"
(cd "$work/ferry" && timeout -k 5 7200 $alone "$@" "$work/mutants" "$count" "$seed" >"$work/ferry.out" 2>&1 </dev/null)
echo "status $?" >>"$work/ferry.out"
tail -n 2 "$work/kernel.out"
grep -qx "status 0" "$work/kernel.out" || { echo "the kernel's run has no verdicts"; exit 1; }
cmp -s "$work/kernel.out" "$work/ferry.out" && exit 0
diff "$work/kernel.out" "$work/ferry.out" | head -n 20
echo "headers of one: MUTANTS_SHOW=1 mutants $count $seed, in an empty folder"
exit 1
