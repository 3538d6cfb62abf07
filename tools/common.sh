# Shared by ./dev and the scripts in tools/, which source it with the project's folder as the current one.

project=$PWD
cache=$project/.cache
i386_root=$cache/i386-root
full_root=$cache/i386-debian
load_root=$cache/i386-load
programs_root=$cache/i386-programs
mips_root=$cache/mips64el-root
mips_cpu=${FERRY_MIPS_CPU:-Loongson-3A4000}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf './dev: %s\n' "$*" >&2; exit 1; }

on_mips64() { [ "$(uname -m)" = mips64 ]; }

log_file() { mkdir -p "$cache"; echo "$cache/$1.log"; }

# Debian packages by purpose. A MIPS64 machine needs neither emulators nor cross compilers.
packages_for() {
  case "$1" in
    build) echo cmake ninja-build g++ ccache nlohmann-json3-dev libcapstone-dev libgtest-dev
           on_mips64 || echo g++-mips64el-linux-gnuabi64 ;;
    emulator) echo mmdebstrap
              on_mips64 || echo qemu-user ;;
    machine) on_mips64 || echo qemu-system-mips cpio python3 ;;
    bench) echo python3
           on_mips64 || echo g++-i686-linux-gnu ;;
    check) echo clang-format clang-tidy python3 nasm strace
           on_mips64 || echo g++-i686-linux-gnu ;;
  esac
}

# Installs what is missing for the named purposes or, without root, prints the command that would. Removes no package:
# Debian does not allow gcc-multilib beside cross compilers, and which of the two to have is the user's choice.
ensure_packages() {
  local missing=() package purpose
  for package in $(for purpose in "$@"; do packages_for "$purpose"; done); do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local install="apt-get install -y --no-install-recommends --no-remove ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    fail "packages are missing; as root: apt-get update && $install"
  fi
  say "installing: ${missing[*]}"
  # The archive may be in the middle of an update, so a failure is tried again.
  local try log
  log=$(log_file apt)
  for try in 1 2 3; do
    DEBIAN_FRONTEND=noninteractive apt-get update >"$log" 2>&1 || true
    DEBIAN_FRONTEND=noninteractive $install >>"$log" 2>&1 && return
    sleep $((5 * try))
  done
  tail -n 5 "$log" >&2
  fail "could not install packages"
}

# The sources that apt on this machine is configured with, as lines of sources.list; with "main", only the main suite.
debian_sources() {
  local targets
  targets=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
            awk '$2 ~ /^(bookworm|bookworm-updates|bookworm-security|stable|oldstable)$/ && $3 == "main"' | sort -u)
  [ "${1:-}" = main ] && targets=$(awk '$2 !~ /-/' <<<"$targets")
  awk '{print "deb", $1, $2, $3}' <<<"$targets"
}

# unpack_packages ARCHITECTURE FOLDER PACKAGE,... [MMDEBSTRAP OPTION...]: unpacks the packages and all they depend on into
# FOLDER, without touching dpkg. The packages' scripts do not run. With the variable main_only=yes no updates are unpacked.
unpack_packages() {
  local architecture=$1 folder=$2 packages=$3 log suites proxy mode=root
  shift 3
  [ "$(id -u)" -eq 0 ] || mode=chrootless # nothing is executed in the folder, so root is not needed
  proxy=$(apt-config dump Acquire::http::Proxy)
  log=$(log_file "mmdebstrap-$(basename "$folder")")
  # One index of the archive may be in the middle of an update: try again, then with the main suite only.
  local tries=(all all main)
  [ "${main_only:-}" = yes ] && tries=(main main)
  for suites in "${tries[@]}"; do
    rm -rf "$folder.new"
    if debian_sources $suites |
        mmdebstrap --mode=$mode --variant=extract --architectures="$architecture" --include="$packages" \
          ${proxy:+--aptopt="$proxy"} "$@" bookworm "$folder.new" - >"$log" 2>&1; then
      rm -rf "$folder"
      mv "$folder.new" "$folder"
      return
    fi
  done
  rm -rf "$folder.new"
  tail -n 5 "$log" >&2
  fail "could not unpack $architecture packages"
}

