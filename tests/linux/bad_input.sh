#!/bin/sh
# bad_input.sh I386_PROGRAM FERRY...: a file that cannot be run gives one clear line and the right exit status.
good=$1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

# refused STATUS PATH TEXT FERRY...
refused() {
  status=$1 path=$2 text=$3
  shift 3
  message=$(timeout -k 5 500 "$@" "$path" 2>&1 </dev/null)
  got=$?
  [ $got = 124 ] && message="out of time"
  if [ $got -ne "$status" ] || [ "$message" != "ferry: $path: $text" ]; then
    echo "$path: status $got, expected $status; said: $message; expected: ferry: $path: $text"
    failed=1
  fi
}

cd "$work" || exit 1
echo hello >text; chmod 755 text
printf '\177ELF\1\1\1' >cut; chmod 755 cut
head -c 5000 "$good" >half; chmod 755 half
cp "$good" noexec; chmod 644 noexec
echo '#!/nonexistent/shell' >script; chmod 755 script
mkdir folder
ln -s loop loop
: >empty; chmod 755 empty

refused 127 ./missing "No such file or directory" "$@"
refused 127 ./text/below "Not a directory" "$@"
refused 126 ./text "not an ELF file" "$@"
refused 126 ./empty "not an ELF file" "$@"
refused 126 ./cut "ELF file is cut short" "$@"
# The data of ./half lie past its end: the kernel executes such a file, and kills it when it cannot clear the rest of a page.
refused 126 ./half "cannot be mapped: Bad address" "$@"
refused 126 ./noexec "Permission denied" "$@"
refused 126 ./folder "Is a directory" "$@"
refused 126 ./loop "Too many levels of symbolic links" "$@"
refused 126 /bin/sh "not an i386 program" "$@"
message=$("$@" ./script 2>&1)
[ $? -eq 127 ] && [ "$message" = "ferry: /nonexistent/shell: No such file or directory" ] || { echo "script: $message"; failed=1; }
exit $failed
