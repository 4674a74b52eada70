// The checker against the definitions: each kind once more, word for word and quadratic, on random histories
// in which nearly everything is wrong.

#include "tests/consistency/history/imaginary/random_numbers.hpp"
#include "tests/consistency/history/judge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace limpet::consistency {
namespace {

using imaginary::random_numbers;
using list = std::vector<std::uint64_t>;

// -- the definitions --------------------------------------------------

struct defined {
  const history& h;
  std::vector<const operation*> appends, reads; ///< by client and begin

  explicit defined(const history& of) : h(of) {
    for (const auto& o : h.operations) {
      if (o.action == action::append)
        appends.push_back(&o);
      else if (o.outcome == outcome::ok)
        reads.push_back(&o);
    }
    const auto in_order = [](const auto* o) { return std::pair(o->client, o->begin); };
    std::ranges::sort(appends, {}, in_order);
    std::ranges::sort(reads, {}, in_order);
  }

  list of(const operation& read) const {
    const auto values = h.list_of(read);
    return {values.begin(), values.end()};
  }
  static bool has(const list& values, std::uint64_t value) {
    return std::ranges::find(values, value) != values.end();
  }
  /// Whether the list has `later`, and not `earlier` before it.
  static bool lacks_before(const list& values, std::uint64_t earlier, std::uint64_t later) {
    const auto at = std::ranges::find(values, later);
    return at != values.end() && std::find(values.begin(), at, earlier) == at;
  }
  static bool precedes(const operation& a, const operation& b) {
    return a.client == b.client && a.end <= b.begin;
  }

  bool violates_read_your_writes(const operation& r) const {
    return std::ranges::any_of(appends, [&](const auto* a) {
      return a->outcome == outcome::ok && precedes(*a, r) && !has(of(r), a->value);
    });
  }
  bool violates_monotonic_reads(const operation& r) const {
    return std::ranges::any_of(reads, [&](const auto* before) {
      return precedes(*before, r) &&
             std::ranges::any_of(of(*before), [&](auto value) { return !has(of(r), value); });
    });
  }
  bool violates_monotonic_writes(const operation& r) const {
    return std::ranges::any_of(appends, [&](const auto* w1) {
      return w1->outcome == outcome::ok && std::ranges::any_of(appends, [&](const auto* w2) {
               return precedes(*w1, *w2) && lacks_before(of(r), w1->value, w2->value);
             });
    });
  }
  bool violates_writes_follow_reads(const operation& r) const {
    return std::ranges::any_of(appends, [&](const auto* y) {
      return std::ranges::any_of(reads, [&](const auto* before) {
        return precedes(*before, *y) &&
               std::ranges::any_of(of(*before), [&](auto x) { return lacks_before(of(r), x, y->value); });
      });
    });
  }
  bool has_phantom(const operation& r) const {
    const auto values = of(r);
    return std::ranges::any_of(values, [&](auto value) {
      const auto a = std::ranges::find(appends, value, &operation::value);
      return a == appends.end() || (*a)->outcome == outcome::no || (*a)->begin > r.end ||
             std::ranges::count(values, value) > 1;
    });
  }
  bool is_lost(const operation& a) const {
    if (a.outcome != outcome::ok) return false;
    const operation* longest = nullptr;
    for (const auto* r : reads) {
      if (r->begin <= a.end) continue;
      if (!longest || std::pair(r->list_size, r->begin) > std::pair(longest->list_size, longest->begin))
        longest = r;
    }
    return longest && !has(of(*longest), a.value);
  }
  bool is_fork(const operation& r) const {
    const auto* const longest =
        *std::ranges::max_element(reads, {}, &operation::list_size); // the first of several
    const auto shorter = of(r), longer = of(*longest);
    return !std::equal(shorter.begin(), shorter.end(), longer.begin());
  }

  std::string verdict() const {
    const auto count = [](const auto& operations, auto is) {
      return std::ranges::count_if(operations, [&](const auto* o) { return is(*o); });
    };
    const std::pair<violation, std::ptrdiff_t> counts[] = {
        {violation::read_your_writes,
         count(reads, [&](const auto& r) { return violates_read_your_writes(r); })},
        {violation::monotonic_reads,
         count(reads, [&](const auto& r) { return violates_monotonic_reads(r); })},
        {violation::monotonic_writes,
         count(reads, [&](const auto& r) { return violates_monotonic_writes(r); })},
        {violation::writes_follow_reads,
         count(reads, [&](const auto& r) { return violates_writes_follow_reads(r); })},
        {violation::phantom, count(reads, [&](const auto& r) { return has_phantom(r); })},
        {violation::lost, count(appends, [&](const auto& a) { return is_lost(a); })},
        {violation::fork, count(reads, [&](const auto& r) { return is_fork(r); })},
    };
    std::string out;
    for (const auto& [what, found] : counts)
      if (found > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name_of(what), found);
    return out;
  }
};

// -- random histories -------------------------------------------------

/// What the lists could be, with a mistake now and then.
list random_list(const list& appended, std::uint64_t sloppiness, random_numbers& random) {
  list values(appended.begin(),
              appended.begin() + static_cast<std::ptrdiff_t>(random.below(appended.size() + 1)));
  if (random.one_in(2)) values = appended;
  while (!values.empty() && random.below(100) < sloppiness) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(random.below(values.size()));
    switch (random.below(4)) {
    case 0:
      values.erase(at);
      break;
    case 1:
      std::swap(*at, values[random.below(values.size())]);
      break;
    case 2:
      values.insert(at, 1 + random.below(20)); // appended or not, there already or not
      break;
    default:
      std::rotate(values.begin(), at, values.end());
    }
  }
  return values;
}