# Debian's i386 busybox, for the tests, the bench and the machine, and for ./dev run where there is no full root.
ensure_root() {
  [ -e "$i386_root/.complete" ] && return
  say "fetching Debian's i386 busybox"
  unpack_packages i386 "$i386_root" busybox-static
  touch "$i386_root/.complete"
}

# The packages of a small Debian, and the programs that ferry runs in it.
full_packages() {
  local packages=(
    base-files base-passwd bash busybox-static coreutils dash diffutils findutils grep gzip hostname libc-bin mawk
    ncurses-base ncurses-bin sed tar util-linux
    gcc g++ git musl-dev musl-tools perl python3 redis-server redis-tools sqlite3 tmux xz-utils zstd)
  local IFS=,
  echo "${packages[*]}"
}

# What the root of ./dev test load has besides.
load_packages() {
  local packages=(
    erlang-base expect fish gpg gpg-agent imagemagick libpython3.11-testsuite memcached povray procps tcl vim)
  local IFS=,
  echo "$(full_packages),${packages[*]}"
}

# The root of the long list of programs: interpreters, servers, clients, editors and X11, which only ./dev test load runs.
programs_packages() {
  local packages=(
    apt bc cron curl dpkg emacs-nox guile-3.0 hello iproute2 less libpython3.11-testsuite lighttpd lua5.4 make mariadb-server mc
    media-types memcached netcat-openbsd nginx-light ocaml-nox openssh-client openssh-server openssl php-cli postgresql-15
    procps psmisc ruby stress-ng tcl vim wget x11-apps x11-utils xfonts-base xvfb imagemagick)
  local IFS=,
  echo "$(full_packages),${packages[*]}"
}

# Makes in FOLDER what the packages' scripts would have made there, and deletes documentation and translations.
finish_full_root() {
  local folder=$1 link
  for link in awk:mawk c++:g++ cc:gcc; do ln -sf "${link#*:}" "$folder/usr/bin/${link%:*}"; done
  # gcc looks in /usr/i686-linux-gnu first for as, ld and headers. An i386 Debian has no such folder, but the host may have
  # one with its own tools (binutils-i686-linux-gnu), and with -L a path that ROOT does not have is the host's. A link to
  # nowhere hides the host's folder.
  ln -s nowhere "$folder/usr/i686-linux-gnu"
  cp "$folder/usr/share/base-passwd/passwd.master" "$folder/etc/passwd"
  cp "$folder/usr/share/base-passwd/group.master" "$folder/etc/group"
  rm -rf "$folder"/usr/share/{doc,info,lintian,locale,man}
  for link in bin/sh bin/cc lib/ld-linux.so.2; do
    [ -e "$folder/$link" ] || fail "$folder: $link is missing"
  done
}

# For unpack_packages: /bin is /usr/bin as on every Debian 12, since scripts name either.
merged_usr='for each in bin sbin lib; do mkdir -p "$1/usr/$each"; ln -s "usr/$each" "$1/$each"; done'

# ensure_debian FOLDER PACKAGE,... WHAT: makes a root of the packages, unless FOLDER is one of just these.
ensure_debian() {
  local folder=$1 packages=$2
  [ "$(cat "$folder/.complete" 2>/dev/null)" = "$packages" ] && return
  say "fetching $3"
  unpack_packages i386 "$folder" "$packages" --setup-hook="$merged_usr"
  finish_full_root "$folder"
  echo "$packages" >"$folder/.complete"
}

# The full root of ./dev rootfs --full: Debian's i386 compilers, interpreters and so on.
ensure_full_root() {
  ensure_debian "$full_root" "$(full_packages)" "Debian's i386 compilers and programs (420 MB in .cache/i386-debian)"
}

# The root of ./dev test load: the programs that only it runs, and all of the full root.
ensure_load_root() {
  ensure_debian "$load_root" "$(load_packages)" "the programs of ./dev test load (640 MB in .cache/i386-load)"
}

