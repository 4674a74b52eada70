#include "proxy/net/block_lender.hpp"
#include "proxy/net/input_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace limpet::net {
namespace {

// -- buffer_pool ------------------------------------------------------

TEST(buffer_pool, lends_blocks_of_one_size) {
  buffer_pool pool;
  const auto a = pool.take();
  const auto b = pool.take();
  EXPECT_EQ(a.span().size(), buffer_pool::block_bytes);
  EXPECT_NE(a.span().data(), b.span().data());
  EXPECT_EQ(pool.on_loan(), 2U);
  std::memset(a.span().data(), 1, a.span().size());
  buffer_pool large(1, buffer_pool::large_block_bytes);
  EXPECT_EQ(large.take().span().size(), buffer_pool::large_block_bytes);
  EXPECT_TRUE(buffer_pool::block().span().empty());
}

TEST(buffer_pool, gives_out_first_what_came_back_last) {
  buffer_pool pool;
  auto a = pool.take();
  auto b = pool.take();
  const auto* first = a.span().data();
  const auto* second = b.span().data();
  a.reset();
  b.reset();
  EXPECT_EQ(pool.on_loan(), 0U);
  const auto again = pool.take();
  const auto more = pool.take();
  EXPECT_EQ(again.span().data(), second);
  EXPECT_EQ(more.span().data(), first);
}

TEST(buffer_pool, keeps_only_so_many) {
  buffer_pool pool(1);
  auto a = pool.take();
  auto b = pool.take();
  const auto* kept = a.span().data();
  a.reset();
  b.reset(); // goes back to the allocator
  EXPECT_EQ(pool.take().span().data(), kept);
  EXPECT_EQ(pool.on_loan(), 0U);
}

TEST(buffer_pool, knows_its_blocks_wherever_they_are_moved) {
  buffer_pool pool;
  buffer_pool::block empty;
  EXPECT_FALSE(empty);
  empty.reset();
  auto a = pool.take();
  auto b = std::move(a);
  EXPECT_FALSE(a); // NOLINT(bugprone-use-after-move): what is left is promised
  EXPECT_TRUE(b);
  EXPECT_EQ(pool.on_loan(), 1U);
  auto c = pool.take();
  c = std::move(b);
  EXPECT_EQ(pool.on_loan(), 1U);
  c.reset();
  c.reset();
  EXPECT_EQ(pool.on_loan(), 0U);
}

// -- block_lender -----------------------------------------------------

TEST(block_lender, lends_larger_blocks_to_who_is_fast) {
  block_lender lender;
  EXPECT_EQ(lender.take_whole().span().size(), buffer_pool::block_bytes);
  EXPECT_EQ(lender.take(false).span().size(), buffer_pool::block_bytes);
  EXPECT_EQ(lender.take(true).span().size(), buffer_pool::large_block_bytes);
  EXPECT_EQ(lender.take_scratch().span().size(), buffer_pool::block_bytes);
  EXPECT_EQ(lender.read_at_most(), buffer_pool::block_bytes);
  EXPECT_EQ(lender.bytes_held(), 0U);
}

TEST(block_lender, lends_small_blocks_once_much_is_held) {
  block_lender lender;
  std::vector<buffer_pool::block> held;
  while (lender.bytes_held() < block_lender::plenty_bytes)
    held.push_back(lender.take(true));
  EXPECT_EQ(held.size(), block_lender::plenty_bytes / buffer_pool::large_block_bytes);
  held.push_back(lender.take(false));
  EXPECT_EQ(held.back().span().size(), block_lender::small_block_bytes);
  held.push_back(lender.take(true));
  EXPECT_EQ(held.back().span().size(), block_lender::small_block_bytes);
  EXPECT_EQ(lender.read_at_most(), block_lender::small_block_bytes);
  EXPECT_EQ(lender.bytes_held(), block_lender::plenty_bytes + 2 * block_lender::small_block_bytes);
  held.push_back(lender.take_whole());
  EXPECT_EQ(held.back().span().size(), buffer_pool::block_bytes) << "a head needs its room";

  held.clear();
  EXPECT_EQ(lender.bytes_held(), 0U);
  EXPECT_EQ(lender.take(true).span().size(), buffer_pool::large_block_bytes);
}

TEST(block_lender, counts_what_others_hold) {
  block_lender lender;
  lender.hold(block_lender::plenty_bytes);
  EXPECT_EQ(lender.take(false).span().size(), block_lender::small_block_bytes);
  lender.release(1);
  EXPECT_EQ(lender.take(false).span().size(), buffer_pool::block_bytes);
  EXPECT_EQ(lender.bytes_held(), block_lender::plenty_bytes - 1);
}

// -- input_buffer -----------------------------------------------------

constexpr std::size_t plenty = 1'000'000;

/// As if `text` were read from a socket, as much at a time as there is room for.
void fill(input_buffer& buffer, std::string_view text, std::size_t most = plenty) {
  while (!text.empty()) {
    const auto room = buffer.room(most);
    ASSERT_FALSE(room.empty());
    const auto count = std::min(room.size(), text.size());
    std::memcpy(room.data(), text.data(), count);
    buffer.commit(count);
    text.remove_prefix(count);
  }
}

std::string numbered(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i)
    text += std::to_string(i) + ' ';
  text.resize(bytes);
  return text;
}

