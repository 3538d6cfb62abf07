#!/bin/sh
# bundle.sh FOLDER PROGRAM...: packs i386 test programs with their output on this kernel, and a script `run.sh FERRY` that
# compares, for a machine whose kernel cannot run i386 programs. A program's arguments are those in its source (cases.cmake).
sources=$(dirname "$0")/cases
folder=$1
shift
mkdir -p "$folder" || exit 1
for program in "$@"; do
  name=${program##*/}
  work=$(mktemp -d) || exit 1
  cp "$program" "$folder/$name"
  arguments=$(cat "$sources/$name".* 2>/dev/null | sed -n -E "s#^(//|;)ARGUMENTS: ##p")
  echo "$arguments" >"$folder/$name.arguments"
  # By the same relative path as on the machine: programs print their names.
  mkdir "$work/d"
  cp "$program" "$work/$name"
  (cd "$work/d" && timeout -k 5 500 $FERRY_REFERENCE "../$name" $arguments >"$folder/$name.out" 2>&1 </dev/null)
  echo "status $?" >>"$folder/$name.out"
  rm -rf "$work"
done
cat >"$folder/run.sh" <<'END'
#!/bin/sh
here=${0%/*}
ip link set lo up
failed=0
limit=500 # seconds; only a guard against hangs
for expected in "$here"/*.out; do
  name=${expected##*/}
  name=${name%.out}
  mkdir -p "/tmp/run/$name.d"
  cp "$here/$name" /tmp/run/
  started=$(date +%s)
  (cd "/tmp/run/$name.d" &&
   timeout -k 5 $limit "$1" "../$name" $(cat "$here/$name.arguments") >/tmp/out 2>&1 </dev/null)
  echo "status $?" >>/tmp/out
  if [ $(($(date +%s) - started)) -ge $limit ]; then
    failed=1
    echo "FAIL $name: out of time, no end in $limit s"
  elif cmp -s "$expected" /tmp/out; then
    echo "pass $name"
  else
    failed=1
    echo "FAIL $name"
    diff -U 1 "$expected" /tmp/out
  fi
done
exit $failed
END
