#!/usr/bin/env bash
# Installs the Debian 12 packages that Limpet needs, and nothing where they are all there (no root needed then).
#
#   deploy/dependencies.sh [--print] [GROUP...]      default: build run
#
#   build   compiler, build tools and libraries      run    what the quickstart starts besides our own programs
#   test    what tests/run.sh needs                  bench  what tests/bench/run.sh needs
#   full    for tests/full.sh: a browser and its driver, git, valgrind
#   consistency  for tests/consistency/matrix.sh: HAProxy, network namespaces, one-way drops
#   examples  for deploy/examples/mcp and socketio, where there is no npm
#   fuzz    for tests/fuzz/run.sh: clang and libFuzzer                 tidy   for tests/tidy.sh
#
# --print only lists the packages of the groups. This file is the one place that names them.
set -euo pipefail

packages_of() {
  case $1 in
    build) echo cmake ninja-build g++ ccache mold pkg-config \
      libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libcli11-dev libfmt-dev libspdlog-dev \
      libssl-dev libsystemd-dev libxxhash-dev libyaml-cpp-dev prometheus-cpp-dev ;;
    run) echo etcd-server etcd-client curl python3 ;;
    test) echo etcd-server etcd-client curl python3 libgtest-dev libgmock-dev iproute2 nftables nodejs node-ws openssl prometheus spin systemd ;;
    bench) echo libbenchmark-dev nginx haproxy wrk nghttp2-client etcd-server valgrind python3 ;;
    consistency) echo etcd-server haproxy iproute2 nftables python3 ;;
    full) echo chromium chromium-driver git valgrind libc6-dbg ;;
    examples) echo git nodejs npm ;;
    fuzz) echo clang libclang-rt-dev llvm python3 ;;
    tidy) echo clang clang-tidy git python3 ;;
    *) echo "dependencies.sh: no group '$1'; there are build, run, test, bench, consistency, full, examples, fuzz, tidy" >&2; return 1 ;;
  esac
}

installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Debian starts a service as it installs it. Ours run their own etcd, Prometheus, nginx and HAProxy, on their own ports, for
# as long as they need them; a machine should not be left with more.
readonly policy=/usr/sbin/policy-rc.d
hold_services() {
  [[ -e $policy ]] && return
  trap 'as_root rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}

# The packages also enable their services for the next boot. Only what was installed just now is undone.
disable_services() {
  [[ -d /run/systemd/system ]] || return 0
  local package
  for package in "$@"; do
    case $package in
      etcd-server) as_root systemctl disable --quiet etcd.service ;;
      prometheus) as_root systemctl disable --quiet prometheus.service ;;
      nginx) as_root systemctl disable --quiet nginx.service ;;
      haproxy) as_root systemctl disable --quiet haproxy.service ;;
    esac
  done
}

main() {
  local only_print=false groups=() wanted=() missing=() group package names
  for group in "$@"; do
    if [[ $group == --print ]]; then only_print=true; else groups+=("$group"); fi
  done
  ((${#groups[@]})) || groups=(build run)
  for group in "${groups[@]}"; do
    names=$(packages_of "$group")
    read -ra names <<<"$names"
    wanted+=("${names[@]}")
  done
  mapfile -t wanted < <(printf '%s\n' "${wanted[@]}" | sort -u)
  if $only_print; then
    printf '%s\n' "${wanted[@]}"
    return
  fi

  for package in "${wanted[@]}"; do
    installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    echo "dependencies.sh: this needs root, and there is no sudo; run it as root" >&2
    return 1
  fi
  hold_services
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  disable_services "${missing[@]}"
}

main "$@"
