#!/bin/bash
# cpu_models.sh I386_PROGRAM FERRY...: which instructions -cpu offers and refuses, in every engine. I386_PROGRAM is
# cpu_models.c, compiled. The lists come from the manuals: this machine's processor has all these instructions.
program=$1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
all='rdtsc cmpxchg8b cmov fcmov fcomi fucomip fxsave fxrstor fisttp popcnt popcnt-of-memory crc32 rdtscp lfence mfence sfence
clflush prefetchw prefetchnta long-nop endbr32 pause xacquire xrelease rep-ret'
later='fisttp popcnt popcnt-of-memory crc32 rdtscp lfence mfence sfence clflush prefetchw'

# expect CPUID REFUSED OPTION...: with each engine, CPUID shows CPUID, and all instructions run except those in REFUSED.
expect() {
  local cpuid=$1 refused=$2 name engine
  shift 2
  for name in $all; do
    if [[ " ${refused//$'\n'/ } " == *" $name "* ]]; then echo "${name//-/ } #UD"; else echo "${name//-/ } runs"; fi
  done >"$work/expected"
  printf '%s\n' 'f3 bsf is bsf' 'f3 bsr is bsr' "cpuid $cpuid" >>"$work/expected"
  for engine in "${engines[@]}"; do
    timeout -k 5 100 "${ferry[@]}" --engine="$engine" --cold-runs=0 "$@" "$program" >"$work/out" 2>&1 </dev/null
    if ! diff -u "$work/expected" "$work/out"; then
      echo "FAILED: --engine=$engine $*"
      failed=1
    fi
  done
}

ferry=("$@")
engines=(interpret)
if "${ferry[@]}" --engine=check -version >/dev/null 2>&1; then engines+=(translate check); fi
i686='611 0 1008111'
# Without -cpu, CPUID shows the i686, and the other instructions that ferry has run too.
expect "$i686" ''
expect "$i686" "$later" -cpu i686
expect '543 0 111' "$later cmov fcmov fcomi fucomip fxsave fxrstor prefetchnta long-nop endbr32" -cpu pentium
expect '480 0 1' "$later rdtsc cmpxchg8b cmov fcmov fcomi fucomip fxsave fxrstor prefetchnta long-nop endbr32" -cpu 486
FERRY_CPU=i686 expect "$i686" "$later"
exit $failed
