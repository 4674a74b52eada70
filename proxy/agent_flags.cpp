#include "proxy/agent_flags.hpp"

#include "config/load.hpp"

#include <CLI/CLI.hpp>

#include <iterator>

namespace limpet {

void add_agent_flags(CLI::App& command, agent_flags& out) {
  command.add_option("-c,--config", out.config_path, "Configuration file: its sections etcd and agent");
  command.add_option("--pool", out.pool, "The pool that the member joins");
  command.add_option("--id", out.id, "The member's stable name");
  command.add_option("--address", out.address, "Where proxies reach it");
  command.add_option("--weight", out.weight, "Its share of the sessions");
  command.add_option("--zone", out.zone, "Where it runs");
  command.add_option("--check-path", out.check_path, "GET this path to check its health; else a TCP connect");
  command.add_option("--etcd", out.endpoints, "etcd's endpoints, http(s)://host:port");
  command.add_option("--prefix", out.prefix, "etcd's prefix of all keys");
  command.add_option("command", out.command, "The backend to start, after --");
}

std::vector<config::issue> set_agent_flags(config::settings& settings, const agent_flags& flags) {
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

  std::vector<config::issue> wrong;
  for (const config::flag& flag : given) {
    auto errors = config::set_flag(settings, flag);
    std::move(errors.begin(), errors.end(), std::back_inserter(wrong));
  }
  return wrong;
}

} // namespace limpet
