#!/bin/bash
# command_line.sh I386_PROGRAM FERRY...: the options, what they log, and the messages for wrong ones.
# I386_PROGRAM is arguments.c, compiled. Below an emulator ferry is the MIPS build, which translates.
. "$(dirname "$0")/command_line_checks.sh"

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
refused "-d: unknown log item 'nonsense'" -d exec,nonsense "$program"
refused "-dfilter: bad range '5'" -dfilter 1+1,5 "$program"
refused "--no-pass: unknown pass 'nonsense'" --no-pass=nonsense "$program"
refused "-cpu: unknown processor 'nonsense'" -cpu nonsense "$program"
for size in x 0 -1 3Q 2G 4294967297 99999999999999999999; do refused "-s: bad value '$size'" -s $size "$program"; done
refused "-E: no '=' in 'x'" -E x "$program"
refused "-E: no '=' in 'x,A'" -E x,A "$program"
refused "-U: 'A=1' is no variable's name" -U A=1 "$program"
refused "-U: '' is no variable's name" -U A,,B "$program"
refused "-r: longer than 64 bytes" -r "$(printf %065d 1)" "$program"
refused "--core: bad value 'perhaps': yes or no" --core=perhaps "$program"
FERRY_STRACE=perhaps refused "FERRY_STRACE: bad value 'perhaps': yes or no" "$program"
FERRY_CPU=nonsense refused "FERRY_CPU: unknown processor 'nonsense'" "$program"
refused "--engine: unknown engine 'nonsense'" --engine=nonsense "$program"
refused "--memory-model: unknown memory model 'nonsense'" --memory-model=nonsense "$program"
if [ $translates = no ]; then
  refused "--engine: engine 'translate' needs a MIPS64 host" --engine=translate "$program"
fi

# --- what the program sees; options after the program are the program's
run 7 -0 zero -E FERRY_TEST_SET=a=b -U FERRY_TEST_UNSET -r 5.4.3-test -s 3M "$program" -d help --engine=none
has out '^argument 0: zero$' '^argument 1: -d$' '^argument 3: --engine=none$' '^FERRY_TEST_SET=a=b$' \
  '^FERRY_TEST_UNSET=\(unset\)$' '^release 5\.4\.3-test$' '^stack 3145728$'
FERRY_UNAME=5.5.5-variable run 7 "$program"
has out '^release 5\.5\.5-variable$' '^machine i686$' "^node $(uname -n)\$" '^old release 5\.5\.5-variable i686$'
FERRY_UNAME=5.5.5-variable run 7 -r '' "$program"
has out "^release $(uname -r)\$"
run 7 -0 '' "$program" x
has out '^argument 0: $' '^argument 1: x$'
run 7 -s 1 "$program"
grep -Eq '^stack (131072|1[3-9][0-9]{4})$' out || complain "-s 1: not the smallest stack"
ulimit -Ss 2048
run 7 -s 3M "$program"
has out '^stack 3145728$' '^stack limit 2097152$'
ulimit -Ss 8192

# The changes take effect in the order in which they are given, the last one wins; forms and results are qemu-user's.
SET=FERRY_TEST_SET UNSET=FERRY_TEST_UNSET
changes() {
  local set=$1 unset=$2
  shift 2
  run 7 "$@" "$program"
  has out "^$SET=$set\$" "^$UNSET=$unset\$"
}
changes 1 '\(unset\)' -E $SET=1
changes 2 b -E $SET=1,$UNSET=b -E $SET=2
changes '\(unset\)' '\(unset\)' -E $SET=1 -U $SET
changes 1 '\(unset\)' -U $SET -E $SET=1
changes '' = -E $SET= -E $UNSET==
export FERRY_TEST_SET=host FERRY_TEST_UNSET=host
changes host host
changes '\(unset\)' '\(unset\)' -U $SET,$UNSET
FERRY_UNSET_ENV=$SET,$UNSET FERRY_SET_ENV=$SET=1 changes '\(unset\)' '\(unset\)'
FERRY_UNSET_ENV=$SET,$UNSET changes '\(unset\)' 2 -E $UNSET=2
# A comma is the value's, unless another variable follows.
changes 'a,b,2c=d, e=f,' 2 -E "$SET=a,b,2c=d, e=f,,$UNSET=2"
unset FERRY_TEST_SET FERRY_TEST_UNSET
# The guest's loader finds these variables, ferry's own and an emulator's do not, after an exec neither.
run 7 -E LD_PRELOAD=/nowhere.so,LD_LIBRARY_PATH=/nowhere -0 "$program" "$program" execute 1
has out '^LD_PRELOAD=/nowhere.so$' '^LD_LIBRARY_PATH=/nowhere$'
[ ! -s err ] || complain "-E LD_PRELOAD reaches the host's loader"
run 7 -E LD_PRELOAD=/nowhere.so -U LD_PRELOAD "$program"
has out '^LD_PRELOAD=\(unset\)$'
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
