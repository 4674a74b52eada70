# What the examples' run.sh share; sourced, not run. Needs `set -euo pipefail`, and the example's folder as working directory.
#
# LIMPET     the proxy to try; default: the release build, which is made where there is none
# CONFIG     another configuration than the example's limpet.yaml

readonly top=$(git -C "$PWD" rev-parse --show-toplevel 2>/dev/null || (cd ../../.. && pwd))
readonly limpet=${LIMPET:-$top/build/release/limpet}
readonly config=${CONFIG:-$PWD/limpet.yaml}
readonly work=$(mktemp -d "${TMPDIR:-/tmp}/limpet-example.XXXXXX")
pids=() # of all that was started, in that order

say() { printf '%s\n' "$*"; }
fail() {
  printf 'run.sh: %s\n' "$*" >&2
  exit 1
}

# Proxies before the servers that they talk to. One that is killed was told to end, or is dead already.
end_all() {
  local status=$? index pid
  trap '' INT TERM
  for ((index = ${#pids[@]} - 1; index >= 0; --index)); do
    pid=${pids[index]}
    kill -TERM "$pid" 2>/dev/null || continue
    for _ in {1..100}; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null || true
  done
  if ((status != 0)); then tail -n 20 "$work"/*.log >&2 2>/dev/null || true; fi
  rm -rf "$work"
  exit "$status"
}
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

prepare() {
  local major
  command -v node >/dev/null && command -v npm >/dev/null || fail 'this needs Node.js and npm: apt install nodejs npm'
  major=$(node --print 'process.versions.node.split(".")[0]')
  ((major >= 18)) || fail "this needs Node.js 18 or later, not $(node --version)"
  if [[ ! -x $limpet ]]; then
    [[ -z ${LIMPET:-} ]] || fail "there is no $limpet"
    say 'Building a release; this takes some minutes the first time.'
    "$top/deploy/dependencies.sh" build
    (cd "$top" && cmake --preset release && cmake --build --preset release --target limpet)
  fi
  # What the lock file names is there already, or is fetched once.
  if [[ ! -e node_modules/.package-lock.json || package-lock.json -nt node_modules/.package-lock.json ]]; then
    say 'Fetching the packages of package-lock.json.'
    npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
  fi
}

# start NAME COMMAND...: in the background, its output in NAME.log.
start() {
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 </dev/null &
  pids+=($!)
  disown "$!" # the shell does not tell when it is killed
}

# what_it_says NAME PATTERN: what a line of NAME.log has in the pattern's brackets, once it is there; 20 s at most.
what_it_says() {
  local name=$1 pattern=$2 found
  for _ in {1..200}; do
    found=$(sed -nE "s/.*$pattern.*/\1/p" "$work/$name.log" | head -n 1)
    if [[ -n $found ]]; then
      printf '%s\n' "$found"
      return
    fi
    sleep 0.1
  done
  fail "$name did not come up"
}

# start_servers ID...: one a name, on free ports; sets SERVER_ID to where it listens, for the configuration.
start_servers() {
  local id
  for id in "$@"; do start "server-$id" node server.js "$id"; done
  for id in "$@"; do export "SERVER_$id=$(what_it_says "server-$id" 'listening on ([0-9.]+:[0-9]+)')"; done
}

# start_proxies NAME...: of the same configuration, on free ports; sets `proxies` to their URLs.
start_proxies() {
  local name
  LISTEN=127.0.0.1:0
  LIMPET_KEY=$(node --print 'crypto.randomBytes(32).toString("hex")')
  export LISTEN LIMPET_KEY
  "$limpet" check "$config" | sed 's/^/  /'
  for name in "$@"; do start "$name" "$limpet" serve -c "$config"; done
  proxies=()
  for name in "$@"; do proxies+=("http://$(what_it_says "$name" 'listening on ([0-9.]+:[0-9]+) ')"); done
}

# What each example does, once all is there.
try_three_servers_behind_two_proxies() {
  prepare
  start_servers a b c
  start_proxies proxy-1 proxy-2
  say "Three servers behind ${proxies[*]}"
  node client.js "${proxies[@]}" || fail 'that is not as it should be'
}
