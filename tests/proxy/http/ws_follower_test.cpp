#include "proxy/http/ws_follower.hpp"
#include "tests/proxy/http/splits.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::http {
namespace {

enum opcode : unsigned { continuation = 0, text = 1, binary = 2, close_ = 8, ping = 9, pong = 10 };
constexpr unsigned fin = 0x80;

/// One frame (RFC 6455 section 5.2) with the shortest length that holds the payload, or one of
/// `length_bytes`.
std::string frame(unsigned first, std::string_view payload, const std::optional<std::string>& mask = {},
                  std::size_t length_bytes = 0) {
  if (length_bytes == 0) length_bytes = payload.size() < 126 ? 1 : payload.size() < 65'536 ? 2 : 8;
  const unsigned masked = mask ? 0x80 : 0;
  std::string out(1, static_cast<char>(first));
  if (length_bytes == 1)
    out += static_cast<char>(masked | payload.size());
  else {
    out += static_cast<char>(masked | (length_bytes == 2 ? 126 : 127));
    for (std::size_t i = length_bytes; i-- > 0;)
      out += static_cast<char>(payload.size() >> (8 * i));
  }
  if (mask) out += *mask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(mask ? payload[i] ^ (*mask)[i % 4] : payload[i]);
  return out;
}

/// The places in `bytes` where a message has ended and none has begun, found by feeding single bytes.
std::vector<std::size_t> boundaries(std::string_view bytes) {
  ws_follower follower;
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (follower.between_messages()) found.push_back(i);
    follower.feed(bytes.substr(i, 1));
  }
  if (follower.between_messages()) found.push_back(bytes.size());
  return found;
}

using places = std::vector<std::size_t>;

TEST(ws_follower, begins_between_messages) {
  EXPECT_TRUE(ws_follower().between_messages());
  EXPECT_FALSE(ws_follower().saw_close());
  EXPECT_EQ(ws_follower().close_code(), std::nullopt);
}

TEST(ws_follower, knows_the_end_of_each_message) {
  EXPECT_EQ(boundaries(frame(fin | text, "hello") + frame(fin | binary, "abc")), (places{0, 7, 12}));
  EXPECT_EQ(boundaries(frame(fin | text, "") + frame(fin | ping, "") + frame(fin | text, "a")),
            (places{0, 2, 4, 7}));
  EXPECT_EQ(boundaries(frame(fin | text, "hello", "abcd")), (places{0, 11}));
  EXPECT_EQ(boundaries(frame(fin | text, "", "abcd")), (places{0, 6}));
}

TEST(ws_follower, takes_fragments_for_one_message) { // RFC 6455 section 5.4
  const auto message = frame(text, "one") + frame(continuation, "two") + frame(fin | continuation, "three");
  EXPECT_EQ(boundaries(message + frame(fin | text, "x")), (places{0, message.size(), message.size() + 3}));
  const auto empty = frame(text, "") + frame(continuation, "") + frame(fin | continuation, "");
  EXPECT_EQ(boundaries(empty), (places{0, empty.size()}));
}

TEST(ws_follower, does_not_take_control_frames_between_fragments_for_an_end) {
  const auto message = frame(text, "one") + frame(fin | ping, "p") + frame(continuation, "two") +
                       frame(fin | pong, "") + frame(fin | continuation, "three");
  EXPECT_EQ(boundaries(message), (places{0, message.size()}));
}