TEST(input_buffer, begins_empty_and_holds_nothing) {
  input_buffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.view(), "");
}

TEST(input_buffer, holds_what_was_read_in_one_piece) {
  input_buffer buffer;
  const auto text = numbered(100'000);
  fill(buffer, text);
  EXPECT_EQ(buffer.view(), text);
  buffer.consume(99'990);
  EXPECT_EQ(buffer.view(), text.substr(99'990));
  EXPECT_EQ(buffer.size(), 10U);
  buffer.span()[0] = 'x';
  EXPECT_EQ(buffer.view()[0], 'x');
}

TEST(input_buffer, has_room_for_as_much_as_is_allowed_and_no_more) {
  input_buffer buffer;
  EXPECT_EQ(buffer.room(10).size(), 10U);
  fill(buffer, "12345", 10);
  EXPECT_EQ(buffer.room(10).size(), 5U);
  fill(buffer, "67890", 10);
  EXPECT_EQ(buffer.room(10).size(), 0U);
  EXPECT_EQ(buffer.room(5).size(), 0U);
  buffer.consume(3);
  EXPECT_EQ(buffer.room(10).size(), 3U);
}

TEST(input_buffer, always_has_room_below_the_limit) {
  input_buffer buffer;
  const auto text = numbered(3 * input_buffer::first_capacity);
  for (std::size_t i = 0; i < text.size(); ++i)
    fill(buffer, text.substr(i, 1), text.size());
  EXPECT_EQ(buffer.view(), text);
}

TEST(input_buffer, uses_again_the_space_of_what_was_consumed) {
  input_buffer buffer;
  fill(buffer, numbered(input_buffer::first_capacity));
  const auto* before = buffer.view().data();
  buffer.consume(1'000);
  const auto rest = std::string(buffer.view());
  fill(buffer, std::string(1'000, 'n'));
  EXPECT_EQ(buffer.view(), rest + std::string(1'000, 'n'));
  EXPECT_EQ(buffer.view().data(), before); // moved together, not grown
}

TEST(input_buffer, takes_bytes_that_were_read_elsewhere) {
  input_buffer buffer;
  const auto text = numbered(10'000);
  buffer.append("");
  EXPECT_TRUE(buffer.empty());
  buffer.append(text);
  buffer.append("more");
  buffer.consume(9'000);
  buffer.append(text);
  EXPECT_EQ(buffer.view(), text.substr(9'000) + "more" + text);
}

TEST(input_buffer, can_be_used_again) {
  input_buffer buffer;
  fill(buffer, "old");
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  fill(buffer, "new");
  EXPECT_EQ(buffer.view(), "new");
}

TEST(input_buffer, gives_back_what_it_grew_to_once_empty) {
  input_buffer buffer;
  fill(buffer, numbered(100'000));
  const std::size_t grown = buffer.room(plenty).size();
  buffer.shrink(); // still full: nothing is lost
  EXPECT_EQ(buffer.view(), numbered(100'000));
  EXPECT_EQ(buffer.room(plenty).size(), grown);
  buffer.clear();
  buffer.shrink();
  EXPECT_EQ(buffer.room(plenty).size(), input_buffer::first_capacity);
}

TEST(input_buffer, keeps_a_buffer_of_ordinary_size) {
  input_buffer buffer;
  fill(buffer, numbered(2 * input_buffer::first_capacity));
  buffer.clear();
  buffer.shrink();
  EXPECT_EQ(buffer.room(plenty).size(), 2 * input_buffer::first_capacity);
}

} // namespace
} // namespace limpet::net
