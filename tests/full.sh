#!/usr/bin/env bash
# What is too slow or heavy for tests/run.sh; installs what it needs and builds a release. Ends with a summary, and exits 0 or 1.
#
#   tests/full.sh                           all parts, three to four minutes after the build
#   tests/full.sh browser reload            only these
#   tests/full.sh --soak-seconds 1800 soak  for half an hour, instead of a minute
#
#   browser     Chromium behind two proxies: cookies, WebSocket and EventSource, reload and drain
#   quickstart  deploy/quickstart.sh from a fresh clone of what is committed
#   reload      a hundred reloads with a hundred WebSockets held
#   soak        load while proxies reload and members are killed and drained
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() { sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

readonly known=(browser quickstart reload soak)
parts=()
export LIMPET_SOAK_SECONDS=60
while (($#)); do
  case $1 in
    browser | quickstart | reload | soak) parts+=("$1") ;;
    --soak-seconds)
      [[ ${2:-} =~ ^[0-9]+$ ]] || { usage >&2; exit 1; }
      LIMPET_SOAK_SECONDS=$2
      shift
      ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 1 ;;
  esac
  shift
done
((${#parts[@]})) || parts=("${known[@]}")

deploy/dependencies.sh build run full
cmake --preset release
# The quickstart's clone builds the same again, from another folder; with paths below this one the compiler cache sees that.
CCACHE_BASEDIR=$PWD cmake --build --preset release --target limpet limpet-demo-member

export LIMPET=$PWD/build/release/limpet LIMPET_DEMO_MEMBER=$PWD/build/release/limpet-demo-member
export PYTHONPATH=$PWD/tests/integration PYTHONDONTWRITEBYTECODE=1
summary=()
failed=0
for part in "${parts[@]}"; do
  printf '\n== %s\n' "$part"
  began=$SECONDS
  outcome=passed
  (cd tests/full && /usr/bin/python3 -m unittest --verbose "${part}_test") || { outcome=FAILED; failed=1; }
  summary+=("$(printf '%-12s %s  %4d s' "$part" "$outcome" $((SECONDS - began)))")
done

printf '\n== summary\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
