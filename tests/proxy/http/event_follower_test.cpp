#include "proxy/http/event_follower.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tuple>

namespace limpet::http {
namespace {

bool between_events_after(std::string_view bytes, std::size_t split) {
  event_follower follower;
  follower.feed(bytes.substr(0, split));
  follower.feed(bytes.substr(split));
  return follower.between_events();
}

TEST(event_follower, knows_where_an_event_ends_however_its_lines_end) {
  using namespace std::literals;
  for (const auto& [bytes, between] : {
           std::tuple(""sv, true),
           {"data: 1\n\n"sv, true},
           {"data: 1\r\n\r\n"sv, true},
           {"data: 1\r\r"sv, true},
           {"data: 1\n\r\n"sv, true},
           {"data: 1\r\n\n"sv, true},
           {"data: 1\n\r"sv, true},
           {"\n"sv, true}, // nothing was sent before it
           {"data: 1\n\ndata: 2"sv, false},
           {"data: 1"sv, false},
           {"data: 1\n"sv, false},
           {"data: 1\r"sv, false},
           {"data: 1\r\n"sv, false},
           {"d"sv, false},
           {": comment\n"sv, false},
           {": comment\n\n"sv, true},
       }) {
    for (std::size_t split = 0; split <= bytes.size(); ++split)
      EXPECT_EQ(between_events_after(bytes, split), between)
          << testing::PrintToString(bytes) << " at " << split;
  }
}

} // namespace
} // namespace limpet::http
