#pragma once

#include "config/config.hpp"
#include "config/issue.hpp"

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace limpet {

/// What the command line of `limpet agent` said; what it left out stays as the configuration has it.
struct agent_flags {
  std::string config_path;
  std::optional<std::string> pool, id, address, weight, zone, prefix, check_path;
  std::vector<std::string> endpoints;
  std::vector<std::string> command; ///< the backend to start, with its arguments
};

/// Adds the flags to `command`, which reads them into `out`: it must outlive the command.
void add_agent_flags(CLI::App& command, agent_flags& out);

/// Sets what was given in `settings`, through the checks of the keys that the flags stand for. What is wrong
/// comes back; with anything of that, `settings` are not to be used.
std::vector<config::issue> set_agent_flags(config::settings& settings, const agent_flags& flags);

} // namespace limpet
