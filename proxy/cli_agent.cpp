#include "proxy/cli_agent.hpp"

#include "config/load.hpp"
#include "proxy/agent/agent.hpp"
#include "proxy/agent_flags.hpp"
#include "proxy/logging.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace limpet {

namespace {

void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error("agent: " + what);
}

void print_errors(const std::vector<config::issue>& errors) {
  for (const auto& e : errors)
    fmt::print(stderr, "error: {}\n", config::to_string(e));
}

config::settings settings_of_file(const std::string& path) {
  auto loaded = config::load_file(path, config::role::agent);
  print_errors(loaded.errors);
  for (const auto& w : loaded.warnings)
    fmt::print(stderr, "warning: {}\n", config::to_string(w));
  require(loaded.ok(), path + " is not valid");
  return std::move(loaded.settings);
}

agent::agent_options options_of(const agent_flags& flags) {
  config::settings settings;
  if (!flags.config_path.empty()) settings = settings_of_file(flags.config_path);
  const auto errors = set_agent_flags(settings, flags);
  print_errors(errors);
  require(errors.empty(), "the command line is not valid");

  agent::agent_options options;
  options.etcd = settings.etcd;
  options.agent = settings.agent.value_or(config::agent_settings{});
  options.command = flags.command;
  require(!options.agent.pool.empty(), "--pool is missing");
  require(!options.agent.id.empty(), "--id is missing");
  require(!options.agent.address.text.empty(), "--address is missing");
  return options;
}

} // namespace

void add_agent(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "agent", "Register a backend in etcd for as long as it is healthy; drain it on SIGTERM");
  auto flags = std::make_shared<agent_flags>();
  add_agent_flags(*command, *flags);
  command->callback([flags, &result] {
    const auto options = options_of(*flags);
    start_logging(config::log_level::info);
    result = agent::run_agent(options);
  });
}

} // namespace limpet
