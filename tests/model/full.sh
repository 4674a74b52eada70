#!/usr/bin/env bash
# The same rules with more records and proxies, two workers, two keys, and in all detail. For a quiet machine: see README.md.
#
#   tests/model/full.sh [NAME...]      default: all, one after the other
set -euo pipefail
command -v spin >/dev/null || { echo "there is no spin: deploy/dependencies.sh test" >&2; exit 1; }
exec /usr/bin/python3 -B "$(dirname "${BASH_SOURCE[0]}")/check.py" full "$@"
