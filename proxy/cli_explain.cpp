#include "proxy/cli_explain.hpp"

#include "config/load.hpp"
#include "config/members_file.hpp"
#include "proxy/admin_client.hpp"
#include "proxy/ops/explain.hpp"
#include "proxy/snapshot_builder.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include <cstdio>
#include <ctime>
#include <memory>
#include <stdexcept>

namespace limpet {

namespace {

struct explain_options {
  ops::explain_query query;
  std::string pool, key;
  std::vector<std::string> headers;
  std::string admin{default_admin_address};
  std::string config_path;
  bool json = false;
};

/// "Name: value" taken apart.
std::pair<std::string, std::string> split_header(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0)
    throw std::runtime_error("--header wants 'Name: value', not '" + text + "'");
  const auto value = text.find_first_not_of(" \t", colon + 1);
  return {text.substr(0, colon), value == std::string::npos ? "" : text.substr(value)};
}

/// The members that the configuration itself, or its membership files, tell of. Nobody is asked who answers.
snapshot_builder::lists members_of(const config::settings& settings) {
  snapshot_builder::lists lists;
  for (const auto& [name, pool] : settings.pools) {
    auto& list = lists[name];
    list.epoch = 1;
    if (pool.members.source == config::source_kind::static_) {
      list.members = pool.members.static_members;
    } else if (pool.members.source == config::source_kind::file) {
      auto loaded = config::load_members(pool.members.file_path);
      if (!loaded.ok()) throw std::runtime_error(config::to_string(loaded.errors.front()));
      list.members = std::move(loaded.members);
    }
  }
  return lists;
}

boost::json::object explain_offline(const explain_options& options) {
  const auto loaded = config::load_file(options.config_path);
  for (const auto& e : loaded.errors)
    fmt::print(stderr, "error: {}\n", config::to_string(e));
  if (!loaded.ok()) throw std::runtime_error(options.config_path + " is not valid");
  snapshot_builder builder([](const std::string&) { return std::vector<net::member_endpoint>{}; });
  const auto snapshot = builder.build(loaded.settings, members_of(loaded.settings));
  auto said = ops::explain(*snapshot, options.query, {std::time(nullptr), std::chrono::steady_clock::now()});
  const auto* pool = said.if_contains("pool");
  const auto known = pool && pool->is_string() ? loaded.settings.pools.find(std::string(pool->as_string()))
                                               : loaded.settings.pools.end();
  if (known != loaded.settings.pools.end() && known->second.members.source == config::source_kind::etcd)
    throw std::runtime_error("pool " + known->first +
                             " has its members from etcd: ask a running proxy (--admin), not the file");
  return said;
}

boost::json::object explain_by_proxy(const explain_options& options) {
  const auto target = "/explain?" + ops::to_query_string(options.query);
  return parse_admin_answer(options.admin, ask_admin(options.admin, target, admin_token()), "decision");
}

int explain(explain_options& options) {
  for (const auto& header : options.headers)
    options.query.headers.push_back(split_header(header));
  if (!options.pool.empty()) options.query.pool = options.pool;
  if (!options.key.empty()) options.query.key = options.key;
  const auto said = options.config_path.empty() ? explain_by_proxy(options) : explain_offline(options);
  if (options.json)
    fmt::print("{}\n", boost::json::serialize(said));
  else
    fmt::print("{}", ops::explanation_text(said));
  return said.contains("error") ? 1 : 0;
}

} // namespace

void add_explain(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("explain", "Say where a request would go, and why");
  auto options = std::make_shared<explain_options>();
  command->add_option("--url", options->query.url, "Path and query, or a whole URL");
  command->add_option("--host", options->query.host, "The Host field");
  command->add_option("--header", options->headers, "A header, as 'Name: value'; may be repeated");
  command->add_option("--cookie", options->query.cookies, "A cookie, as name=value; may be repeated");
  command->add_option("--client", options->query.client, "The client's address");
  auto* pool = command->add_option("--pool", options->pool, "A pool, instead of the route's");
  command->add_option("--key", options->key, "With --pool: the session key itself")->needs(pool);
  auto* admin =
      command
          ->add_option("--admin", options->admin,
                       "A running proxy's admin address; its token is taken from LIMPET_ADMIN_TOKEN")
          ->capture_default_str();
  command
      ->add_option("-c,--config", options->config_path, "Ask this configuration instead of a running proxy")
      ->excludes(admin);
  command->add_flag("--json", options->json, "As JSON");
  command->callback([options, &result] { result = explain(*options); });
}

} // namespace limpet