# What the scripts of the long list's packages would have made: users, the folders of servers, what PAM and alternatives name.
finish_programs_root() {
  local folder=$1 user each id=200
  for user in postgres mysql redis memcache sshd; do
    echo "$user:x:$id:$id::/nonexistent:/bin/sh" >>"$folder/etc/passwd"
    echo "$user:x:$id:" >>"$folder/etc/group"
    id=$((id + 1))
  done
  echo crontab:x:$id: >>"$folder/etc/group"
  mkdir -p "$folder"/run/{sshd,mysqld,postgresql} "$folder"/var/spool/cron/crontabs "$folder"/root "$folder"/tmp
  chmod 1777 "$folder/tmp"
  for each in auth account password session session-noninteractive; do
    echo "${each%-*} required pam_permit.so" >"$folder/etc/pam.d/common-$each"
  done
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$folder/etc/hosts"
  printf 'passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n' >"$folder/etc/nsswitch.conf"
  ln -sf php8.2 "$folder/usr/bin/php"
  ln -sf emacs-nox "$folder/usr/bin/emacs"
  ln -sf vim.basic "$folder/usr/bin/vim"
  fetch_source hello "$folder/usr/src"
}

# fetch_source PACKAGE FOLDER: the archive of Debian's source of a package.
fetch_source() {
  local folder=$2 lists log
  lists=$(mktemp -d)
  log=$(log_file "source-$1")
  mkdir -p "$lists"/{etc,state/partial,cache/archives/partial}
  debian_sources | sed 's/^deb /deb-src /' >"$lists/sources.list"
  local options=(-o "Dir::State::Lists=$lists/state" -o "Dir::Etc::SourceList=$lists/sources.list" -o "Dir::Etc::SourceParts=$lists/etc"
                 -o "Dir::Cache=$lists/cache" -o APT::Sandbox::User=root)
  (cd "$folder" && apt-get "${options[@]}" update && apt-get "${options[@]}" source --download-only "$1") >"$log" 2>&1 ||
    { tail -n 5 "$log" >&2; fail "could not fetch the source of $1"; }
  rm -rf "$lists"
}

# The root of the long list. It is complete once its users are made.
ensure_programs_root() {
  [ "$(cat "$programs_root/.finished" 2>/dev/null)" = "$(programs_packages)" ] && return
  rm -f "$programs_root/.complete"
  ensure_debian "$programs_root" "$(programs_packages)" "the long list of programs (1.8 GB in .cache/i386-programs)"
  finish_programs_root "$programs_root"
  programs_packages >"$programs_root/.finished"
}

# One link per busybox applet, so that shell scripts in ROOT find i386 programs and not the host's.
ensure_applets() {
  [ -e "$i386_root/bin/sh" ] && return
  local applet
  for applet in $(run_ferry /bin/busybox --list); do
    [ -e "$i386_root/bin/$applet" ] || ln -s busybox "$i386_root/bin/$applet"
  done
}

# Files for MIPS64: a libcapstone to link with, native programs to compare with, Debian's qemu-i386, a kernel.
ensure_mips_files() {
  [ "$(cat "$mips_root/.complete" 2>/dev/null)" = "${kernel_modules[*]}" ] && return
  say "fetching MIPS64 files (a kernel, busybox, qemu-i386, libcapstone)"
  unpack_packages mips64el "$mips_root" busybox-static,qemu-user-static,libcapstone-dev,linux-image-loongson-3
  # The other emulators and most kernel modules are large, and nothing uses them.
  find "$mips_root/usr/bin" -name 'qemu-*-static' ! -name qemu-i386-static -delete
  keep_modules
  rm -rf "$mips_root"/usr/share/{doc,locale,man}
  echo "${kernel_modules[*]}" >"$mips_root/.complete"
}

# The devices that ./dev test shows on the machine.
kernel_modules=(loop softdog snd-aloop vgem bochs evdev virtio_pci virtio_input tun)

