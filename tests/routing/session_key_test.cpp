#include "routing/session_key.hpp"
#include "routing/view.hpp"
#include "tests/routing/test_keys.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limpet::routing {
namespace {

using kind = key_source::kind;
using status = key_result::status;
using testing::fake_keys;

constexpr std::int64_t now = 1000;

key_source header(std::string name) {
  return {.from = kind::header, .name = std::move(name)};
}
key_source query(std::string name) {
  return {.from = kind::query, .name = std::move(name)};
}
key_source cookie(std::string name) {
  return {.from = kind::cookie, .name = std::move(name)};
}
key_source segment(unsigned n) {
  return {.from = kind::path_segment, .name = {}, .segment = n};
}
key_source issued(std::string name) {
  return {.from = kind::cookie, .name = std::move(name), .issued = true};
}

key_source envelope(std::string name) {
  return {.from = kind::header, .name = std::move(name), .envelope = true};
}

class session_key : public ::testing::Test {
protected:
  key_result extract(const std::vector<key_source>& sources) {
    request_.fields = fields_;
    return extract_session_key(sources, request_, key_bytes_max_, keys_, now, scratch_, opened_);
  }

  void expect_found(const std::vector<key_source>& sources, std::string_view bytes, std::size_t source = 0) {
    const key_result r = extract(sources);
    ASSERT_EQ(r.outcome, status::found);
    EXPECT_FALSE(r.refused());
    EXPECT_EQ(r.bytes, bytes);
    EXPECT_EQ(r.hash, hash_bytes(bytes));
    EXPECT_EQ(r.source, source);
  }
  void expect_absent(const std::vector<key_source>& sources) {
    const key_result r = extract(sources);
    EXPECT_EQ(r.outcome, status::absent);
    EXPECT_FALSE(r.refused());
  }
  void expect_refused(const std::vector<key_source>& sources, status why, std::size_t source = 0) {
    const key_result r = extract(sources);
    EXPECT_EQ(r.outcome, why);
    EXPECT_TRUE(r.refused());
    EXPECT_EQ(r.source, source);
  }

