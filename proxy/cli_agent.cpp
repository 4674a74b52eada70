#include "proxy/cli_agent.hpp"

#include "config/load.hpp"
#include "proxy/agent/agent.hpp"
#include "proxy/logging.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace limpet {

namespace {

/// What the command line said; what it left out stays as the configuration has it.
struct agent_flags {
  std::string config_path;
  std::optional<std::string> pool, id, address, weight, zone, prefix, check_path;
  std::vector<std::string> endpoints;
  std::vector<std::string> command;
};

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

/// Flags go through the checks of the keys that they stand for.
void set_flags(config::settings& settings, const agent_flags& flags) {
  std::vector<config::flag> given;
  const auto add = [&](const char* name, const char* key, const std::optional<std::string>& value) {
    if (value) given.push_back({name, key, {*value}});
  };
  add("--pool", "agent.pool", flags.pool);
  add("--id", "agent.id", flags.id);
  add("--address", "agent.address", flags.address);
  add("--weight", "agent.weight", flags.weight);
  add("--zone", "agent.zone", flags.zone);
  add("--check-path", "agent.check.path", flags.check_path);
  add("--prefix", "etcd.prefix", flags.prefix);
  if (!flags.endpoints.empty()) given.push_back({"--etcd", "etcd.endpoints", flags.endpoints});

  bool good = true;
  for (const config::flag& flag : given) {
    const auto errors = config::set_flag(settings, flag);
    print_errors(errors);
    good = good && errors.empty();
  }
  require(good, "the command line is not valid");
}

agent::agent_options options_of(const agent_flags& flags) {
  config::settings settings;
  if (!flags.config_path.empty()) settings = settings_of_file(flags.config_path);
  set_flags(settings, flags);

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
  command->add_option("-c,--config", flags->config_path, "Configuration file: its sections etcd and agent");
  command->add_option("--pool", flags->pool, "The pool that the member joins");
  command->add_option("--id", flags->id, "The member's stable name");
  command->add_option("--address", flags->address, "Where proxies reach it");
  command->add_option("--weight", flags->weight, "Its share of the sessions");
  command->add_option("--zone", flags->zone, "Where it runs");
  command->add_option("--check-path", flags->check_path,
                      "GET this path to check its health; else a TCP connect");
  command->add_option("--etcd", flags->endpoints, "etcd's endpoints, http(s)://host:port");
  command->add_option("--prefix", flags->prefix, "etcd's prefix of all keys");
  command->add_option("command", flags->command, "The backend to start, after --");
  command->callback([flags, &result] {
    const auto options = options_of(*flags);
    start_logging(config::log_level::info);
    result = agent::run_agent(options);
  });
}

} // namespace limpet
