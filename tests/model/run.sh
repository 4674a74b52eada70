#!/usr/bin/env bash
# Checks the model of the ownership protocol and each mutant of it, in about a minute; a table, and `N passed, N failed`.
#
#   tests/model/run.sh [NAME...]      default: all
set -euo pipefail
command -v spin >/dev/null || { echo "there is no spin: deploy/dependencies.sh test" >&2; exit 1; }
exec /usr/bin/python3 -B "$(dirname "${BASH_SOURCE[0]}")/check.py" quick "$@"