  std::vector<header_field> fields_;
  request_view request_{.host = "h", .path = "/", .query = "", .fields = {}, .client = {}};
  std::size_t key_bytes_max_ = 1024;
  const token_keys* keys_ = nullptr;
  std::vector<envelope_verdict> opened_;
  std::string scratch_;
};

TEST_F(session_key, is_absent_where_no_source_has_a_value) {
  expect_absent({});
  expect_absent({header("X-User-Id"), query("room"), cookie("sid"), segment(1)});
}

TEST_F(session_key, first_source_with_a_value_wins) {
  fields_ = {{"X-A", ""}, {"X-B", "two"}};
  request_.query = "c=three";
  expect_found({header("X-A"), header("X-B"), query("c")}, "two", 1);
  expect_found({query("c"), header("X-B")}, "three", 0);
}

TEST_F(session_key, a_source_after_the_winner_is_not_looked_at) {
  fields_ = {{"X-A", "one"}, {"X-B", "two"}, {"X-B", "two"}};
  expect_found({header("X-A"), header("X-B")}, "one", 0);
}

TEST_F(session_key, the_source_is_not_hashed) {
  fields_ = {{"X-A", "alice"}, {"Cookie", "sid=alice"}};
  request_.path = "/users/alice/";
  request_.query = "u=al%69ce";
  for (const key_source& s : {header("x-a"), cookie("sid"), segment(2), query("u")})
    expect_found({s}, "alice");
}

// -- header -------------------------------------------------------------

TEST_F(session_key, header_is_taken_as_it_stands) {
  fields_ = {{"x-USER-id", "\"a%20b+c\", d"}};
  expect_found({header("X-User-Id")}, "\"a%20b+c\", d");
}

TEST_F(session_key, repeated_header_is_refused) {
  fields_ = {{"X-A", "one"}, {"Host", "h"}, {"x-a", "one"}};
  expect_refused({query("q"), header("X-A")}, status::repeated, 1);
  fields_ = {{"X-A", ""}, {"X-A", "one"}};
  expect_refused({header("X-A")}, status::repeated);
}

// -- cookie -------------------------------------------------------------

TEST_F(session_key, cookie_is_taken_without_its_quotes) {
  fields_ = {{"cookie", "a=1; sid=\"x%20y\"; b=2"}};
  expect_found({cookie("sid")}, "x%20y");
}

TEST_F(session_key, first_of_two_cookies_counts) {
  fields_ = {{"Cookie", "sid=one; sid=two"}, {"Cookie", "sid=three"}};
  expect_found({cookie("sid")}, "one");
}

TEST_F(session_key, empty_cookie_is_absent) {
  fields_ = {{"Cookie", "sid=; other=1"}};
  expect_absent({cookie("sid")});
  fields_ = {{"Cookie", "sid=\"\""}};
  expect_absent({cookie("sid")});
}

// -- query --------------------------------------------------------------

TEST_F(session_key, query_is_decoded_once_and_plus_is_literal) {
  request_.query = "x=1&room=a+b%2Bc%2520d%26&y=2";
  expect_found({query("room")}, "a+b+c%20d&");
}

TEST_F(session_key, query_value_runs_to_the_ampersand) {
  request_.query = "room=a=b;c?d/e";
  expect_found({query("room")}, "a=b;c?d/e");
}

TEST_F(session_key, query_name_is_compared_decoded_and_with_case) {
  request_.query = "Room=1&rooms=2&%72oo%6D=3";
  expect_found({query("room")}, "3");
}

TEST_F(session_key, query_parameter_without_a_value_is_absent) {
  for (const std::string_view text : {"room", "room=", "&room&", "a&b=room"}) {
    request_.query = text;
    expect_absent({query("room")});
  }
}

TEST_F(session_key, repeated_parameter_is_refused) {
  for (const std::string_view text : {"room=1&room=1", "room=1&x&room=2", "room&room=2", "room=1&r%6fom=2"}) {
    request_.query = text;
    expect_refused({query("room")}, status::repeated);
  }
}

TEST_F(session_key, malformed_encoding_is_refused_in_the_key_only) {
  for (const std::string_view text : {"room=%", "room=a%4", "room=%zz", "room=%%41"}) {
    request_.query = text;
    expect_refused({query("room")}, status::malformed);
  }
  request_.query = "x=%zz&%zz=1&room=ok";
  expect_found({query("room")}, "ok");
}

// -- path ---------------------------------------------------------------

TEST_F(session_key, path_segment_is_decoded_once) {
  request_.path = "/users/al%69ce+%2541";
  expect_found({segment(2)}, "alice+%41");
}

TEST_F(session_key, path_segments_are_counted_from_one_and_empty_ones_count) {
  request_.path = "/users/ALICE//x/";
  expect_found({segment(1)}, "users");
  expect_found({segment(2)}, "ALICE");
  expect_absent({segment(3)});
  expect_found({segment(4)}, "x");
  for (const unsigned n : {0u, 5u, 6u, 4'000'000'000u})
    expect_absent({segment(n)});
}

TEST_F(session_key, malformed_path_segment_is_refused) {
  request_.path = "/a/%4";
  expect_refused({segment(2)}, status::malformed);
}

// -- client address -----------------------------------------------------

TEST_F(session_key, client_address_is_its_network_bytes) {
  request_.client = *ip_address::parse("10.1.2.3");
  key_source source;
  source.from = kind::client_address;
  expect_found({source}, std::string_view("\x0a\x01\x02\x03", 4));
  source.ipv4_prefix = 16;
  expect_found({source}, std::string_view("\x0a\x01\0\0", 4));
  request_.client = *ip_address::parse("2001:db8:1:2:3:4:5:6");
  source.ipv6_prefix = 64;
  expect_found({source}, std::string_view("\x20\x01\x0d\xb8\0\x01\0\x02\0\0\0\0\0\0\0\0", 16));
}

// -- limits -------------------------------------------------------------

TEST_F(session_key, over_its_limit_is_refused_after_decoding) {
  key_bytes_max_ = 4;
  fields_ = {{"X-A", "12345"}};
  expect_refused({header("X-A")}, status::too_long);
  fields_ = {{"X-A", "1234"}};
  expect_found({header("X-A")}, "1234");
  request_.query = "q=%31%32%33%34";
  expect_found({query("q")}, "1234");
  request_.query = "q=%31%32%33%345";
  expect_refused({query("q")}, status::too_long);
}

// -- issued cookie --------------------------------------------------------

class issued_key : public session_key {
protected:
  issued_key() {
    keys_ = &ring_;
    token_.session_id = {1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    token_.expires_unix_s = now + 1;
    token_.pin_id_hash = 5;
  }
  void send(const session_token& token, const token_keys& keys) {
    cookie_ = "limpet=" + encode_token(token, keys);
    fields_ = {{"Cookie", cookie_}};
  }

  fake_keys ring_{{"secret"}};
  session_token token_;
  std::string cookie_;
};

TEST_F(issued_key, is_the_session_id) {
  send(token_, ring_);
  key_bytes_max_ = 8; // the limit is for what clients choose
  expect_found({issued("limpet")}, bytes_of(token_.session_id));
  const key_result r = extract({issued("limpet")});
  EXPECT_EQ(r.token_seen, token_state::valid);
  EXPECT_EQ(r.token, token_);
}

TEST_F(issued_key, survives_a_copy_of_the_result) {
  send(token_, ring_);
  key_result copy;
  {
    const key_result r = extract({issued("limpet")});
    copy = r;
  }
  EXPECT_EQ(copy.bytes, bytes_of(token_.session_id));
  EXPECT_EQ(copy.bytes.data(), scratch_.data());
}

TEST_F(issued_key, that_does_not_verify_is_absent_and_seen) {
  const auto expect_seen = [this](token_state state) {
    const key_result r = extract({issued("limpet")});
    EXPECT_EQ(r.outcome, status::absent);
    EXPECT_EQ(r.token_seen, state);
    EXPECT_EQ(r.token, session_token{});
  };
  send(token_, fake_keys({"another"}));
  expect_seen(token_state::forged);
  token_.expires_unix_s = now;
  send(token_, ring_);
  expect_seen(token_state::expired);
  fields_ = {{"Cookie", "limpet=garbage"}};
  expect_seen(token_state::garbled);
  fields_ = {{"Cookie", "limpet="}};
  expect_seen(token_state::none);
  fields_ = {};
  expect_seen(token_state::none);
}

TEST_F(issued_key, that_does_not_verify_leaves_the_word_to_the_next_source) {
  fields_ = {{"Cookie", "limpet=garbage"}, {"X-A", "alice"}};
  expect_found({issued("limpet"), header("X-A")}, "alice", 1);
  EXPECT_EQ(extract({issued("limpet"), header("X-A")}).token_seen, token_state::garbled);
}

TEST_F(issued_key, is_absent_without_a_key_ring) {
  send(token_, ring_);
  keys_ = nullptr;
  expect_absent({issued("limpet")});
}

TEST(key_source_names, are_those_of_the_configuration) {
  EXPECT_EQ(to_string(kind::cookie), "cookie");
  EXPECT_EQ(to_string(kind::header), "header");
  EXPECT_EQ(to_string(kind::query), "query");
  EXPECT_EQ(to_string(kind::path_segment), "path");
  EXPECT_EQ(to_string(kind::client_address), "client_address");
}

// -- envelopes ------------------------------------------------------------

TEST_F(session_key, an_envelope_counts_where_it_is_valid) {
  const std::vector<key_source> sources{envelope("A"), header("X"), envelope("B")};
  fields_ = {{"A", "bare"}, {"B", "bare"}};
  using enum envelope_state;
  opened_ = {{valid, "a", {1, 2, 3}}, {valid, "b", {4, 5, 6}}};
  expect_found(sources, "a", 0);
  EXPECT_EQ(extract(sources).token, (session_token{{}, 0, 3, 1, 2}));
  opened_[0] = {};
  expect_found(sources, "b", 2);
  EXPECT_EQ(extract(sources).token, (session_token{{}, 0, 6, 4, 5}));
  fields_.push_back({"X", "user"});
  expect_found(sources, "user", 1);
  EXPECT_EQ(extract(sources).token, session_token{});
}

TEST_F(session_key, an_envelope_counts_as_absent_otherwise) {
  fields_ = {{"A", "bare"}};
  for (const auto state : {envelope_state::none, envelope_state::bare, envelope_state::forged}) {
    opened_ = {{state, "bare", {1, 2, 3}}};
    expect_absent({envelope("A")});
    EXPECT_EQ(extract({envelope("A")}).token, session_token{});
  }
  opened_ = {};
  expect_absent({envelope("A")});
}

TEST_F(session_key, an_envelope_has_the_limit_of_all_keys) {
  key_bytes_max_ = 3;
  opened_ = {{envelope_state::valid, "abc", {}}};
  expect_found({envelope("A")}, "abc");
  opened_ = {{envelope_state::valid, "abcd", {}}};
  expect_refused({envelope("A")}, status::too_long);
}

TEST(envelopes, are_those_among_the_sources) {
  key_source second{.from = kind::cookie, .name = "S", .envelope = true, .forged = forged_envelope::place};
  const auto fields = envelopes_of("app", std::vector<key_source>{header("X"), envelope("A"), second});
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields[0].name, "A");
  EXPECT_EQ(fields[0].what, envelope_field::kind::header);
  EXPECT_EQ(fields[0].forged, forged_envelope::refuse);
  EXPECT_EQ(fields[1].name, "S");
  EXPECT_EQ(fields[1].what, envelope_field::kind::cookie);
  EXPECT_EQ(fields[1].forged, forged_envelope::place);
  EXPECT_NE(fields[0].context, envelopes_of("other", std::vector<key_source>{envelope("A")})[0].context);
}

} // namespace
} // namespace limpet::routing
