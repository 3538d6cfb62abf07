#!/bin/bash
# command_line.sh I386_PROGRAM FERRY...: the options, what they log, and the messages for wrong ones.
# I386_PROGRAM is arguments.c, compiled. Below an emulator ferry is the MIPS build, which translates.
program=$1
shift
ferry=("$@")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
limit=500 # seconds; only a guard against hangs

complain() {
  echo "FAILED: $1"
  head -n 6 "$work/out" "$work/err"
  failed=1
}

# run STATUS OPTION...: stdout to out, stderr to err.
run() {
  local expected=$1 status
  shift
  timeout -k 5 $limit "${ferry[@]}" "$@" >"$work/out" 2>"$work/err" </dev/null
  status=$?
  if [ $status = 124 ] || [ $status = 137 ]; then complain "$*: out of time, no end in $limit s"; return; fi
  [ $status = "$expected" ] || complain "$*: status $status, should be $expected"
}

# has FILE REGEX...: each REGEX matches a line of FILE.
has() {
  local file=$1 regex
  shift
  for regex in "$@"; do grep -Eq -e "$regex" "$file" || complain "no '$regex' in $file"; done
}

lacks() { if grep -Eq -e "$2" "$1"; then complain "'$2' in $1"; fi; }

# refused TEXT OPTION...: status 1 and one line that says why and where help is.
refused() {
  local text="ferry: $1 (--help lists the options)"
  shift
  run 1 "$@"
  [ "$(cat err)" = "$text" ] && [ ! -s out ] || complain "$*: should say: $text"
}

translates=no
"${ferry[@]}" --engine=check -version >out 2>err && translates=yes

# --- lists and help
run 0 --help
has out '^usage: ferry \[options\] program' '-L PATH, --root=PATH' '-dfilter RANGE,.*START\+SIZE' '\[FERRY_LD_PREFIX\]'
run 0 -h
has out '^usage: ferry'
run 0 -version
[ "$(wc -l <out)" = 1 ] && has out '^ferry [0-9]+\.[0-9]+$'
run 0 -d help
for item in in_asm out_asm exec cpu strace unimp page int; do has out "^$item  +[a-z]"; done
run 0 --no-pass=help
has out '^flag-liveness +[a-z]' '^esp-folding +[a-z]'
run 0 -cpu help
has out '^i686 ' '^pentium ' '^486 '

# --- what an exec passes on: the same options, however many came before (the runner is a script that notes them)
printf '#!/bin/sh\necho "$@" >>"%s/started"\nexec "$@"\n' "$work" >runner
chmod +x runner
mkdir -p empty
FERRY_RUNNER="$work/runner ${ferry[*]:0:${#ferry[@]}-1}" run 7 -L empty --max-block=7 "$program" execute 4
[ "$(wc -l <started)" = 4 ] &&
  [ "$(sed 's/ -0 .*//' started | sort -u | wc -l)" = 1 ] || complain "exec: not always the same options: $(cat started)"

# --- wrong options
refused "unknown option '-nonsense'" -nonsense "$program"
refused "unknown option '--nonsense=1'" --nonsense=1 "$program"
refused "-d: needs a value" -d
refused "no program given" -strace
refused "unknown log item 'nonsense'" -d exec,nonsense "$program"
refused "-dfilter: bad range '5'" -dfilter 1+1,5 "$program"
refused "unknown pass 'nonsense'" --no-pass=nonsense "$program"
refused "unknown processor 'nonsense'" -cpu nonsense "$program"
refused "-s: bad value 'x'" -s x "$program"
refused "-E x: no '='" -E x "$program"
refused "unknown engine 'nonsense'" --engine=nonsense "$program"
refused "unknown memory model 'nonsense'" --memory-model=nonsense "$program"
if [ $translates = no ]; then
  refused "engine 'translate' needs a MIPS64 host" --engine=translate "$program"
fi

# --- what the program sees; options after the program are the program's
run 7 -0 zero -E FERRY_TEST_SET=a=b -U FERRY_TEST_UNSET -r 5.4.3-test -s 3M "$program" -d help --engine=none
has out '^argument 0: zero$' '^argument 1: -d$' '^argument 3: --engine=none$' '^FERRY_TEST_SET=a=b$' \
  '^FERRY_TEST_UNSET=\(unset\)$' '^release 5\.4\.3-test$' '^stack 3145728$'
FERRY_UNAME=5.5.5-variable run 7 "$program"
has out '^release 5\.5\.5-variable$'
marker=$(sed -n 's/^marker \(.*\): 12345678$/\1/p' out)
[ -n "$marker" ] || complain "the program did not run"

