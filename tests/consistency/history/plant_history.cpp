// plant_history FOLDER --operations N --sessions S --clients C --members M --seed X [--moves K] [--plant
// KIND]...: the history of an imaginary run, correct but for what is planted. Exits 1 where something found
// no place.

#include "tests/consistency/history/imaginary/run.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

namespace consistency = limpet::consistency;

int main(int argc, char** argv) {
  CLI::App app("Writes the history of an imaginary run, with planted violations");
  consistency::imaginary::options options;
  std::string folder;
  std::vector<std::string> planted;
  app.add_option("folder", folder, "made where it is not there")->required();
  app.add_option("--operations", options.operations)->check(CLI::PositiveNumber);
  app.add_option("--sessions", options.sessions)->check(CLI::PositiveNumber);
  app.add_option("--clients", options.clients, "at work at once, one to four in a session")
      ->check(CLI::PositiveNumber);
  app.add_option("--members", options.members)->check(CLI::Range(1, 1000));
  app.add_option("--seed", options.seed);
  app.add_option("--moves", options.moves, "changes of membership, over the whole run");
  app.add_option("--plant", planted, "a kind of violation; once for each one to be planted")
      ->check(CLI::IsMember(std::vector<std::string>(consistency::violation_names.begin(),
                                                     consistency::violation_names.end())));
  CLI11_PARSE(app, argc, argv);

  for (const auto& name : planted) {
    const auto at = std::ranges::find(consistency::violation_names, name);
    options.planted.push_back(static_cast<consistency::violation>(at - consistency::violation_names.begin()));
  }
  try {
    std::filesystem::create_directories(folder);
    const auto left = consistency::imaginary::write_run(options, folder);
    for (const auto what : left)
      fmt::print(stderr, "plant_history: no session has a place for {}\n", name_of(what));
    return left.empty() ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "plant_history: {}\n", error.what());
    return 2;
  }
}
