#include "tests/consistency/history/imaginary/plants.hpp"

#include <algorithm>
#include <span>

namespace limpet::consistency::imaginary {
namespace {

using values = std::vector<std::uint64_t>;

bool is_read(const planned_operation& o) {
  return o.action == action::read && o.outcome == outcome::ok;
}
bool has(const values& list, std::uint64_t value) {
  return std::ranges::find(list, value) != list.end();
}
const planned_operation& append_of(const session& s, std::uint64_t value) {
  return *std::ranges::find_if(s.operations,
                               [=](const auto& o) { return o.action == action::append && o.value == value; });
}

/// Whether the client, before `until`, read a list that has the value.
bool has_read(const session& s, std::uint32_t client, std::uint64_t value, time_ns until) {
  return std::ranges::any_of(s.operations, [&](const auto& o) {
    return is_read(o) && o.client == client && o.begin < until && has(o.list, value);
  });
}

/// Whether a later read has more than this one: with that, nothing is lost by what this one lacks, and the
/// canonical order stays.
bool is_outgrown(const session& s, const planned_operation& read) {
  return std::ranges::any_of(s.operations, [&](const auto& o) {
    return is_read(o) && o.begin >= read.begin && o.list.size() > read.list.size();
  });
}

/// Applies `make` to the first outgrown read of `size_min` values for which it has a place.
template <class Make>
bool in_some_read(session& s, std::size_t size_min, Make make) {
  return std::ranges::any_of(s.operations, [&](auto& o) {
    return is_read(o) && o.list.size() >= size_min && is_outgrown(s, o) && make(o);
  });
}

bool read_your_writes(session& s) {
  return in_some_read(s, 1, [&](auto& read) {
    const auto own = read.list.back();
    const auto& a = append_of(s, own);
    if (a.client != read.client || a.outcome != outcome::ok || a.end > read.begin ||
        has_read(s, read.client, own, read.begin))
      return false;
    read.list.pop_back();
    return true;
  });
}

bool monotonic_reads(session& s) {
  return in_some_read(s, 1, [&](auto& read) {
    const planned_operation* before = nullptr;
    for (const auto& o : s.operations)
      if (is_read(o) && o.client == read.client && o.begin < read.begin && !o.list.empty()) before = &o;
    if (!before) return false;
    const auto left = before->list.size() - 1;
    const bool lacks_own = std::ranges::any_of(std::span(read.list).subspan(left), [&](auto value) {
      const auto& a = append_of(s, value);
      return a.client == read.client && a.outcome == outcome::ok;
    });
    if (lacks_own) return false;
    read.list.resize(left);
    return true;
  });
}

/// The last but one value of a list, and what may be done to it without its reader's notice.
struct last_two {
  const planned_operation& x;
  const planned_operation& y;

  last_two(const session& s, const values& list)
      : x(append_of(s, list[list.size() - 2])), y(append_of(s, list.back())) {}
  bool is_noticed(const session& s, const planned_operation& read) const {
    return x.client == read.client || has_read(s, read.client, x.value, read.begin);
  }
  bool follows_a_read(const session& s) const { return has_read(s, y.client, x.value, y.begin); }
  bool take_out(values& list) const {
    list.erase(list.end() - 2);
    return true;
  }
};

bool monotonic_writes(session& s) {
  return in_some_read(s, 2, [&](auto& read) {
    const last_two two(s, read.list);
    return two.x.client == two.y.client && two.x.outcome == outcome::ok && two.x.begin < two.y.begin &&
           !two.is_noticed(s, read) && !two.follows_a_read(s) && two.take_out(read.list);
  });
}

bool writes_follow_reads(session& s) {
  return in_some_read(s, 2, [&](auto& read) {
    const last_two two(s, read.list);
    return two.x.client != two.y.client && two.follows_a_read(s) && !two.is_noticed(s, read) &&
           two.take_out(read.list);
  });
}

bool fork(session& s) {
  return in_some_read(s, 2, [&](auto& read) {
    const last_two two(s, read.list);
    if (two.x.client == two.y.client || two.follows_a_read(s)) return false;
    std::swap(read.list.back(), read.list[read.list.size() - 2]);
    return true;
  });
}

bool phantom(session& s, std::uint64_t strange) {
  planned_operation* last = nullptr;
  for (const auto& e : s.executions)
    if (is_read(s.operations[e.operation])) last = &s.operations[e.operation];
  if (!last) return false;
  last->list.push_back(strange);
  return true;
}

bool lost(session& s) {
  if (s.list.empty()) return false;
  const auto value = s.list.back();
  const auto& a = append_of(s, value);
  if (a.outcome != outcome::ok) return false;
  bool is_missed = false;
  for (const auto& o : s.operations) {
    if (!is_read(o) || o.begin <= a.end) continue;
    if (o.client == a.client) return false;
    is_missed = true;
  }
  if (!is_missed) return false;
  for (auto& o : s.operations)
    std::erase(o.list, value);
  return true;
}

bool overlap(session& s, const timeline& t) {
  for (std::size_t i = 0; i + 1 < s.executions.size(); ++i) {
    auto& e = s.executions[i];
    const auto& next = s.executions[i + 1];
    if (e.owner == next.owner || e.end == for_ever || t.death_of(e.owner) <= next.begin) continue;
    e.end = next.begin + 1; // no execution is shorter
    return true;
  }
  return false;
}

bool epoch(session& s) {
  std::uint64_t highest = 0;
  for (std::size_t i = 0; i + 1 < s.executions.size(); ++i) {
    highest = std::max(highest, s.executions[i].epoch);
    if (s.executions[i].owner == s.executions[i + 1].owner) continue;
    s.executions[i + 1].epoch = highest;
    return true;
  }
  return false;
}

} // namespace

bool plant(violation what, session& s, const timeline& t, std::uint64_t strange) {
  switch (what) {
  case violation::overlap:
    return overlap(s, t);
  case violation::epoch:
    return epoch(s);
  case violation::read_your_writes:
    return read_your_writes(s);
  case violation::monotonic_reads:
    return monotonic_reads(s);
  case violation::monotonic_writes:
    return monotonic_writes(s);
  case violation::writes_follow_reads:
    return writes_follow_reads(s);
  case violation::phantom:
    return phantom(s, strange);
  case violation::lost:
    return lost(s);
  case violation::fork:
    return fork(s);
  }
  return false;
}

} // namespace limpet::consistency::imaginary
