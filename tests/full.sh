#!/usr/bin/env bash
# What is too slow or heavy for tests/run.sh; installs what it needs and builds a release. Ends with a summary, and exits 0 or 1.
#
#   tests/full.sh                           all parts, some fifteen minutes and the builds
#   tests/full.sh browser reload            only these
#   tests/full.sh --soak-seconds 300 soak   for five minutes, instead of one; tests/soak.sh is the long form
#
#   browser     Chromium behind two proxies: cookies, WebSocket and EventSource, reload and drain
#   quickstart  deploy/quickstart.sh from a fresh clone of what is committed
#   examples    deploy/examples/mcp and socketio from a fresh clone, with what npm fetches
#   reload      a hundred reloads with a hundred WebSockets held
#   soak        load while proxies reload and members are killed and drained
#   faults      what fails with stores and members under load, etcd away for a whole minute; prints the table of
#               tests/integration/README.md
#   overload    each limit past its edge, with a client beside that is served all the time
#   valgrind    start, load, reload and drain with no error and no leak
#   tsan        all of tests/run.sh under ThreadSanitizer; some twenty minutes with its build, and last
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() { sed -n '2,17s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

readonly known=(browser quickstart examples reload soak faults overload valgrind tsan)
parts=()
export LIMPET_SOAK_SECONDS=60
while (($#)); do
  case $1 in
    browser | quickstart | examples | reload | soak | faults | overload | valgrind | tsan) parts+=("$1") ;;
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

groups=(build run)
[[ " ${parts[*]} " =~ \ (browser|quickstart|valgrind)\  ]] && groups+=(full)
# Whoever has another Node.js than Debian's has npm with it.
[[ " ${parts[*]} " == *" examples "* ]] && ! command -v npm >/dev/null && groups+=(examples)
deploy/dependencies.sh "${groups[@]}"
cmake --preset release
# The quickstart's clone builds the same again, from another folder; with paths below this one the compiler cache sees that.
CCACHE_BASEDIR=$PWD cmake --build --preset release --target limpet limpet-demo-member \
  bench_origin bench_flood bench_pace

export LIMPET=$PWD/build/release/limpet LIMPET_DEMO_MEMBER=$PWD/build/release/limpet-demo-member
export LIMPET_BENCH_TOOLS=$PWD/build/release/tests/bench
export PYTHONPATH=$PWD/tests/integration PYTHONDONTWRITEBYTECODE=1
summary=()
failed=0

run_part() {
  case $1 in
    tsan) tests/run.sh tsan ;;
    valgrind)
      # With line numbers, and not hardened: valgrind reads what the compiler wrote.
      cmake --preset dev && cmake --build --preset dev --target limpet &&
        (cd tests/full && LIMPET_DEV=$PWD/../../build/dev/limpet /usr/bin/python3 -m unittest --verbose valgrind_test)
      ;;
    faults)
      LIMPET_FAULT_REPORT=$(mktemp)
      export LIMPET_FAULT_REPORT LIMPET_FAULT_SECONDS=60
      (cd tests/integration && /usr/bin/python3 -m unittest --verbose faults_store_test faults_members_test) || return 1
      cat "$LIMPET_FAULT_REPORT"
      rm "$LIMPET_FAULT_REPORT"
      ;;
    *) (cd tests/full && /usr/bin/python3 -m unittest --verbose "${1}_test") ;;
  esac
}

for part in "${parts[@]}"; do
  printf '\n== %s\n' "$part"
  began=$SECONDS
  outcome=passed
  run_part "$part" || { outcome=FAILED; failed=1; }
  summary+=("$(printf '%-12s %s  %4d s' "$part" "$outcome" $((SECONDS - began)))")
done

printf '\n== summary\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
