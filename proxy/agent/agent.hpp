#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace limpet::agent {

struct agent_options {
  config::agent_settings agent;
  config::etcd_settings etcd;
  std::vector<std::string> command; ///< the backend to start, with its arguments; empty: it runs already
};

/// Stands beside a backend: registers it in etcd as long as it is well, drains it on SIGTERM or SIGINT, and
/// ends with it.
///
/// A first signal marks the member as draining, waits `agent.drain`, and ends the registration. A backend
/// that was started here goes on for half a second, and for up to `agent.linger` while connections to it are
/// open; then it gets SIGTERM and is waited for. A second signal ends the registration at once and sends
/// SIGKILL. A backend that ends by itself is taken out at once.
///
/// Returns the exit code: the backend's where one was started (128 + the signal's number where a signal ended
/// it); else 0 after a drain, 2 after a second signal, 3 where etcd could not be told. 1 where something
/// could not be started or used; the reason is logged. To be called on the main thread of a process that has
/// no other children: it waits for all of them.
int run_agent(const agent_options& options);

} // namespace limpet::agent
