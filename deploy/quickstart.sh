#!/usr/bin/env bash
# From a clone to a routed request: builds Limpet, starts three demo members, two proxies and an etcd between them, and
# says what to try. Ctrl-C ends all of it.
#
#   deploy/quickstart.sh             members register in etcd, each through its own agent
#   deploy/quickstart.sh --static    the same from deploy/examples/static.yaml, without etcd
#   deploy/quickstart.sh --check     does the trying itself, and exits 0 or 1 (also with --static)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly folder=$PWD/.quickstart
readonly limpet=$PWD/build/release/limpet
readonly demo_member=$PWD/build/release/limpet-demo-member
pids=()                # of all that we started, in that order
declare -A addresses   # of members, by id

say() { printf '%s\n' "$*"; }
fail() {
  printf 'quickstart: %s\n' "$*" >&2
  exit 1
}

# -- building ---------------------------------------------------------

build() {
  deploy/dependencies.sh build run
  [[ -x $limpet && -x $demo_member ]] || say 'Building a release; this takes some minutes the first time.'
  [[ -f build/release/build.ninja ]] || cmake --preset release
  # Ninja builds what has changed, so nothing when the script is run again.
  cmake --build --preset release --target limpet limpet-demo-member
}

# -- processes --------------------------------------------------------

# start NAME COMMAND...: in the background, its output in .quickstart/NAME.log. In a session of its own, so that Ctrl-C
# reaches only this script, which ends everything in order.
start() {
  local name=$1
  shift
  setsid "$@" >"$folder/$name.log" 2>&1 </dev/null 9>&- &
  pids+=($!)
  disown "$!" # no word from the shell when it is killed, which is part of the show
}

wait_for() { # wait_for WHAT CONDITION...: until the command succeeds, 30 s at most
  local what=$1 _
  shift
  for _ in {1..300}; do
    if "$@"; then return; fi
    sleep 0.1
  done
  fail "$what did not come up; see the logs in $folder"
}

# Whether the process still is the one that we started: the leader of a session of its own (field 6 of proc(5)'s stat).
is_ours() { [[ $(cut -d ' ' -f 6 "/proc/$1/stat" 2>/dev/null) == "$1" ]]; }

