// The machines of routing/ownership in a world with faults: the invariants hold in every seed, and every
// departure from the rules is found. A failing seed is replayed by `ownership_simulation --trace SEED`.

#include <gtest/gtest.h>

#include "tests/routing/ownership/simulation/world.hpp"
#include <string>

namespace limpet::ownership::simulation {
namespace {

void hold_in(options o, std::uint64_t seeds) {
  outcome all;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    o.seed = seed;
    const auto one = world(o).run();
    ASSERT_EQ(one.violation, "") << "seed " << seed << ", step " << one.steps;
    all.steps += one.steps;
    all.requests += one.requests;
    all.commits += one.commits;
    all.parked += one.parked;
  }
  // That something happens at all: two of these hold by doing nothing.
  EXPECT_GT(all.requests, 1000 * seeds);
  EXPECT_GT(all.commits, 5 * seeds);
  EXPECT_GT(all.parked, 100 * seeds);
  testing::Test::RecordProperty("steps", std::to_string(all.steps));
}

TEST(OwnershipSimulation, holds_with_three_proxies) {
  hold_in({}, 120);
}

TEST(OwnershipSimulation, holds_with_two_proxies_of_one_worker) {
  options o;
  o.proxies = 2;
  o.workers = 1;
  hold_in(o, 60);
}

TEST(OwnershipSimulation, holds_with_five_proxies_of_three_workers) {
  options o;
  o.proxies = 5;
  o.workers = 3;
  o.members = 6;
  hold_in(o, 30);
}

class OwnershipMutant : public testing::TestWithParam<named_mutant> {};

TEST_P(OwnershipMutant, is_found) {
  options o;
  o.departs = GetParam().which;
  for (o.seed = 1; o.seed <= 2000; ++o.seed) {
    const auto found = world(o).run().violation;
    if (found.empty()) continue;
    SUCCEED() << "seed " << o.seed << ": " << found;
    return;
  }
  FAIL() << "two thousand seeds have not found it";
}

std::string name_of(const testing::TestParamInfo<named_mutant>& info) {
  std::string name(info.param.name);
  for (auto& c : name)
    if (c == '-') c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Mutants, OwnershipMutant, testing::ValuesIn(mutants), name_of);

} // namespace
} // namespace limpet::ownership::simulation
