#include "proxy/http/live_streams.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

namespace limpet::http {
namespace {

class idle_stream final : public live_stream {
  routing::placement_key session() const noexcept override { return {}; }
  void let_go(parting, net::milliseconds) override {}
  bool stay() noexcept override { return false; }
  void end_now(parting) override {}
};

std::set<live_stream*> scanned(stream_list& list) {
  std::set<live_stream*> seen;
  for (list.begin_scan(); auto* s = list.scan();)
    seen.insert(s);
  return seen;
}

TEST(stream_list, has_what_was_added_and_not_removed) {
  stream_list list(0), other(1);
  std::vector<idle_stream> streams(5);
  for (auto& s : streams)
    list.add(s);
  other.add(streams[2]);
  for (const auto i : {0, 2, 4})
    list.remove(streams[static_cast<std::size_t>(i)]);
  EXPECT_EQ(scanned(list), (std::set<live_stream*>{&streams[1], &streams[3]}));
  EXPECT_FALSE(list.has(streams[2]));
  EXPECT_TRUE(other.has(streams[2])) << "a place in each list";
  list.add(streams[2]);
  list.remove(streams[1]);
  list.remove(streams[3]);
  list.remove(streams[2]);
  EXPECT_TRUE(list.empty());
  EXPECT_TRUE(scanned(list).empty());
}

TEST(stream_list, a_scan_sees_all_that_stay_however_others_come_and_go) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  for (int round = 0; round < 200; ++round) {
    stream_list list(0);
    std::vector<std::unique_ptr<idle_stream>> streams(100);
    std::set<live_stream*> stayed, in_list;
    for (auto& s : streams) {
      s = std::make_unique<idle_stream>();
      list.add(*s);
      stayed.insert(s.get());
    }
    in_list = stayed;
    std::set<live_stream*> seen;
    list.begin_scan();
    while (auto* s = list.scan()) {
      seen.insert(s);
      for (auto times = below(3); times > 0; --times) {
        auto& other = *streams[below(streams.size())];
        if (in_list.erase(&other)) {
          list.remove(other); // also the very one that was just looked at
          stayed.erase(&other);
        } else {
          list.add(other);
          in_list.insert(&other);
        }
      }
    }
    ASSERT_TRUE(std::ranges::includes(seen, stayed));
    for (auto& s : streams)
      if (list.has(*s)) list.remove(*s);
  }
}

TEST(stream_list, a_scan_that_is_begun_all_the_time_comes_to_its_end) {
  stream_list list(0);
  std::vector<idle_stream> streams(10);
  for (auto& s : streams)
    list.add(s);
  std::map<live_stream*, int> times;
  list.begin_scan();
  for (int i = 0; i < 20; ++i) {
    ++times[list.scan()];
    if (i < 15) list.begin_scan();
  }
  EXPECT_EQ(times.size(), 10u) << "nobody waits for the others' second time";
  for (const auto& [s, count] : times)
    EXPECT_EQ(count, 2);
  while (list.scan())
    ;
  EXPECT_EQ(list.scan(), nullptr);
}

TEST(stream_list, who_comes_during_a_scan_is_not_looked_at) {
  stream_list list(0);
  std::vector<idle_stream> streams(3);
  list.add(streams[0]);
  list.add(streams[1]);
  list.begin_scan();
  EXPECT_EQ(list.scan(), &streams[1]);
  list.add(streams[2]);
  EXPECT_EQ(list.scan(), &streams[0]);
  EXPECT_EQ(list.scan(), nullptr);
}

} // namespace
} // namespace limpet::http
