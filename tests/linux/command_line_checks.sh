# What command_line.sh and settings.sh share; they source it. Their arguments: I386_PROGRAM FERRY...
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