# modules_with_needed NAME...: prints the modules' names, each after those it needs. (modules.dep is made by the
# package's scripts, which do not run here.)
modules_with_needed() {
  local name file needed
  for name in "$@"; do
    file=$(find "$mips_root/lib/modules" -name "$name.ko")
    [ -n "$file" ] || fail "there is no module $name"
    needed=$(tr '\0' '\n' <"$file" | sed -n 's/^depends=//p')
    modules_with_needed ${needed//,/ }
    echo "$name"
  done | awk '!seen[$0]++'
}

# Moves the modules that are used to lib/modules itself, and deletes the others.
keep_modules() {
  local name kept
  kept=$(modules_with_needed "${kernel_modules[@]}")
  for name in $kept; do
    find "$mips_root/lib/modules" -mindepth 2 -name "$name.ko" -exec mv {} "$mips_root/lib/modules" \;
  done
  find "$mips_root/lib/modules" -mindepth 1 -maxdepth 1 -type d -exec rm -r {} +
}

# build_preset PRESET [TARGET...]
build_preset() {
  local preset=$1 log
  shift
  log=$(log_file "build-$preset")
  if [ ! -e "build/$preset/build.ninja" ]; then
    say "configuring build/$preset"
    cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; fail "cmake failed (preset $preset)"; }
  fi
  cmake --build --preset "$preset" ${1:+--target "$@"} >"$log" 2>&1 ||
    { tail -n 40 "$log" >&2; fail "the build failed (preset $preset)"; }
}

# The ferry that translates: ./dev run, bench and machine use it.
build_mips_ferry() {
  if on_mips64; then
    build_preset native ferry
  else
    ensure_mips_files
    [ -e build/mips64el/ferry ] || say "building build/mips64el/ferry (some minutes the first time)"
    build_preset mips64el ferry
  fi
}
ferry_binary() { if on_mips64; then echo "$project/build/native/ferry"; else echo "$project/build/mips64el/ferry"; fi; }

# Whether the kernel runs i386 programs. Some kernels of x86-64 do not: those of paravirtualised guests without 32-bit segments.
kernel_runs_i386() { "$i386_root/bin/busybox" true 2>/dev/null; }

# The words that run a MIPS64 program here: none on MIPS64, else the emulator's. A path, because guests change PATH.
mips_runner() { on_mips64 || echo "$(command -v qemu-mips64el) -cpu $mips_cpu"; }

# find_program NAME: prints the root that has a program named without a slash, and the program's path there. Looks in the
# full root first, if there is one, then in the small one.
find_program() {
  local root folder
  for root in "$full_root" "$i386_root"; do
    [ -e "$root/.complete" ] || continue
    for folder in bin usr/bin sbin usr/sbin; do
      [ -x "$root/$folder/$1" ] || continue
      echo "$root /$folder/$1"
      return
    done
  done
  return 1
}

# run_ferry ARGS...: runs ferry on (emulated) MIPS64 with an i386 root, in the folder from which ./dev was called.
run_ferry() {
  local options=() root=$i386_root found runner
  [ -e "$full_root/.complete" ] && root=$full_root
  while [ $# -gt 0 ] && [[ $1 == -?* ]]; do
    options+=("$1")
    case "$1" in
      --) shift; break ;;
      *=*) ;;
      # Options whose value is the next word.
      -L|-E|-U|-0|-s|-cpu|-r|-p|-d|-D|-dfilter|--root|--set-env|--unset-env|--keep-env|--argv0|--stack-size|--cpu|\
      --uname-release|--page-size|--log|--log-file|--log-filter|--engine|--no-pass|--max-block|--max-branches|\
      --cold-runs|--code-cache|--memory-model|--stats|--bisect|--max-translated)
        if [ $# -gt 1 ]; then shift; options+=("$1"); fi ;;
    esac
    shift
  done
  if [ $# -gt 0 ] && [[ $1 != */* ]] && found=$(find_program "$1"); then
    root=${found% *}
    set -- "${found##* }" "${@:2}"
  fi
  runner=$(mips_runner)
  (cd "${caller_folder:-$PWD}" &&
   FERRY_RUNNER="$runner" exec $runner "$(ferry_binary)" -L "$root" "${options[@]}" "$@")
}
