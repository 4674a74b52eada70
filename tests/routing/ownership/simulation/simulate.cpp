// Runs seeds of the simulation: ownership_simulation [--mutant NAME] [--proxies N] [--workers N] [--members N] [--trace] FIRST [COUNT]

#include "tests/routing/ownership/simulation/world.hpp"
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace simulation = limpet::ownership::simulation;

int main(int argc, char** argv) {
  simulation::options o;
  std::uint64_t numbers[2] = {1, 1};
  int given = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto number = [&] { return i + 1 < argc ? static_cast<unsigned>(std::atoi(argv[++i])) : 1; };
    if (word == "--proxies")
      o.proxies = number();
    else if (word == "--workers")
      o.workers = number();
    else if (word == "--members")
      o.members = number();
    else if (word == "--trace")
      o.trace = true;
    else if (word == "--mutant" && i + 1 < argc) {
      ++i;
      for (const auto& m : simulation::mutants)
        if (m.name == argv[i]) o.departs = m.which;
    } else if (given < 2)
      numbers[given++] = std::strtoull(argv[i], nullptr, 10);
  }
  const auto began = std::chrono::steady_clock::now();
  simulation::outcome all;
  for (auto seed = numbers[0]; seed < numbers[0] + numbers[1]; ++seed) {
    o.seed = seed;
    const auto one = simulation::world(o).run();
    all.steps += one.steps;
    all.requests += one.requests;
    all.commits += one.commits;
    all.parked += one.parked;
    all.refused += one.refused;
    all.incarnations += one.incarnations;
    if (one.violation.empty()) continue;
    std::printf("seed %llu, step %llu: %s\n", static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(one.steps), one.violation.c_str());
    return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf(
      "%llu steps, %llu requests, %llu commits, %llu parked, %llu refused, %llu incarnations, %.1f s\n",
      static_cast<unsigned long long>(all.steps), static_cast<unsigned long long>(all.requests),
      static_cast<unsigned long long>(all.commits), static_cast<unsigned long long>(all.parked),
      static_cast<unsigned long long>(all.refused), static_cast<unsigned long long>(all.incarnations),
      took.count());
}
