#!/usr/bin/env bash
# Starts three socket.io servers and two proxies on free ports of the loopback, lets the client try them, and ends all of it. Exits 0
# where all went as it should, else 1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ../common.sh

prepare
start_servers a b c
start_proxies proxy-1 proxy-2
say "Three servers behind ${proxies[*]}"
node client.js "${proxies[@]}" || fail 'that is not as it should be'
