#!/usr/bin/env bash
# Fuzzes the parsers with libFuzzer, under AddressSanitizer and UndefinedBehaviorSanitizer; installs what it needs.
#
#   tests/fuzz/run.sh                     all targets, ten minutes each
#   tests/fuzz/run.sh --seconds 60 yaml   only this one, for a minute
#   tests/fuzz/run.sh --jobs 2            two targets at a time; default: as many as there are cores
#   tests/fuzz/run.sh --merge             puts what found new code into tests/fuzz/corpus/, minimised
#
# Prints a table at the end and exits 1 where there is a finding. Its input is under build/fuzz/findings/, and is run again by
# build/fuzz/tests/fuzz/fuzz_TARGET FILE. What was learnt is kept in build/fuzz/corpus/ for the next run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() { sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

readonly build=build/fuzz seeds=tests/fuzz/corpus
readonly programs=$build/tests/fuzz learnt=$build/corpus findings=$build/findings logs=$build/logs

# Larger inputs cost time and find nothing that a small one does not; limits in the code are tried with small limits.
readonly longest=4096
# An input that takes that long, or that much memory, is a finding.
readonly slowest_s=10 memory_mb=1024

seconds=600
jobs=$(nproc)
merge=false
targets=()
while (($#)); do
  case $1 in
    --seconds | --jobs)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || { usage >&2; exit 1; }
      declare "${1#--}=$2"
      shift
      ;;
    --merge) merge=true ;;
    -h | --help) usage; exit ;;
    -*) usage >&2; exit 1 ;;
    *)
      [[ -d $seeds/$1 ]] || { echo "run.sh: no target '$1'; there are $(ls $seeds | tr '\n' ' ')" >&2; exit 1; }
      targets+=("$1")
      ;;
  esac
  shift
done
if ((${#targets[@]} == 0)); then mapfile -t targets < <(ls $seeds); fi

# UndefinedBehaviorSanitizer ends the process at its first report; libFuzzer keeps the input then as for a crash.
fuzz() {
  local target=$1 options=()
  mkdir -p "$learnt/$target" "$findings/$target"
  [[ -e tests/fuzz/$target.dict ]] && options+=("-dict=tests/fuzz/$target.dict")
  "$programs/fuzz_$target" -max_total_time="$seconds" -max_len=$longest -timeout=$slowest_s -rss_limit_mb=$memory_mb \
    -print_final_stats=1 -artifact_prefix="$findings/$target/" "${options[@]}" "$learnt/$target" "$seeds/$target" \
    >"$logs/$target" 2>&1 && echo "fuzz: $target: passed" || echo "fuzz: $target: FINDING, see $logs/$target"
}

last_number() { grep -oE "$2" "$1" | tail -1 | grep -oE '[0-9]+$' || echo 0; }

# One row a target; false where one has a finding.
table() {
  local target log found sum=0 all=0 row='%-16s %14s %8s %9s %8s %9s\n'
  printf "$row" target executions edges features corpus findings
  for target in "${targets[@]}"; do
    log=$logs/$target
    found=$(find "$findings/$target" -type f | wc -l)
    # A target that ended in another way than by its time has one, whether or not it left an input.
    if ((found == 0)) && ! grep -q '^Done ' "$log"; then found=1; fi
    sum=$((sum + found))
    all=$((all + $(last_number "$log" 'number_of_executed_units: *[0-9]+')))
    printf "$row" "$target" "$(last_number "$log" 'number_of_executed_units: *[0-9]+')" "$(last_number "$log" 'cov: [0-9]+')" \
      "$(last_number "$log" 'ft: [0-9]+')" "$(last_number "$log" 'corp: [0-9]+')" "$found"
  done
  printf "$row" 'all' "$all" '' '' '' "$sum"
  ((sum == 0))
}

# Of what was learnt, as much as adds to what the tree's corpus reaches, the smallest inputs first.
merge_new() {
  local target
  for target in "${targets[@]}"; do
    "$programs/fuzz_$target" -merge=1 -max_len=$longest "$seeds/$target" "$learnt/$target" >"$logs/$target.merge" 2>&1 ||
      echo "fuzz: $target: could not merge, see $logs/$target.merge" >&2
  done
  echo "fuzz: the corpus has $(find $seeds -type f | wc -l) files, $(du -sb $seeds | cut -f1) bytes"
}

deploy/dependencies.sh build fuzz
cmake --preset fuzz
cmake --build --preset fuzz
rm -rf $findings $logs
mkdir -p $learnt $logs

export -f fuzz
export seconds seeds programs learnt findings logs longest slowest_s memory_mb
printf '%s\n' "${targets[@]}" | xargs -n 1 -P "$jobs" bash -c 'fuzz "$1"' fuzz
failed=0
table || failed=1
if $merge; then merge_new; fi
exit "$failed"
