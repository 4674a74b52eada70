// check_history FOLDER [--json] [--examples N]: exits 0 without a violation, 1 with, 2 where the history
// cannot be judged.

#include "tests/consistency/history/check.hpp"
#include "tests/consistency/history/read_history.hpp"
#include "tests/consistency/history/report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace consistency = limpet::consistency;

int main(int argc, char** argv) {
  CLI::App app(
      "Looks for violations of one owner at a time and of the session guarantees in a run's history");
  std::string folder;
  bool is_json = false;
  std::size_t examples = 3;
  app.add_option("folder", folder, "with client-*.log, member-*.log and runner.log")->required();
  app.add_flag("--json", is_json, "one JSON object instead of a table");
  app.add_option("--examples", examples, "how many violations of each kind are told in words");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  consistency::history history;
  consistency::bad_input errors;
  consistency::findings found(examples);
  consistency::read_history(folder, history, errors);
  consistency::execution_summary executions;
  if (errors.empty()) consistency::check_completeness(history, errors);
  if (errors.empty()) executions = consistency::check(history, found, errors);
  if (!errors.empty()) {
    for (const auto& message : errors.first_messages())
      fmt::print(stderr, "check_history: {}\n", message);
    fmt::print(stderr, "check_history: {} errors in the history\n", errors.count());
    return 2;
  }
  fmt::print("{}", is_json ? consistency::report_json(history, executions, found) + "\n"
                           : consistency::report(history, executions, found));
  return found.total() == 0 ? 0 : 1;
}