/// Times are all different, so that no definition has to say what comes first of two.
std::string random_operations(random_numbers& random) {
  struct client {
    bool is_busy = false;
    std::string begun;
    std::string done;
    std::string outcome;
  };
  std::vector<client> clients(1 + random.below(4));
  const auto sloppiness = random.below(60);
  list appended;
  std::uint64_t value = 0;
  std::string lines;
  for (std::uint64_t now = 1, number = 0, end = 10 + random.below(60); now < end; ++now) {
    const auto index = random.below(clients.size());
    auto& c = clients[index];
    if (c.is_busy) {
      lines += fmt::format("{} {} {} {}\n", c.begun, now, c.outcome, c.done);
      c.is_busy = false;
      continue;
    }
    c.is_busy = true;
    const auto dice = random.below(10);
    c.outcome = dice < 7 ? "ok" : dice < 9 ? "unknown" : "no";
    c.begun = fmt::format("O c{} s o{} {}", index, number++, now);
    if (random.one_in(2)) {
      c.done = fmt::format("append {}", ++value);
      if (c.outcome == "ok" || random.one_in(2)) appended.push_back(value);
    } else {
      const auto values = random_list(appended, sloppiness, random);
      c.done =
          c.outcome == "ok" && !values.empty() ? fmt::format("read {}", fmt::join(values, ",")) : "read -";
    }
  }
  return lines;
}

TEST(Definitions, agree_on_random_histories) {
  random_numbers random(1);
  std::map<std::string, int> seen;
  for (int round = 0; round < 5000; ++round) {
    const auto lines = random_operations(random);
    const judged j(lines, "");
    const defined d(j.history);
    const auto expected = d.reads.empty() ? std::string() : d.verdict();
    ASSERT_EQ(j.verdict(), expected) << "round " << round << "\n" << lines;
    for (const auto& name : violation_names)
      if (expected.find(name) != std::string::npos) ++seen[std::string(name)];
    if (expected.empty()) ++seen["none"];
  }
  // That the histories are worth something: some are right, and each kind comes often.
  EXPECT_EQ(seen.size(), 8u);
  for (const auto& [what, rounds] : seen)
    EXPECT_GT(rounds, 100) << what;
}

// -- executions -------------------------------------------------------

std::string verdict_by_definition(const std::vector<execution>& by_begin) {
  std::uint64_t overlaps = 0, epochs = 0;
  for (std::size_t i = 0; i < by_begin.size(); ++i) {
    const auto& e = by_begin[i];
    bool overlaps_one = false, is_above_all = true;
    for (std::size_t j = 0; j < i; ++j) {
      overlaps_one |= by_begin[j].owner != e.owner && by_begin[j].end > e.begin;
      is_above_all &= e.epoch > by_begin[j].epoch;
    }
    overlaps += overlaps_one;
    epochs += i > 0 && by_begin[i - 1].owner != e.owner && !is_above_all;
  }
  return (overlaps > 0 ? fmt::format("overlap {}", overlaps) : "") +
         (overlaps > 0 && epochs > 0 ? ", " : "") + (epochs > 0 ? fmt::format("epoch {}", epochs) : "");
}

TEST(Definitions, agree_on_random_executions) {
  random_numbers random(2);
  for (int round = 0; round < 5000; ++round) {
    const auto longest = 1 + random.below(100);
    std::string lines;
    for (std::uint64_t i = 0, begin = 1; i < 12; ++i, begin += 1 + random.below(20)) {
      const auto who = fmt::format("m{}/1 s {} o{}", random.below(4), 1 + i / 2 + random.below(4), i);
      lines += fmt::format("B {} {}\n", who, begin);
      if (!random.one_in(10)) lines += fmt::format("E {} {}\n", who, begin + random.below(longest));
    }
    const judged j("", lines, "D m0/1 1000\n");
    ASSERT_EQ(j.verdict(), verdict_by_definition(j.history.executions)) << lines;
  }
}

} // namespace
} // namespace limpet::consistency
