#include "proxy/agent/connections.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace limpet::agent {
namespace {

// As Linux 6.1 prints them; 0x2329 is 9001.
constexpr std::string_view head =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
constexpr std::string_view listening =
    "   0: 0100007F:2329 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5 1 0 100\n";
constexpr std::string_view established =
    "   1: 0100007F:2329 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 6 1 0 20\n";
constexpr std::string_view of_the_peer =
    "   2: 0100007F:D2F0 0100007F:2329 01 00000000:00000000 00:00000000 00000000     0        0 7 1 0 20\n";
constexpr std::string_view half_closed =
    "  10: 0100007F:2329 0100007F:D2F2 08 00000000:00000000 00:00000000 00000000     0        0 8 1 0 20\n";
constexpr std::string_view time_wait =
    "  11: 0100007F:2329 0100007F:D2F4 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0\n";
constexpr std::string_view of_v6 = "   0: 00000000000000000000000001000000:2329 "
                                   "00000000000000000000000001000000:D2F0 01 00000000:00000000\n";

std::string table(std::initializer_list<std::string_view> lines) {
  std::string text(head);
  for (const auto line : lines)
    text += line;
  return text;
}

TEST(connections_test, those_at_the_port_are_counted) {
  const auto use =
      use_of_port(table({listening, established, of_the_peer, half_closed, time_wait, time_wait}), 9001);
  EXPECT_TRUE(use.is_listened_on);
  EXPECT_EQ(use.connections, 2u);
}

TEST(connections_test, another_port_is_another_matter) {
  const auto use = use_of_port(table({listening, established}), 9002);
  EXPECT_FALSE(use.is_listened_on);
  EXPECT_EQ(use.connections, 0u);
}

TEST(connections_test, addresses_of_ipv6_are_read) {
  EXPECT_EQ(use_of_port(table({of_v6}), 9001).connections, 1u);
}

TEST(connections_test, other_text_counts_for_nothing) {
  for (const std::string_view text : {"", "\n", "\n\n\n", "0:", "a b c d", "0: x:2329 y:0 zz\n",
                                      "0: :2329 0 0A1\n", "0: 0:12329 0 0A\n", "  1: 0100007F:2329"}) {
    const auto use = use_of_port(text, 0x2329);
    EXPECT_FALSE(use.is_listened_on) << text;
    EXPECT_EQ(use.connections, 0u) << text;
  }
}

TEST(connections_test, what_cannot_be_told_is_said_to_be_unknown) {
  EXPECT_EQ(count_connections("unix:/run/app.sock"), std::nullopt);
  EXPECT_EQ(count_connections("127.0.0.1:1"), std::nullopt) << "nobody listens";
}

} // namespace
} // namespace limpet::agent
