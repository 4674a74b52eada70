#include "proxy/cli_agent.hpp"

#include "config/load.hpp"
#include "proxy/agent/agent.hpp"
#include "proxy/logging.hpp"
#include "proxy/membership/member_codec.hpp"
#include "proxy/net/socket_address.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>

namespace limpet {

namespace {

/// What the command line said; what it left out stays as the configuration has it.
struct agent_flags {
  std::string config_path;
  std::optional<std::string> pool, id, address, zone, prefix, check_path;
  std::optional<std::uint32_t> weight;
  std::vector<std::string> endpoints;
  std::vector<std::string> command;
};

void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error("agent: " + what);
}

agent::agent_options options_of(const agent_flags& flags) {
  agent::agent_options options;
  if (!flags.config_path.empty()) {
    const auto loaded = config::load_file(flags.config_path, config::role::agent);
    for (const auto& e : loaded.errors)
      fmt::print(stderr, "error: {}\n", config::to_string(e));
    for (const auto& w : loaded.warnings)
      fmt::print(stderr, "warning: {}\n", config::to_string(w));
    require(loaded.ok(), flags.config_path + " is not valid");
    options.etcd = loaded.settings.etcd;
    options.agent = loaded.settings.agent.value_or(config::agent_settings{});
  }
  auto& s = options.agent;
  s.pool = flags.pool.value_or(s.pool);
  s.id = flags.id.value_or(s.id);
  s.address.text = flags.address.value_or(s.address.text);
  s.zone = flags.zone.value_or(s.zone);
  s.weight = flags.weight.value_or(s.weight);
  s.check.http_path = flags.check_path.value_or(s.check.http_path);
  options.etcd.prefix = flags.prefix.value_or(options.etcd.prefix);
  if (!flags.endpoints.empty()) options.etcd.endpoints = flags.endpoints;
  options.command = flags.command;

  require(membership::is_member_id(s.pool), "--pool is missing, or no name ([A-Za-z0-9._-]{1,128})");
  require(membership::is_member_id(s.id), "--id is missing, or no name ([A-Za-z0-9._-]{1,128})");
  require(s.address.text.starts_with("unix:/") || net::split_host_port(s.address.text).has_value(),
          "--address is missing, or not host:port, [v6]:port or unix:/path");
  require(s.weight >= 1 && s.weight <= routing::member_weight_max, "--weight goes from 1 to 65535");
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