TEST(ws_follower, reads_lengths_of_each_size) {
  for (const std::size_t size : {0, 1, 125, 126, 127, 255, 256, 65'535}) {
    for (const std::size_t length_bytes : {1, 2, 8}) {
      if (length_bytes == 1 && size > 125) continue;
      for (const auto& mask :
           {std::optional<std::string>(), std::optional<std::string>("\x81\xfe\x01\x7f")}) {
        const auto bytes = frame(fin | binary, std::string(size, '\x81'), mask, length_bytes);
        EXPECT_EQ(boundaries(bytes), (places{0, bytes.size()})) << size << ' ' << length_bytes;
      }
    }
  }
  const auto large = frame(fin | binary, std::string(70'000, 'a'));
  EXPECT_EQ(boundaries(large), (places{0, large.size()}));
}

TEST(ws_follower, bears_a_length_that_never_comes) {
  ws_follower follower;
  follower.feed("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                "mask");
  follower.feed(std::string(100'000, '\x88'));
  EXPECT_FALSE(follower.between_messages());
  EXPECT_FALSE(follower.saw_close());
  EXPECT_EQ(follower.boundary_in(std::string(1'000, 'a')), std::nullopt);
}

TEST(ws_follower, comes_to_the_same_however_the_bytes_are_split) {
  const auto bytes = frame(text, "one", "mask") + frame(fin | ping, "ping") +
                     frame(fin | continuation, std::string(126, 'c')) +
                     frame(fin | close_, "\x03\xe9gone", "\x12\x34\x56\x78");
  for_each_split(bytes, [](const auto& pieces) {
    ws_follower follower;
    for (const auto& piece : pieces)
      follower.feed({piece.data(), piece.size()});
    EXPECT_TRUE(follower.between_messages());
    EXPECT_TRUE(follower.saw_close());
    EXPECT_EQ(follower.close_code(), 1001);
  });
}

// -- close frames -----------------------------------------------------

TEST(ws_follower, reads_the_close_code) {
  ws_follower plain, masked;
  plain.feed(frame(fin | close_, "\x03\xe8"));
  EXPECT_EQ(plain.close_code(), 1000);
  masked.feed(frame(fin | close_, "\x0f\xa0reason", "\xff\x01\x80\x7f"));
  EXPECT_EQ(masked.close_code(), 4000);
}

TEST(ws_follower, sees_a_close_without_a_code) {
  for (const std::string_view payload : {"", "\x03"}) {
    ws_follower follower;
    follower.feed(frame(fin | close_, payload, "mask"));
    EXPECT_TRUE(follower.saw_close()) << payload.size();
    EXPECT_EQ(follower.close_code(), std::nullopt) << payload.size();
  }
}

TEST(ws_follower, does_not_take_payload_for_a_close) {
  ws_follower follower;
  follower.feed(frame(fin | binary, frame(fin | close_, "\x03\xe8")));
  EXPECT_FALSE(follower.saw_close());
  EXPECT_EQ(follower.close_code(), std::nullopt);
}

TEST(ws_follower, sees_a_close_between_fragments) {
  ws_follower follower;
  follower.feed(frame(text, "one") + frame(fin | close_, "\x03\xe8"));
  EXPECT_EQ(follower.close_code(), 1000);
  EXPECT_FALSE(follower.between_messages());
}

// -- where a frame of ours may go -------------------------------------

TEST(ws_follower, finds_the_next_boundary_from_wherever_it_stands) {
  const auto one =
      frame(text, "one", "mask") + frame(fin | ping, "") + frame(fin | continuation, std::string(200, 'c'));
  const auto bytes = one + frame(fin | text, "more") + "\x81";
  for (std::size_t fed = 1; fed < one.size(); ++fed) {
    ws_follower follower;
    follower.feed(std::string_view(bytes).substr(0, fed));
    const auto rest = std::string_view(bytes).substr(fed);
    EXPECT_EQ(follower.boundary_in(rest), one.size() - fed) << fed;
    EXPECT_EQ(follower.boundary_in(rest.substr(0, one.size() - fed)), one.size() - fed) << fed;
    EXPECT_EQ(follower.boundary_in(rest.substr(0, one.size() - fed - 1)), std::nullopt) << fed;
    EXPECT_EQ(follower.boundary_in(""), std::nullopt) << fed;
  }
}

TEST(ws_follower, has_its_boundary_at_once_between_messages) {
  ws_follower follower;
  EXPECT_EQ(follower.boundary_in(""), 0U);
  EXPECT_EQ(follower.boundary_in(frame(fin | text, "a")), 0U);
  follower.feed(frame(fin | text, "a"));
  EXPECT_EQ(follower.boundary_in("\x81"), 0U);
}

TEST(ws_follower, looks_ahead_without_moving) {
  ws_follower follower;
  follower.feed("\x81");
  EXPECT_EQ(follower.boundary_in("\x01"
                                 "a"),
            2U);
  EXPECT_EQ(follower.boundary_in("\x02"
                                 "ab"),
            3U);
  follower.feed("\x02"
                "ab");
  EXPECT_TRUE(follower.between_messages());
}

// -- our close frame --------------------------------------------------

TEST(close_frame, has_code_and_reason) {
  EXPECT_EQ(make_close_frame(1001, "going", false), std::string("\x88\x07\x03\xe9going"));
  EXPECT_EQ(make_close_frame(4999, "", false), std::string("\x88\x02\x13\x87"));
}

TEST(close_frame, is_masked_towards_a_server) { // RFC 6455 section 5.1
  using namespace std::string_literals;
  EXPECT_EQ(make_close_frame(1012, "x", true), "\x88\x83\0\0\0\0\x03\xf4x"s);
}

TEST(close_frame, stays_a_control_frame) { // RFC 6455 section 5.5: at most 125 bytes of payload
  EXPECT_EQ(make_close_frame(1001, std::string(123, 'r'), false).size(), 2U + 125);
  const auto cut = make_close_frame(1001, std::string(124, 'r'), false);
  EXPECT_EQ(cut.size(), 2U + 125);
  EXPECT_EQ(cut[1], 125);
}

TEST(close_frame, is_read_back) {
  for (const bool masked : {false, true}) {
    ws_follower follower;
    follower.feed(make_close_frame(1012, "restart", masked));
    EXPECT_TRUE(follower.between_messages());
    EXPECT_EQ(follower.close_code(), 1012);
  }
}

} // namespace
} // namespace limpet::http
