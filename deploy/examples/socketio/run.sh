#!/usr/bin/env bash
# Starts three socket.io servers and two proxies on free ports of the loopback, lets the client try them, and ends all of it. Exits 0
# where all went as it should, else 1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ../common.sh

try_three_servers_behind_two_proxies
