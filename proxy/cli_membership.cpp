#include "proxy/cli_membership.hpp"

#include "proxy/admin_client.hpp"
#include "proxy/ops/membership_json.hpp"
#include "proxy/ops/query.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace limpet {

namespace {

namespace json = boost::json;

struct membership_options {
  std::string action = "show";
  std::string pool;
  std::string admin{default_admin_address};
  bool json = false;
};

/// /membership is of all pools.
void leave_only(json::object& told, const std::string& pool) {
  auto* pools = told.if_contains("pools");
  if (!pools || !pools->is_array()) return;
  json::array kept;
  for (auto& one : pools->get_array())
    if (one.is_object() && one.get_object().contains("name") &&
        one.get_object().at("name") == json::value(pool))
      kept.push_back(std::move(one));
  if (kept.empty()) throw std::runtime_error("no pool is named '" + pool + "'");
  *pools = std::move(kept);
}

json::object ask(const membership_options& options) {
  const auto token = admin_token();
  if (options.action == "show") {
    auto told = parse_admin_answer(options.admin, ask_admin(options.admin, "/membership", token), "pools");
    if (!options.pool.empty()) leave_only(told, options.pool);
    return told;
  }
  std::string of;
  if (!options.pool.empty()) ops::append_parameter(of, "pool", options.pool);
  const auto target = "/membership/" + options.action + (of.empty() ? "" : "?" + of);
  return parse_admin_answer(options.admin, ask_admin(options.admin, target, token, "POST"), "pools");
}

int run_membership(const membership_options& options) {
  const auto told = ask(options);
  if (options.json)
    fmt::print("{}\n", json::serialize(told));
  else
    fmt::print("{}", ops::membership_text(told));
  return 0;
}

} // namespace

void add_membership(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "membership", "Show what a running proxy holds back of what its sources say, or have a word in it");
  auto options = std::make_shared<membership_options>();
  command
      ->add_option("action", options->action,
                   "show; suspend: keep the view as it is; resume: follow the source again; apply: make the "
                   "view what the source says, now")
      ->check(CLI::IsMember({"show", "suspend", "resume", "apply"}))
      ->capture_default_str();
  command->add_option("--pool", options->pool, "One pool; default: all");
  command
      ->add_option("--admin", options->admin,
                   "The proxy's admin address; its token is taken from LIMPET_ADMIN_TOKEN")
      ->capture_default_str();
  command->add_flag("--json", options->json, "As JSON");
  command->callback([options, &result] { result = run_membership(*options); });
}

} // namespace limpet
