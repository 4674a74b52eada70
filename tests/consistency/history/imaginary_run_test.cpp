// What the generator writes is correct but for what is planted, and what is planted is found.

#include "tests/consistency/history/imaginary/run.hpp"
#include "tests/consistency/history/judge.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace limpet::consistency {
namespace {

using imaginary::options;

/// What the checker finds in the run, by kind; and that the run is one that has something to find.
std::map<violation, std::uint64_t> found_in(const options& o) {
  const test::temporary_folder folder;
  EXPECT_EQ(imaginary::write_run(o, folder.path()), std::vector<violation>());
  history h;
  bad_input errors;
  findings found;
  read_history(folder.path(), h, errors);
  const auto executions = check(h, found, errors);
  check_completeness(h, errors);
  EXPECT_EQ(errors.first_messages(), std::vector<std::string>());
  EXPECT_EQ(h.operations.size(), o.operations);
  EXPECT_TRUE(o.moves == 0 || executions.owner_changes > 0);
  std::map<violation, std::uint64_t> counts;
  for (std::size_t kind = 0; kind < violation_names.size(); ++kind)
    if (const auto count = found.count(static_cast<violation>(kind)))
      counts[static_cast<violation>(kind)] = count;
  return counts;
}

TEST(ImaginaryRun, has_no_violation) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    options o;
    o.seed = seed;
    o.operations = 4000;
    o.sessions = 20 + 20 * (seed % 5);
    o.clients = 10 + 30 * static_cast<std::uint32_t>(seed % 4);
    o.members = 1 + static_cast<std::uint32_t>(seed % 6);
    o.moves = 10 * (seed % 7);
    if (o.members == 1) o.moves = 0;
    EXPECT_EQ(found_in(o), (std::map<violation, std::uint64_t>())) << "seed " << seed;
  }
}

class Planted : public testing::TestWithParam<violation> {};

TEST_P(Planted, is_found_as_often_as_planted) {
  const auto what = GetParam();
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    options o;
    o.seed = seed;
    o.moves = 40;
    o.planted.assign(seed, what);
    std::map<violation, std::uint64_t> expected{{what, seed}};
    // A list that lacks what is in the middle of others is no prefix of them.
    if (what == violation::monotonic_writes || what == violation::writes_follow_reads)
      expected[violation::fork] = seed;
    EXPECT_EQ(found_in(o), expected) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Planted,
                         testing::Values(violation::overlap, violation::epoch, violation::read_your_writes,
                                         violation::monotonic_reads, violation::monotonic_writes,
                                         violation::writes_follow_reads, violation::phantom, violation::lost,
                                         violation::fork),
                         [](const auto& parameter) { return std::string(name_of(parameter.param)); });

TEST(ImaginaryRun, may_have_one_of_each) {
  options o;
  o.moves = 40;
  std::map<violation, std::uint64_t> expected;
  for (std::size_t kind = 0; kind < violation_names.size(); ++kind) {
    o.planted.push_back(static_cast<violation>(kind));
    expected[static_cast<violation>(kind)] = 1;
  }
  expected[violation::fork] = 3;
  EXPECT_EQ(found_in(o), expected);
}

TEST(ImaginaryRun, tells_what_found_no_place) {
  const test::temporary_folder folder;
  options o;
  o.moves = 0;
  o.planted = {violation::overlap, violation::lost};
  EXPECT_EQ(imaginary::write_run(o, folder.path()), std::vector{violation::overlap});
}

} // namespace
} // namespace limpet::consistency
