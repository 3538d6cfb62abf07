#!/bin/bash
# bad_input.sh I386_PROGRAM I386_COMPILER FERRY...: a file or a root that cannot be used gives one clear line and the right exit status.
good=$1
compiler=$2
shift 2
ferry=("$@")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

# refused STATUS TEXT OPTION... PATH: the line is TEXT after "ferry: "
refused() {
  local status=$1 text="ferry: $2" message got
  shift 2
  message=$(timeout -k 5 500 "${ferry[@]}" "$@" 2>&1 </dev/null)
  got=$?
  [ $got = 124 ] && message="out of time"
  if [ $got -ne "$status" ] || [ "$message" != "$text" ]; then
    printf '%s\n' "$*: status $got, expected $status" "  said:     $message" "  expected: $text"
    failed=1
  fi
}

# executable FILE: its contents are what stdin has.
executable() { cat >"$1" && chmod 755 "$1"; }

# header FILE BITS BYTE_ORDER MACHINE: a file that begins as an executable ELF file for that machine does.
header() {
  local type='\x02\0' machine
  machine=$(printf '\\x%02x\\0' "$4")
  [ "$3" = big ] && type='\0\x02' && machine=$(printf '\\0\\x%02x' "$4")
  printf "\177ELF\\x0$(($2 / 32))\\x0$([ "$3" = big ] && echo 2 || echo 1)\1%9s$type$machine%60s" | executable "$1"
}

cd "$work" || exit 1
echo hello | executable text
printf '\177ELF\1\1\1' | executable cut
head -c 5000 "$good" | executable half
cp "$good" noexec && chmod 644 noexec
echo '#!/nonexistent/shell' | executable script
printf '#!/bin/sh\r\necho\r\n' | executable crlf
echo '#!./folder' | executable by_folder
mkdir folder
mkfifo fifo && chmod 755 fifo
ln -s loop loop
: | executable empty

refused 127 "./missing: No such file or directory" ./missing
refused 127 "./text/below: Not a directory" ./text/below
refused 126 "./text: neither an ELF program nor a script (#!)" ./text
refused 126 "./empty: the file is empty" ./empty
refused 126 "./cut: ELF file is cut short" ./cut
# The data of ./half lie past its end: the kernel executes such a file, and kills it when it cannot clear the rest of a page.
refused 126 "./half: cannot be mapped: Bad address" ./half
refused 126 "./noexec: not executable (chmod +x makes it so)" ./noexec
refused 126 "./folder: Is a directory" ./folder
refused 126 "./fifo: not a regular file" ./fifo
refused 126 "./loop: Too many levels of symbolic links" ./loop
refused 127 "./script: a script for /nonexistent/shell, which does not exist" ./script
refused 127 "./crlf: the first line of the script ends with a carriage return: save it with Unix line ends" ./crlf
refused 126 "./folder: Is a directory" ./by_folder

# --- programs for other machines
while read -r bits order number name; do
  header other "$bits" "$order" "$number"
  refused 126 "./other: a program for $name; ferry runs i386 programs" ./other
done <<'END'
64 little 62 x86-64
32 little 62 x32
32 little 40 ARM
64 little 183 ARM64
32 little 8 MIPS
32 big 8 MIPS
64 little 8 MIPS64
64 big 21 PowerPC64
64 little 243 RISC-V
32 little 1 machine 1
END

# --- roots, and programs that need one
"$compiler" -w -nostdlib -o dynamic -Wl,--dynamic-linker=/no/such/loader.so.2 -xc - <<<'void _start(void) { for (;;); }' &&
"$compiler" -w -nostdlib -o foreign -Wl,--dynamic-linker=/lib/other.so -xc - <<<'void _start(void) { for (;;); }' || exit 1
mkdir -p root/lib && mv other root/lib/other.so
for bad in /nonexistent-root missing-root; do
  refused 1 "$bad: no root for -L, the folder of an i386 system: No such file or directory" -L $bad "$good"
done
refused 1 "text: no root for -L, the folder of an i386 system: Not a directory" -L text "$good"
refused 127 "./dynamic: needs the loader /no/such/loader.so.2, which is not on this machine: give an i386 root with -L" ./dynamic
refused 127 "./dynamic: needs the loader /no/such/loader.so.2, which is neither in $work/root nor on this machine: give an i386 root with -L" \
  -L root ./dynamic
refused 126 "./foreign: its loader /lib/other.so: a program for machine 1; ferry runs i386 programs" -L root ./foreign
: | executable root/lib/other.so
refused 126 "./foreign: its loader /lib/other.so: ELF file is cut short" -L root ./foreign
chmod 644 root/lib/other.so
refused 126 "./foreign: its loader /lib/other.so: not executable (chmod +x makes it so)" -L root ./foreign
exit $failed
