#!/usr/bin/env bash
# The consistency matrix: faults crossed with changes of the membership, in network namespaces (root). Installs and builds what it
# needs, plays each cell, ends with a table, and exits 0 where `barrier` held in all cells within its assumptions.
#
#   tests/consistency/matrix.sh                           all cells, an hour and a half
#   tests/consistency/matrix.sh --resume                  those that the results do not have yet
#   tests/consistency/matrix.sh --only FAULT --change CHANGE --mode MODE      one cell; each may be given again, or left out
#   tests/consistency/matrix.sh --short                   what the test suite runs
#   tests/consistency/matrix.sh --table                   only the table of the results that are there
#
# More: --help. Results are in build/consistency/, with the histories of cells that failed. LIMPET names another binary.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

deploy/dependencies.sh build test consistency
cmake --preset dev >/dev/null
targets=(history_member history_clients check_history)
[[ -n ${LIMPET:-} ]] || targets+=(limpet)
cmake --build --preset dev --target "${targets[@]}"
exec /usr/bin/python3 -B tests/consistency/matrix.py "$@"