# --- engines and statistics
engines=interpret
[ $translates = no ] || engines="interpret translate check"
for engine in $engines; do
  run 7 --engine=$engine --stats="stats.$engine.%p" "$program"
  has out '^marker .*: 12345678$'
  [ ! -s err ] || complain "--engine=$engine is not silent"
  has "$(echo stats."$engine".*)" '"host_signals_taken"' '"faults": [0-9]+'
done
has "$(echo stats.interpret.*)" '"engine": "interpret"'
if [ $translates = yes ]; then
  has "$(echo stats.translate.*)" '"engine": "translate"' '"blocks_translated": [1-9]' '"translation_nanoseconds": [1-9]' \
    '"guest_instructions_translated": [1-9]' '"exits_direct": [1-9]' '"invalidations": [0-9]' \
    '"interpreter_fallbacks_by_mnemonic"'
fi

# --- logs
run 7 -strace "$program"
has err 'write\(1,' 'uname\(' 'exit_group\(7\)'
run 7 -strace "$program" words
has out '^mapped 1$' '^select 0$' '^mmap -1$' '^socketpair -1$'
has err 'mmap\(NULL, 4096, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, 0\) = 0x' \
  'select\(0, NULL, NULL, NULL, \{tv_sec=0, tv_usec=0\}\) = 0 \(Timeout\)$' 'mmap\(0x8\) += -1 EFAULT' 'socketpair\(.* = -1 '
run 7 -d strace,unimp -D log "$program" unimp
has log 'system call 9999 \(unknown\) is not implemented' 'write\(1,'
has out '^call 9999: -1$'
[ ! -s err ] || complain "-D left something on stderr"
# Output that a full disk refuses is not lost silently.
run 7 -strace -D /dev/full "$program"
[ "$(cat err)" = "ferry: log: cannot write: No space left on device" ] || complain "-D: a full disk goes unnoticed"
run 7 --stats=/dev/full "$program"
has err '^ferry: /dev/full: cannot write statistics: No space left on device$'
rm log
FERRY_LOG=unimp FERRY_LOG_FILENAME=log run 7 "$program" unimp
has log 'system call 9999'

# Registers before each block; only within the range.
run 7 -d exec,cpu -dfilter "0x$marker+1" "$program"
has err "^enter $marker\$" '^EAX=[0-9a-f]{8} EBX=.* EDX=[0-9a-f]{8}$' "^EIP=$marker EFL=[0-9a-f]{8}\$"
[ "$(grep -c '^enter' err)" = 1 ] || complain "-dfilter: more than one block"
run 7 -d exec -dfilter "0x$marker..0x$marker,0x1000+16" "$program"
[ "$(cat err)" = "enter $marker" ] || complain "-d exec: not one line"
run 7 -d cpu -dfilter 0x1000-1 "$program"
[ ! -s err ] || complain "-d cpu: registers outside of the range"

if [ $translates = yes ]; then
  # Every entry is logged, even if the block has run before.
  run 7 -d exec "$program"
  [ "$(grep -c '^enter' err)" -gt "$(grep '^enter' err | sort -u | wc -l)" ] || complain "-d exec: no block twice"
  if "${ferry[@]}" -d in_asm -version >out 2>err; then  # built with the disassembler
    run 7 -d in_asm,out_asm -dfilter "0x$marker+1" --cold-runs=0 "$program"
    has err "^block $marker: 2 guest instructions" \
      "^$marker  b8 78 56 34 12 .*mov +eax, 0x12345678 .*\| [0-9a-f]{8}  [0-9a-f]{8}  lui"
    [ "$(grep -c '^block' err)" = 1 ] || complain "-d in_asm: more than one block"
    run 7 -d in_asm -dfilter "0x$marker+1" --cold-runs=0 "$program"
    has err "^$marker  b8 78 56 34 12 .*mov +eax, 0x12345678\$"
    lacks err '\|'
    # Once memory is shared, auto makes all code anew. The marker's only access is that of RET, to the stack.
    for model in "auto 2 0" "weak 1 0" "tso 1 1"; do
      read -r name blocks syncs <<<"$model"
      run 7 --memory-model="$name" -d in_asm,out_asm -dfilter "0x$marker+1" --cold-runs=0 "$program" share
      has out '^shared 1$'
      [ "$(grep -c '^block' err)" = "$blocks" ] || complain "--memory-model=$name: not $blocks blocks"
      [ "$(grep -c ' sync$' err)" = "$syncs" ] || complain "--memory-model=$name: not $syncs SYNCs"
    done
    FERRY_MEMORY_MODEL=tso run 7 -d out_asm -dfilter "0x$marker+1" --cold-runs=0 "$program"
    has err ' sync$'
  fi
fi
exit $failed
