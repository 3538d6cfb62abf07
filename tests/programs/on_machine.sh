#!/bin/sh
# on_machine.sh FERRY [OPTION...]: runs a bundle (run.py --bundle) that lies beside this script and compares with
# what the bundle expects. For a machine without Python: needs a POSIX shell, cmp, diff and timeout.
# Each line of the bundle's file `plan` is a run: K/N PATTERN [OPTION...]. A run takes every Nth of the cases whose name
# matches the shell pattern, beginning with the Kth, and passes its options to ferry too.
here=${0%/*}
ferry=$(command -v "$1") || exit 2
shift
umask 022
limit=600 # seconds a case may take: only a guard against hangs
late=0

# run_case NAME OPTION...: 0 if output, errors and status are the expected ones.
run_case() {
  case=$here/cases/$1
  shift
  rm -rf /tmp/case
  cp -r "$here/inputs" /tmp/case
  started=$(date +%s)
  (cd /tmp/case && exec env -i PATH="$here/bin" HOME=/ TZ=UTC0 LC_ALL=C \
    /bin/timeout -k 5 $limit "$ferry" "$@" -0 sh "$here/bin/sh" -c "$(cat "$case/script")" </dev/null >/tmp/out 2>/tmp/err)
  echo $? >/tmp/status
  out_of_time=
  [ $(($(date +%s) - started)) -lt $limit ] || out_of_time=yes
  [ -z "$out_of_time" ] || return 1
  cmp -s /tmp/out "$case/out" && cmp -s /tmp/err "$case/err" && cmp -s /tmp/status "$case/status"
}

# run_part K/N PATTERN OPTION...
run_part() {
  first=${1%/*} step=${1#*/} pattern=$2
  shift 2
  number=0
  for folder in "$here"/cases/*; do
    name=${folder##*/}
    case $name in $pattern) ;; *) continue ;; esac
    number=$((number + 1))
    [ $(((number - 1) % step)) = $((first % step)) ] || continue
    if run_case "$name" "$@"; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      echo "FAIL $name"
      if [ -n "$out_of_time" ]; then
        # Output that is not finished is not compared. If one case hangs, all others may hang too.
        echo "out of time: no end in $limit s"
        late=$((late + 1))
        [ $late -lt 3 ] || { echo "three cases without an end: the rest is not run"; exit 1; }
        continue
      fi
      for what in out err status; do diff -U 1 "$here/cases/$name/$what" "/tmp/$what" | head -n 12; done
    fi
  done
}

all_failed=0
while read -r part pattern options <&3; do
  passed=0
  failed=0
  begun=$(date +%s)
  # shellcheck disable=SC2086 # options are words
  run_part "$part" "$pattern" "$@" $options
  echo "programs $part $pattern $options: $passed passed, $failed failed, $(($(date +%s) - begun)) s"
  [ "$passed" != 0 ] || failed=1
  all_failed=$((all_failed + failed))
done 3<"$here/plan"
[ "$all_failed" = 0 ]
