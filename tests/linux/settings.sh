#!/bin/bash
# settings.sh I386_PROGRAM FERRY...: the settings files. I386_PROGRAM is arguments.c, compiled.
. "$(dirname "$0")/command_line_checks.sh"

unset XDG_CONFIG_HOME
for variable in $(compgen -e FERRY_); do unset "$variable"; done
export HOME=$work/home
# What runs the ferry of an exec.
[ ${#ferry[@]} -gt 1 ] && export FERRY_RUNNER="${ferry[*]:0:${#ferry[@]}-1}"
settings=$HOME/.config/ferry.conf
mkdir -p "$HOME/.config"
cp "$program" first
cp "$program" second
printf '#!%s\n' "$work/second" >script
chmod 755 script

# wrong TEXT OPTION...: status 1 and one line about the user's file, after its name.
wrong() {
  local text="ferry: $settings:$1"
  shift
  run 1 "$@"
  [ "$(cat err)" = "$text" ] && [ ! -s out ] || complain "$*: should say: $text"
}

# shown NAME VALUE PLACE: a line of --print-settings.
shown() { grep -Eqx -e "$1 =${2:+ }$2 +# $3" out || complain "--print-settings: not $1 = $2 from $3"; }

# --- sections, and what is above them
cat >"$settings" <<'END'
# for all programs
[*]
uname-release = 1.1.1-all        ; the program's own section is above
set-env=FERRY_TEST_SET=all;,LD_PRELOAD=a # b
  memory-model	=	tso
core = yes

[first]
uname-release = 2.2.2-first
[script]
uname-release = 3.3.3-script
[second]
uname-release = 4.4.4-second
unset-env = LD_PRELOAD
[nowhere]
cpu = 486
[first]
no-pass = esp-folding
END
run 7 ./first
has out '^release 2\.2\.2-first$' '^FERRY_TEST_SET=all;$' '^LD_PRELOAD=a$'
run 7 "$program"
has out '^release 1\.1\.1-all$'
run 7 ./script
has out '^release 3\.3\.3-script$' '^LD_PRELOAD=a$'
FERRY_UNAME=5.5.5-variable run 7 ./first
has out '^release 5\.5\.5-variable$'
FERRY_UNAME=5.5.5-variable run 7 -r 6.6.6-line ./first
has out '^release 6\.6\.6-line$'
run 7 -r '' ./first
has out "^release $(uname -r)\$"
run 7 -U FERRY_TEST_SET -E LD_PRELOAD=line ./first
has out '^FERRY_TEST_SET=\(unset\)$' '^LD_PRELOAD=line$'
run 7 --keep-env=FERRY_TEST_SET ./first
has out '^FERRY_TEST_SET=\(unset\)$' '^LD_PRELOAD=a$'
run 7 -E '' ./first
has out '^FERRY_TEST_SET=\(unset\)$' '^LD_PRELOAD=\(unset\)$'

# --- programs that the guest executes have their own section, below the command line of the first; -0 is what ./first executes
run 7 -0 ./second ./first execute 1
has out '^release 4\.4\.4-second$' '^FERRY_TEST_SET=all;$' '^LD_PRELOAD=\(unset\)$'
run 7 -0 ./script ./first execute 1
has out '^argument 1: \./script$' '^release 3\.3\.3-script$' '^LD_PRELOAD=a$'
run 7 -r 6.6.6-line -U FERRY_TEST_SET -E LD_PRELOAD=line -0 ./second ./first execute 3
has out '^release 6\.6\.6-line$' '^FERRY_TEST_SET=\(unset\)$' '^LD_PRELOAD=line$'
ln -sf second by_link
run 7 -0 ./by_link ./first execute 1
has out '^release 1\.1\.1-all$'
# The guest's environment says where the file is.
mkdir other
printf '[*]\nuname-release = 7.7.7-other\n' >other/ferry.conf
run 7 -E "XDG_CONFIG_HOME=$work/other" -0 ./second ./first execute 1
has out '^release 7\.7\.7-other$'
run 7 -U HOME -0 ./second ./first execute 1
has out "^release $(uname -r)\$"
printf 'core\n' >other/ferry.conf
run 1 -E "XDG_CONFIG_HOME=$work/other" -0 ./second ./first execute 1
[ "$(cat err)" = "ferry: $work/other/ferry.conf:1: neither [SECTION] nor NAME = VALUE" ] || complain "mistake in a child's file"

# --- the root, which programs keep as their parent has it
mkdir tree
cp "$program" tree/inside
cp "$program" tree/outside
printf '[inside]\nroot = %s/tree\n[outside]\nroot = %s\nuname-release = 8.8.8\n' "$work" "$work/nowhere" >"$settings"
run 7 /inside
run 1 ./tree/outside
has err "^ferry: $work/nowhere: no root for -L"
run 7 -0 /outside /inside execute 1
has out '^release 8\.8\.8$'
run 7 -L / -0 "$work/tree/outside" "$program" execute 1

# --- --print-settings
cat >"$settings" <<'END'
[*]
log = unimp
log-file = from all
strace = 0
[name]
log = page
log-file =
END
FERRY_CPU=486 FERRY_LOG=int run 0 -r 1.2 --cold-runs=7 --print-settings -E A=1 /some/folder/name
shown log unimp "$settings:2"
shown log page "$settings:6"
shown log int 'environment variable FERRY_LOG'
shown log-file '' "$settings:7"
shown strace 0 "$settings:4"
shown cpu 486 'environment variable FERRY_CPU'
shown uname-release 1.2 'command line'
shown cold-runs 7 'command line'
shown set-env A=1 'command line'
shown root '' default
shown code-cache 32M default
shown core no default
[ ! -s err ] || complain "--print-settings: not silent"
# What it prints is a settings file.
{ echo '[*]'; cat out; } >other/ferry.conf
XDG_CONFIG_HOME=$work/other run 0 --print-settings
shown cpu 486 "$work/other/ferry.conf:[0-9]+"
run 0 --print-settings
shown log-file 'from all' "$settings:3"
lacks out 'log = page'
refused "-cpu: unknown processor 'x'" --print-settings -cpu x name

# --- where the user's file is
printf '[*]\nuname-release = 9.9.9-home\n' >"$settings"
printf '[*]\nuname-release = 7.7.7-other\n' >other/ferry.conf
where() {
  local expected=$1
  shift
  timeout -k 5 $limit env "$@" "${ferry[@]}" "$program" >out 2>err </dev/null
  has out "^release $expected\$"
}
where 9.9.9-home HOME="$HOME"
where 7.7.7-other XDG_CONFIG_HOME="$work/other"
where 9.9.9-home XDG_CONFIG_HOME=
where 9.9.9-home XDG_CONFIG_HOME=other # a relative one does not count
where "$(uname -r)" XDG_CONFIG_HOME="$work/missing"
where "$(uname -r)" XDG_CONFIG_HOME="$program"
where "$(uname -r)" -u HOME
where "$(uname -r)" HOME=home
rm "$settings"
mkdir "$settings"
run 1 "$program"
[ "$(cat err)" = "ferry: $settings: cannot be read: Is a directory" ] || complain "a folder as settings file"
rmdir "$settings"
ln -s ferry.conf "$settings"
run 1 "$program"
[ "$(cat err)" = "ferry: $settings: cannot be read: Too many levels of symbolic links" ] || complain "a loop as settings file"
rm "$settings"
mkfifo "$settings"
run 7 "$program"
rm "$settings"

# --- mistakes
while IFS='|' read -r text reason; do
  printf "$text" >"$settings"
  wrong "$reason" ./first
done <<'END'
[*]\n\ncpuu = 1\n|3: unknown setting 'cpuu': settings are the long names of options (ferry --help)
[*]\nL = /\n|2: unknown setting 'L': settings are the long names of options (ferry --help)
#\ncore = yes\n|2: a setting before the first [SECTION]; [*] is for all programs
[*]\r\ncore|2: neither [SECTION] nor NAME = VALUE
[*]\n= yes|2: neither [SECTION] nor NAME = VALUE
[*\n|1: a section without its ']'
[]\ncore = yes|2: section []: must be a file's name without its folder, or *
[/bin/ls]\ncore = yes|2: section [/bin/ls]: must be a file's name without its folder, or *
[*]\ncpu = nonsense|2: cpu: unknown processor 'nonsense'
[other]\nstack-size = x # for another program|2: stack-size: bad value 'x'
[*]\ncore = perhaps|2: core: bad value 'perhaps': yes or no
[*]\nset-env = A|2: set-env: no '=' in 'A'
[*]\ncpu = help|2: cpu: 'help' is for the command line only
[*]\nhelp = yes|2: 'help' is for the command line only
[*]\nversion = yes|2: 'version' is for the command line only
[*]\nprint-settings = yes|2: 'print-settings' is for the command line only
[*]\nargv0 = x|2: 'argv0' is for the command line only
[a]\ncpu = 486\n[b]\ncpu = 486\n[a]\ncpu = 486|6: 'cpu' is set twice for [a], first in line 2
[*]\ncore = yes\0|2: a NUL byte: not a text file
END
run 0 -version
run 0 --help
head -c 2000000 /dev/zero | tr '\0' '#' >"$settings"
run 1 "$program"
[ "$(cat err)" = "ferry: $settings: cannot be read: File too large" ] || complain "a file of 2 MB"
rm "$settings"

# --- /etc/ferry.conf, in a mount namespace of its own, and what a process may not read
namespace="unshare -m"
[ "$(id -u)" = 0 ] || namespace="unshare -rm"
if $namespace true 2>err; then
  mkdir etc
  cp /etc/ld.so.cache etc
  printf '[*]\nuname-release = 1.0-etc\ncore = yes\n[first]\nuname-release = 2.0-etc\n' >etc/ferry.conf
  plain=("${ferry[@]}")
  ferry=(in_etc_of "${plain[@]}")
  printf '#!/bin/sh\nexec %s sh -c "mount --bind %s/etc /etc && exec \\"\\$@\\"" sh "$@"\n' "$namespace" "$work" >in_etc_of
  chmod 755 in_etc_of
  PATH=$work:$PATH
  run 7 ./first
  has out '^release 2\.0-etc$'
  run 7 ./second
  has out '^release 1\.0-etc$'
  printf '[*]\nuname-release = 3.0-home\n' >"$settings"
  run 7 ./first
  has out '^release 3\.0-home$'
  run 0 --print-settings first
  shown uname-release 3.0-home "$settings:2"
  shown core yes /etc/ferry.conf:3
  # A set-group-ID ferry trusts /etc alone, and its guest knows what it is.
  if [ ${#plain[@]} = 1 ] && [ "$(id -u)" = 0 ]; then
    cp "${plain[0]}" privileged
    chgrp 65534 privileged && chmod 2755 privileged
    chmod 755 "$work" "$HOME"
    ferry=(in_etc_of ./privileged)
    FERRY_UNAME=5.5.5-variable FERRY_TEST_SET=1 run 7 -E LD_LIBRARY_PATH=x -r '' first
    has out '^secure 1$' "^release $(uname -r)\$" '^FERRY_TEST_SET=\(unset\)$'
    FERRY_UNAME=5.5.5-variable run 7 first
    has out '^secure 1$' '^release 2\.0-etc$'
    run 7 -0 ./second first execute 2
    has out '^secure 1$' '^release 1\.0-etc$'
    # Somebody else's words between ferries count for nothing.
    FERRY_NAME=second FERRY_PROGRAM_FD=9,-1 FERRY_RUNNER=/nowhere run 7 -0 ./second first execute 1 9<"$program"
    has out '^secure 1$' '^release 1\.0-etc$'
  fi
  ferry=("${plain[@]}")
  # The user's file is nothing to a process that may not read it; that of /etc must be readable.
  if setpriv --reuid 65534 --clear-groups test -x "${plain[-1]}" 2>err; then
    chmod 711 "$work" && chmod 755 first
    chmod 700 "$HOME"
    ferry=(setpriv --reuid 65534 --clear-groups "${plain[@]}")
    run 7 ./first
    has out "^release $(uname -r)\$"
    chmod 600 etc/ferry.conf
    ferry=(in_etc_of setpriv --reuid 65534 --clear-groups "${plain[@]}")
    run 1 ./first
    [ "$(cat err)" = 'ferry: /etc/ferry.conf: cannot be read: Permission denied' ] || complain "an unreadable /etc/ferry.conf"
  fi
else
  echo "no mount namespace here: /etc/ferry.conf is not tried"
fi
exit $failed
