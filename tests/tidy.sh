#!/usr/bin/env bash
# clang-tidy, by the list in .clang-tidy, warnings as errors; installs what it needs.
#
#   tests/tidy.sh          what changed since the last commit of the day before the newest one
#   tests/tidy.sh BASE     what changed since BASE, uncommitted changes included
#   tests/tidy.sh --all    everything: some twenty minutes on two cores
#
# A header that changed stands for the sources that include it by themselves. With more to do than LIMPET_TIDY_SECONDS allow
# (default 300; no limit with --all), the rest is named and left to --all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

readonly folder=build/tidy
seconds=${LIMPET_TIDY_SECONDS:-300}

# A clone of a branch has nothing to compare with but its own past.
default_base() {
  local newest
  newest=$(git log -1 --format=%ct)
  git rev-list -1 --before="@$((newest - 86400))" HEAD
}

# The newest first, so that what there is no time for is what was looked at before.
changed_since() {
  git diff --name-only HEAD -- '*.cpp' '*.hpp'
  git ls-files --others --exclude-standard -- '*.cpp' '*.hpp'
  git log --format= --name-only "$1..HEAD" -- '*.cpp' '*.hpp'
}

sources_to_check() {
  local file
  changed_since "$1" | awk '!seen[$0]++' | while read -r file; do
    if [[ ! -e $file ]]; then continue; fi
    if [[ $file == *.hpp ]]; then sources_of_header "$file"; else echo "$file"; fi
  done | awk '!seen[$0]++'
}

# Sources that include a header by themselves; for one that only headers include, the source that mirrors it.
sources_of_header() {
  local found
  found=$(git grep -l --fixed-strings "#include \"$1\"" -- '*.cpp' || true)
  if [[ $found ]]; then echo "$found"; elif [[ -e ${1%.hpp}.cpp ]]; then echo "${1%.hpp}.cpp"; fi
}

# Every source that is compiled at all, from the compile commands.
known_sources() {
  /usr/bin/python3 - "$PWD/" <<'PYTHON'
import json, sys
top = sys.argv[1]
print("\n".join(sorted({entry["file"].removeprefix(top) for entry in json.load(open("build/tidy/compile_commands.json"))})))
PYTHON
}

# clang 14's analyzer does not understand coroutines: in what awaits, it takes Asio's frames for uninitialised.
check_one() {
  local checks=()
  if grep -qE 'co_(await|return)' "$1"; then checks=(--checks=-clang-analyzer-core.*); fi
  local began=$SECONDS output
  if ! output=$(clang-tidy -p "$folder" --quiet "${checks[@]}" "$1" 2>&1); then
    printf '%s\n' "$output"
    echo "tidy: $1: FAILED"
    return 1
  fi
  echo "tidy: $1 ($((SECONDS - began)) s)"
}

# Within the time that there is.
check_in_time() {
  if ((SECONDS > seconds)); then
    echo "tidy: $1: left out, no time"
    return 0
  fi
  check_one "$1"
}

main() {
  local base='' known=() wanted=()
  case ${1:-} in
    -h | --help) usage; return ;;
    --all) base=all seconds=86400 ;;
    *) base=${1:-$(default_base)} ;;
  esac
  deploy/dependencies.sh build test tidy
  cmake --preset tidy >/dev/null
  mapfile -t known < <(known_sources)
  if [[ $base == all ]]; then
    wanted=("${known[@]}")
  elif [[ $base ]]; then
    mapfile -t wanted < <(sources_to_check "$base" | grep -Fx -f <(printf '%s\n' "${known[@]}"))
  fi
  echo "tidy: ${#wanted[@]} sources"
  ((${#wanted[@]})) || return 0
  export folder seconds
  export -f check_one check_in_time
  printf '%s\0' "${wanted[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'SECONDS=$(($(date +%s) - began)); check_in_time "$1"' tidy
}

began=$(date +%s)
export began
main "$@"
