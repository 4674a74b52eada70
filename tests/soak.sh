#!/usr/bin/env bash
# Half of the load that two proxies can bear, for a long time, while they reload each minute, members are killed, crash and
# drain, and tunnels come and go. No request may fail but those that a kill explains; memory and file descriptors may not
# grow. Latency is printed and not judged. Ends with the first and the last quarter, and exits 0 or 1.
#
#   tests/soak.sh [SECONDS]      default: 1800
#
# tests/full.sh soak is the short form, without the load and with more reloads.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-1800}
if (($# > 1)) || [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
  sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 1
fi
export LIMPET_SOAK_HALF_LOAD=1 LIMPET_SOAK_RELOAD_SECONDS=60
exec tests/full.sh --soak-seconds "$seconds" soak
