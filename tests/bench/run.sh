#!/usr/bin/env bash
# Measures Limpet beside nginx, HAProxy and a bare copy of the bytes: installs them, builds a release, and runs all in turn.
#
#   tests/bench/run.sh [WORK...] [--rounds N] [--seconds S] [--quick] [--out FOLDER]      default: all works, 5 rounds of 5 s
#   tests/bench/run.sh --help                                                             the works' names, more options
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

"$root/deploy/dependencies.sh" build bench
(
  cd "$root"
  cmake --preset release >/dev/null
  nice cmake --build --preset release --target bench
)
export PYTHONPATH="$root/tests/bench${PYTHONPATH:+:$PYTHONPATH}" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -m driver "$@"