end_all() {
  local index pid _
  trap '' INT TERM HUP
  for ((index = ${#pids[@]} - 1; index >= 0; --index)); do
    pid=${pids[index]}
    is_ours "$pid" || continue
    kill -TERM "$pid" 2>/dev/null || true
    for _ in {1..50}; do
      is_ours "$pid" || break
      sleep 0.1
    done
    if is_ours "$pid"; then kill -KILL -- "-$pid" 2>/dev/null || true; fi # with what it started
  done
}

# port PREFERRED: that one, or a free one where it is taken. Never twice in one command: bash 5.2 stumbles over its own trap
# where Ctrl-C comes between two substitutions.
port() {
  python3 - "$1" <<'PYTHON'
import socket, sys
for wanted in (int(sys.argv[1]), 0):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            continue
        print(probe.getsockname()[1])
        break
PYTHON
}

# -- etcd, members, proxies -------------------------------------------

etcd_answers() { [[ $(curl --silent --max-time 1 "$etcd/health") == *true* ]]; }

start_etcd() {
  local peer
  etcd=http://127.0.0.1:$(port 2379)
  peer=http://127.0.0.1:$(port 2380)
  start etcd etcd --name quickstart --data-dir "$folder/etcd" --logger zap --log-level warn \
    --listen-client-urls "$etcd" --advertise-client-urls "$etcd" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "quickstart=$peer"
  wait_for etcd etcd_answers
  say "etcd on $etcd"
}

# start_member ID: the first time at the usual port where it is free, then always at the same address.
start_member() {
  local id=$1 usual
  if [[ -z ${addresses[$id]:-} ]]; then
    usual=$(printf '%d' "'$id")
    usual=$((usual - 97 + 9001)) # a is 97
    addresses[$id]=127.0.0.1:$(port "$usual")
  fi
  rm -f "$folder/member-$id.json"
  local command=("$demo_member" --id "$id" --address "${addresses[$id]}" --ready-file "$folder/member-$id.json")
  if [[ $source == etcd ]]; then
    start "agent-$id" "$limpet" agent -c "$folder/agent.yaml" --pool demo --id "$id" --address "${addresses[$id]}" \
      -- "${command[@]}"
  else
    start "member-$id" "${command[@]}"
  fi
  wait_for "member $id" test -f "$folder/member-$id.json"
  say "member $id on ${addresses[$id]}"
}

member_pid() { sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$folder/member-$1.json"; }

write_agent_config() {
  cat >"$folder/agent.yaml" <<YAML
etcd: {endpoints: ["$etcd"]}
agent: {drain: 200ms, lease_ttl: 2s, check: {path: /healthz, interval: 500ms}}
YAML
}

# write_proxy_config NUMBER: from deploy/examples/static.yaml, or with etcd in the place of its members.
write_proxy_config() {
  local number=$1 file=$folder/proxy-$1.yaml
  sed -e "s/127.0.0.1:8080/${proxies[number]}/" -e "s/127.0.0.1:9901/${admins[number]}/" \
    -e "/yaml-language-server/d" deploy/examples/static.yaml >"$file"
  if [[ $source == etcd ]]; then
    sed -i -e 's/^      static:/      etcd: {}/' -e '/^        - {id:/d' -e '/^# Three members/d' "$file"
    printf 'etcd: {endpoints: ["%s"]}\n' "$etcd" >>"$file"
    return
  fi
  local id
  for id in a b c; do
    sed -i "s/{id: $id, address: [^}]*}/{id: $id, address: ${addresses[$id]}}/" "$file"
  done
}

# A fourth member joins: through its agent, or by a line in the configuration and a SIGHUP.
join_member() {
  local id=$1 number
  start_member "$id"
  [[ $source == static ]] || return 0
  for number in 1 2; do
    sed -i "s/^\( *\)- {id: c, .*/&\n\1- {id: $id, address: ${addresses[$id]}}/" "$folder/proxy-$number.yaml"
    kill -HUP "${proxy_pids[number]}"
  done
}

start_proxies() {
  local number
  proxies=('') admins=('') proxy_pids=('')
  for number in 1 2; do
    proxies[number]=127.0.0.1:$(port $((8079 + number)))
    admins[number]=127.0.0.1:$(port $((9900 + number)))
    write_proxy_config "$number"
    start "proxy-$number" "$limpet" serve -c "$folder/proxy-$number.yaml" --ready-file "$folder/proxy-$number.json"
    proxy_pids+=($!)
    wait_for "proxy $number" test -f "$folder/proxy-$number.json"
    say "proxy $number on http://${proxies[number]}, admin on http://${admins[number]}"
  done
}

# -- what to do with it -----------------------------------------------

check() {
  python3 deploy/quickstart_check.py --proxies "${proxies[1]}" "${proxies[2]}" --memory "$folder/owners.json" "$@"
}

run_checks() {
  say
  check write-and-read
  say 'Killing member b ...'
  kill -KILL "$(member_pid b)"
  check moved-from b
  say 'Starting member b again ...'
  start_member b
  check same-as-before
  say 'A fourth member joins ...'
  join_member d
  check joined d
  check websocket
  say
  say 'All checks passed.'
}

explain_what_to_try() {
  cat <<TEXT

Limpet is running. A session, here alice, has one member, whichever proxy is asked:

  curl -X PUT -d blue -H 'X-User-Id: alice' http://${proxies[1]}/kv/color
  curl -H 'X-User-Id: alice' http://${proxies[2]}/kv/color
  curl -H 'X-User-Id: alice' http://${proxies[1]}/          which member, and what it knows

Others have others; kill a member, and only its sessions move:

  for n in 1 2 3 4 5 6; do curl -X POST -H "X-User-Id: user-\$n" http://${proxies[1]}/counter; done
  kill -KILL $(member_pid b)                                       member b

What the proxies see:

  curl http://${admins[1]}/members
  curl http://${admins[1]}/metrics

The configuration and all logs are in .quickstart/. Ctrl-C ends everything.
TEXT
}

main() {
  local only_check=false option
  source=etcd
  for option in "$@"; do
    case $option in
      --static) source=static ;;
      --check) only_check=true ;;
      -h | --help) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; return ;;
      *) fail "there is no option $option; see --help" ;;
    esac
  done

  build
  mkdir -p "$folder"
  exec 9>"$folder/lock"
  flock --nonblock 9 || fail "it is running already from this folder"
  find "$folder" -mindepth 1 -not -name lock -delete

  trap end_all EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  if [[ $source == etcd ]]; then
    start_etcd
    write_agent_config
  fi
  start_member a
  start_member b
  start_member c
  start_proxies
  check ready

  if $only_check; then
    run_checks
  else
    explain_what_to_try
    # Not `wait`, which would go on when a member is killed to see what happens.
    while true; do sleep 1; done
  fi
}

main "$@"
