#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all of them; ends with ctest's summary and its exit code.
#
#   tests/run.sh [PRESET] [CTEST OPTION...]      default: dev
#   tests/run.sh dev -R websocket                only the tests with that in their names
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=dev
if (($#)) && [[ $1 != -* ]]; then
  preset=$1
  shift
fi

deploy/dependencies.sh build run test
cmake --preset "$preset"
cmake --build --preset "$preset"
ctest --preset "$preset" --parallel "$(nproc)" --timeout 300 --no-tests=error "$@"
