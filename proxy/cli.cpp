#include "proxy/cli.hpp"

#include "config/guarantees.hpp"
#include "config/load.hpp"
#include "config/print.hpp"
#include "config/schema.hpp"
#include "proxy/cli_agent.hpp"
#include "proxy/cli_drain.hpp"
#include "proxy/cli_explain.hpp"
#include "proxy/cli_membership.hpp"
#include "proxy/cli_status.hpp"
#include "proxy/logging.hpp"
#include "proxy/server.hpp"
#include "proxy/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <map>

namespace limpet {

namespace {

constexpr int cannot_start = static_cast<int>(exit_code::cannot_start);

void print_issues(const config::load_result& loaded) {
  for (const auto& e : loaded.errors)
    fmt::print(stderr, "error: {}\n", config::to_string(e));
  for (const auto& w : loaded.warnings)
    fmt::print(stderr, "warning: {}\n", config::to_string(w));
}

int serve(const serve_options& options) {
  auto loaded = config::load_file(options.config_path);
  print_issues(loaded);
  if (!loaded.ok()) return cannot_start;
  start_logging(options.log_level.value_or(loaded.settings.logging.level));
  std::signal(SIGPIPE, SIG_IGN);
  server s(options, std::move(loaded.settings));
  return static_cast<int>(s.run());
}

int check(const std::string& path, bool print) {
  const auto loaded = config::load_file(path);
  print_issues(loaded);
  if (!loaded.ok()) {
    fmt::print(stderr, "{}: {} error{}\n", path, loaded.errors.size(), loaded.errors.size() == 1 ? "" : "s");
    return 1;
  }
  if (print) {
    fmt::print("{}", config::print_settings(loaded.settings, config::secrets::shown));
    return 0;
  }
  fmt::print("{}: valid\n", path);
  for (const auto& line : config::guarantees(loaded.settings))
    fmt::print("{}\n", line);
  return 0;
}

void add_serve(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("serve", "Run the proxy");
  auto options = std::make_shared<serve_options>();
  command->add_option("-c,--config", options->config_path, "Configuration file")->required();
  command->add_option("--ready-file", options->ready_file,
                      "Write the bound addresses here, as JSON, once all are bound");
  const std::map<std::string, config::log_level> levels{{"debug", config::log_level::debug},
                                                        {"info", config::log_level::info},
                                                        {"warning", config::log_level::warning},
                                                        {"error", config::log_level::error}};
  command
      ->add_option("--log-level", options->log_level,
                   "debug, info, warning or error; instead of the configuration's")
      ->transform(CLI::CheckedTransformer(levels, CLI::ignore_case));
  command->callback([options, &result] { result = serve(*options); });
}

void add_check(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("check", "Check a configuration, and say what each pool guarantees");
  auto path = std::make_shared<std::string>();
  auto print = std::make_shared<bool>(false);
  command->add_option("file", *path, "Configuration file")->required();
  command->add_flag("--print", *print, "Print the effective configuration, defaults and secrets included");
  command->callback([path, print, &result] { result = check(*path, *print); });
}

void add_schema(CLI::App& app) {
  auto* command = app.add_subcommand("schema", "Print the configuration's JSON Schema, for editors");
  auto reference = std::make_shared<bool>(false);
  command->add_flag("--reference", *reference, "Print the reference in Markdown instead");
  command->callback(
      [reference] { fmt::print("{}", *reference ? config::reference_markdown() : config::json_schema()); });
}

} // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Limpet, a sticky-session layer-7 proxy", "limpet");
  app.set_version_flag("--version", "limpet " + std::string(version));
  app.require_subcommand(1);
  int result = 0;
  add_serve(app, result);
  add_check(app, result);
  add_schema(app);
  add_explain(app, result);
  add_membership(app, result);
  add_status(app, result);
  add_drain(app, result);
  add_agent(app, result);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : cannot_start;
  } catch (const std::exception& e) {
    fmt::print(stderr, "limpet: {}\n", e.what());
    return cannot_start;
  }
  return result;
}

} // namespace limpet
