// Runs an agent with short times: agent_runner ETCD_URL ADDRESS HEALTH_PATH DRAIN_MS [COMMAND...]
#include "proxy/agent/agent.hpp"

#include <spdlog/spdlog.h>

int main(int argc, char** argv) {
  if (argc < 5) return 1;
  spdlog::set_level(spdlog::level::debug);
  limpet::agent::agent_options options;
  options.etcd.endpoints = {argv[1]};
  options.agent.pool = "chat";
  options.agent.id = "a";
  options.agent.address = {argv[2]};
  options.agent.zone = "z1";
  options.agent.lease_ttl = std::chrono::seconds(2);
  options.agent.drain = std::chrono::milliseconds(std::stoi(argv[4]));
  options.agent.check.http_path = argv[3];
  options.agent.check.interval = std::chrono::milliseconds(20);
  options.command.assign(argv + 5, argv + argc);
  return limpet::agent::run_agent(options);
}
