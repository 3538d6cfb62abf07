#!/bin/sh
# run.sh FERRY...: on the machine. Each program of this folder (device.h) once as it was compiled for this machine, and once as
# an i386 program under ferry. Both must print the same, and all that the source's lines with EXPECT say.
here=${0%/*}
failed=0
for native in "$here"/*.native; do
  name=${native##*/}
  name=${name%.native}
  for kind in native i386; do
    rm -rf /tmp/device
    mkdir /tmp/device
    [ $kind = i386 ] && runner=$* || runner=
    (cd /tmp/device && timeout -k 5 300 $runner "$here/$name.$kind" >"/tmp/$name.$kind.out" 2>&1 </dev/null)
    echo "status $?" >>"/tmp/$name.$kind.out"
  done
  if ! cmp -s "/tmp/$name.native.out" "/tmp/$name.i386.out"; then
    failed=1
    echo "FAIL $name"
    diff -U 2 "/tmp/$name.native.out" "/tmp/$name.i386.out"
    continue
  fi
  sed -n 's#^//EXPECT: ##p' "$here/$name.c" >/tmp/expected
  result=pass
  while IFS= read -r line; do
    grep -qF -e "$line" "/tmp/$name.native.out" && continue
    result=FAIL
    failed=1
    echo "not printed: $line"
  done </tmp/expected
  echo "$result $name"
  [ $result = pass ] || cat "/tmp/$name.native.out"
done
exit $failed
