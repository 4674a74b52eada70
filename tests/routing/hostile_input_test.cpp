#include "routing/cookie.hpp"
#include "routing/forwarded.hpp"
#include "routing/request_target.hpp"
#include "routing/session_key.hpp"
#include "tests/routing/test_keys.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

// Random texts, made of the characters that mean something to one parser or another. Under the sanitizers
// this is where an index one too far shows.

namespace limpet::routing {
namespace {

class hostile_input : public ::testing::Test {
protected:
  std::string text(std::size_t size_max, std::string_view alphabet = structure) {
    std::string result(random_() % size_max, '\0');
    for (char& c : result)
      c = alphabet[random_() % alphabet.size()];
    return result;
  }

  static constexpr std::string_view structure{"//..%%25ef0:[]@?&==;,\"\\ \t*+-ax1\x80\xff"};
  static constexpr int rounds = 20'000;
  std::mt19937 random_{1};
};

TEST_F(hostile_input, target_that_is_accepted_is_normal) {
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string input = '/' + text(12);
    request_target target;
    std::string scratch;
    if (parse_request_target(input, target, scratch) != request_target::status::ok) continue;
    ++accepted;
    // To read it again changes nothing more.
    request_target again;
    std::string scratch_again;
    const std::string path(target.path);
    ASSERT_EQ(parse_request_target(path, again, scratch_again), request_target::status::ok) << input;
    ASSERT_EQ(again.path, path) << input;
  }
  EXPECT_GT(accepted, rounds / 50);
}

TEST_F(hostile_input, host_that_is_accepted_is_plain) {
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string input = text(8);
    std::string host;
    if (!parse_authority(input, host)) continue;
    ++accepted;
    ASSERT_FALSE(host.empty());
    ASSERT_EQ(host.find_first_of("/\\@%? \t\""), std::string::npos) << input;
  }
  EXPECT_GT(accepted, rounds / 50);
}

TEST_F(hostile_input, key_that_is_found_is_within_its_limit) {
  const testing::fake_keys keys({"k"});
  std::vector<key_source> sources(5);
  sources[0] = {key_source::kind::cookie, "a", 0, 32, 128, true, true};
  sources[1] = {key_source::kind::cookie, "x", 0, 32, 128, false, false};
  sources[2] = {key_source::kind::header, "x", 0, 32, 128, false, false};
  sources[3] = {key_source::kind::query, "a", 0, 32, 128, false, false};
  sources[4] = {key_source::kind::path_segment, "", 2, 32, 128, false, false};
  int found = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string path = '/' + text(20), query = text(20), cookie = text(20), header = text(20);
    const std::vector<header_field> fields{{"Cookie", cookie}, {"X", header}};
    std::string scratch;
    const auto r = extract_session_key(sources, {"h", path, query, fields, {}}, 8, &keys, 0, scratch);
    if (r.outcome != key_result::status::found) continue;
    ++found;
    ASSERT_FALSE(r.bytes.empty());
    ASSERT_LE(r.bytes.size(), 8u);
  }
  EXPECT_GT(found, rounds / 50);
}

TEST_F(hostile_input, client_is_the_peer_or_an_entry) {
  const std::vector<ip_network> trusted{*ip_network::parse("0.0.0.0/1"), *ip_network::parse("::/0")};
  const ip_address peer = *ip_address::parse("1.1.1.1");
  int derived = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string value = text(10, "::.1[], ");
    const std::vector<header_field> fields{{"X-Forwarded-For", value}};
    if (derive_client(peer, fields, trusted) == peer) continue;
    ++derived;
    ASSERT_NE(value.find_first_of(".:"), std::string::npos) << value;
  }
  EXPECT_GT(derived, rounds / 50);
}

} // namespace
} // namespace limpet::routing
