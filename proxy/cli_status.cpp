#include "proxy/cli_status.hpp"

#include "proxy/admin_client.hpp"
#include "proxy/ops/status.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <fmt/core.h>

#include <ctime>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace limpet {

namespace {

namespace json = boost::json;

enum class agreement : int { they_agree = 0, they_differ = 1, not_all_asked = 2 };

struct status_options {
  std::vector<std::string> admins;
  bool json = false;
};

ops::proxy_report ask(const std::string& address, const std::string& token) {
  ops::proxy_report report{.address = address, .status = {}};
  try {
    report.status = parse_admin_answer(address, ask_admin(address, "/status", token), "pools");
  } catch (const std::exception& e) {
    report.problem = e.what();
  }
  return report;
}

agreement agreement_of(const ops::comparison& found) {
  if (!found.is_complete) return agreement::not_all_asked;
  return found.differences.empty() ? agreement::they_agree : agreement::they_differ;
}

std::string as_json(const std::vector<ops::proxy_report>& proxies, const ops::comparison& found) {
  json::array told;
  for (const auto& one : proxies) {
    json::object proxy{{"address", one.address}};
    if (one.status)
      proxy["status"] = *one.status;
    else
      proxy["problem"] = one.problem;
    told.emplace_back(std::move(proxy));
  }
  const bool agrees = found.is_complete && found.differences.empty();
  return json::serialize(json::object{{"proxies", std::move(told)},
                                      {"agree", agrees},
                                      {"differences", json::value_from(found.differences)},
                                      {"notes", json::value_from(found.notes)}});
}

int status(const status_options& options) {
  const auto token = admin_token();
  std::vector<ops::proxy_report> proxies;
  for (const auto& address : options.admins)
    proxies.push_back(ask(address, token));
  const auto found = ops::compare(proxies);
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  if (options.json)
    fmt::print("{}\n", as_json(proxies, found));
  else if (proxies.size() == 1)
    fmt::print("{}", ops::status_text(proxies.front(), now));
  else
    fmt::print("{}", ops::comparison_text(proxies, found, now));
  return static_cast<int>(agreement_of(found));
}

} // namespace

void add_status(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "status",
      "Tell how a proxy is, or compare several: 0 where they agree, 1 where they differ, 2 where one "
      "could not be asked");
  auto options = std::make_shared<status_options>();
  options->admins = {std::string(default_admin_address)};
  command
      ->add_option(
          "--admin", options->admins,
          "A running proxy's admin address; may be repeated. Their token is taken from LIMPET_ADMIN_TOKEN")
      ->capture_default_str();
  command->add_flag("--json", options->json, "As JSON");
  command->callback([options, &result] { result = status(*options); });
}

} // namespace limpet
