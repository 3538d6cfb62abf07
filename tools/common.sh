# Shared by ./dev and the scripts in tools/. Sourced with the project's folder as the current one.

cache=.cache
i386_root=$cache/i386-root
mips_root=$cache/mips64el-root
mips_cpu=${FERRY_MIPS_CPU:-Loongson-3A4000}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf './dev: %s\n' "$*" >&2; exit 1; }

on_mips64() { [ "$(uname -m)" = mips64 ]; }

# Debian packages by purpose. On a MIPS64 machine nothing is emulated or crossed.
packages_for() {
  case "$1" in
    build) echo cmake ninja-build g++ ccache nlohmann-json3-dev libcapstone-dev libgtest-dev libbenchmark-dev
           on_mips64 || echo g++-mips64el-linux-gnuabi64 g++-i686-linux-gnu ;;
    emulator) echo mmdebstrap
           on_mips64 || echo qemu-user qemu-system-mips cpio ;;
    check) echo clang-format clang-tidy binutils python3 ;;
  esac
}

# Installs what is missing of the named purposes, or, without root, prints the command that would.
ensure_packages() {
  local missing=() package
  for package in $(for purpose in "$@"; do packages_for "$purpose"; done); do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local install="apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    fail "these packages are missing; as root: $install"
  fi
  say "installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  for attempt in 1 2 3; do
    apt-get update -qq >"$(log_file apt)" 2>&1 || true
    $install >>"$(log_file apt)" 2>&1 && return
    sleep 5
  done
  tail -n 5 "$(log_file apt)" >&2
  fail "could not install packages"
}

log_file() { mkdir -p "$cache"; echo "$cache/$1.log"; }

# The mirror this machine uses for Debian's main archive.
debian_mirror() {
  apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1
}

# unpack_packages ARCHITECTURE FOLDER PACKAGE,...: packages and what they depend on, without touching dpkg.
unpack_packages() {
  local architecture=$1 folder=$2 packages=$3 log
  log=$(log_file "mmdebstrap-$architecture")
  rm -rf "$folder.new"
  # One index of the mirror may be in the middle of a sync: try again, then take the main suite alone.
  for source in "" "" "deb $(debian_mirror) bookworm main"; do
    if mmdebstrap --variant=extract --architectures="$architecture" --include="$packages" \
        bookworm "$folder.new" ${source:+"$source"} >"$log" 2>&1; then
      rm -rf "$folder"
      mv "$folder.new" "$folder"
      return
    fi
    rm -rf "$folder.new"
  done
  tail -n 5 "$log" >&2
  fail "could not unpack $architecture packages"
}

# The i386 programs that ./dev run, the tests and the bench use.
ensure_root() {
  [ -e "$i386_root/.complete" ] && return
  ensure_packages emulator
  say "fetching i386 programs into $i386_root"
  unpack_packages i386 "$i386_root" busybox-static
  touch "$i386_root/.complete"
}

# MIPS64: a libcapstone to link, native programs to compare with, Debian's qemu-i386, a kernel.
ensure_mips_files() {
  on_mips64 && return
  [ -e "$mips_root/.complete" ] && return
  ensure_packages emulator
  say "fetching MIPS64 files into $mips_root"
  unpack_packages mips64el "$mips_root" busybox-static,qemu-user-static,libcapstone-dev,linux-image-loongson-3
  # Only what is used: the rest of the emulators and kernel modules is large.
  find "$mips_root/usr/bin" -name 'qemu-*-static' ! -name qemu-i386-static -delete
  rm -rf "$mips_root"/lib/modules "$mips_root"/usr/share/{doc,locale,man}
  touch "$mips_root/.complete"
}

build_preset() {
  local preset=$1 log
  log=$(log_file "build-$preset")
  [ -e "build/$preset/build.ninja" ] || cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; fail "cmake failed"; }
  cmake --build --preset "$preset" >"$log" 2>&1 || { tail -n 40 "$log" >&2; fail "build failed (preset $preset)"; }
}

ensure_built() {
  [ "$1" = mips64el ] && ensure_mips_files
  build_preset "$1"
}

# What runs a MIPS64 program here: nothing on MIPS64, else the emulator.
mips_runner() { on_mips64 || echo "qemu-mips64el -cpu $mips_cpu"; }

ferry_binary() { if on_mips64; then echo build/native/ferry; else echo build/mips64el/ferry; fi; }

# run_ferry ARGS...: ferry on (emulated) MIPS64 with the i386 root. A program without a slash is looked for
# in the root's folders.
run_ferry() {
  local options=() program
  while [ $# -gt 0 ] && [[ $1 == -* ]]; do
    options+=("$1")
    case "$1" in
      *=*) ;;
      -L|-E|-U|-0|-s|-cpu|-r|-d|-D|--root|--set-env|--unset-env|--argv0|--stack-size|--cpu|--uname-release|--log|--log-file|--engine|--no-pass|--max-block|--max-branches|--code-cache|--stats)
        shift; options+=("$1") ;;
    esac
    shift
  done
  [ $# -gt 0 ] || set -- "${options[@]:+}" # only options: ferry prints what they ask for
  if [ $# -gt 0 ] && [ -n "$1" ]; then
    program=$1; shift
    if [[ $program != */* ]]; then
      for folder in bin usr/bin sbin usr/sbin; do
        [ -x "$i386_root/$folder/$program" ] && { program=/$folder/$program; break; }
      done
    fi
    set -- "$program" "$@"
  else
    set --
  fi
  local runner
  runner=$(mips_runner)
  FERRY_RUNNER="$runner" $runner "$(ferry_binary)" -L "$i386_root" "${options[@]}" "$@"
}
