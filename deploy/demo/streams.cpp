// What is longer than a buffer or a moment: uploads, downloads, event streams, slow answers.

#include "deploy/demo/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/crc.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <limits>
#include <vector>

namespace limpet::demo {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using asio::use_awaitable;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr auto turn_timeout = 60s;
constexpr std::uint64_t wait_ms_max = 600'000;
constexpr std::uint64_t interval_ms_min = 1;

/// 251 is prime, so that no power of two in a proxy's buffers can hide a block lost or sent twice.
constexpr std::size_t pattern_period = 251;
constexpr std::size_t pattern_bytes = pattern_period * 256;

const std::string& pattern() {
  static const std::string bytes = [] {
    std::string text(pattern_bytes, '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
      text[i] = static_cast<char>(i % pattern_period);
    return text;
  }();
  return bytes;
}

std::string hexadecimal(std::uint32_t number) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", number);
  return text.data();
}

} // namespace

asio::awaitable<bool> connection::serve_upload(head_parser& head) {
  co_await answer_expectation(head);
  http::request_parser<http::buffer_body> upload(std::move(head));
  upload.body_limit(boost::none); // it is counted, not kept

  std::vector<char> block(64 * 1024);
  boost::crc_32_type crc;
  std::uint64_t bytes = 0;
  while (!upload.is_done()) {
    upload.get().body().data = block.data();
    upload.get().body().size = block.size();
    stream_.expires_after(turn_timeout);
    error_code error;
    co_await http::async_read(stream_, buffer_, upload, asio::redirect_error(use_awaitable, error));
    if (error && error != http::error::need_buffer) throw boost::system::system_error(error);
    const auto got = block.size() - upload.get().body().size;
    crc.process_bytes(block.data(), got);
    bytes += got;
  }

  const json::object counted{
      {"member", service_.id}, {"bytes", bytes}, {"crc32", hexadecimal(crc.checksum())}};
  auto answer =
      make_response(service_, http::status::ok, json::serialize(counted) + "\n", "application/json");
  const bool keep_alive = upload.keep_alive() && !service_.draining;
  answer.keep_alive(keep_alive);
  co_await write(std::move(answer), upload.get().method() == http::verb::head);
  co_return keep_alive;
}

asio::awaitable<bool> connection::serve_bytes(const head_parser& head, target where) {
  const auto total = parse_number(where.path.substr(std::string_view("/bytes/").size()));
  if (!total || !head.is_done()) {
    co_return co_await refuse(http::status::bad_request, "GET /bytes/N, N a decimal number, and no body");
  }

  const bool keep_alive = keeps_alive(head);
  const bool chunked = query_number(where.query, "chunked", 0) != 0;
  co_await write_stream_head(head, chunked ? std::nullopt : total, "application/octet-stream");
  if (head.get().method() == http::verb::head) co_return keep_alive;

  for (auto left = *total; left > 0;) {
    const auto block = std::string_view(pattern()).substr(0, std::min<std::uint64_t>(left, pattern_bytes));
    if (chunked) {
      co_await write_chunk(block);
    } else {
      stream_.expires_after(turn_timeout);
      co_await asio::async_write(stream_, asio::buffer(block), use_awaitable);
    }
    left -= block.size();
  }
  if (chunked) co_await asio::async_write(stream_, http::make_chunk_last(), use_awaitable);
  co_return keep_alive;
}

asio::awaitable<bool> connection::serve_events(const head_parser& head, target where) {
  if (!head.is_done()) co_return co_await refuse(http::status::bad_request, "an event stream takes no body");

  const auto interval = std::clamp(query_number(where.query, "interval", 1000), interval_ms_min, wait_ms_max);
  const auto count = query_number(where.query, "count", std::numeric_limits<std::uint64_t>::max());
  const bool keep_alive = keeps_alive(head);
  co_await write_stream_head(head, std::nullopt, "text/event-stream");
  if (head.get().method() == http::verb::head) co_return keep_alive;

  on_drain_ = [this] { timer_.cancel(); };
  for (std::uint64_t tick = 1; tick <= count && !service_.draining; ++tick) {
    const json::object data{{"member", service_.id}, {"tick", tick}};
    co_await write_chunk("id: " + std::to_string(tick) + "\ndata: " + json::serialize(data) + "\n\n");
    if (tick == count) break;
    timer_.expires_after(std::chrono::milliseconds(interval));
    error_code cancelled; // by a drain, which ends the loop
    co_await timer_.async_wait(asio::redirect_error(use_awaitable, cancelled));
  }
  on_drain_ = nullptr;
  co_await asio::async_write(stream_, http::make_chunk_last(), use_awaitable);
  co_return keep_alive && !service_.draining;
}

asio::awaitable<bool> connection::serve_slow(const head_parser& head, target where) {
  if (!head.is_done()) co_return co_await refuse(http::status::bad_request, "/slow takes no body");

  timer_.expires_after(
      std::chrono::milliseconds(std::min(query_number(where.query, "ms", 1000), wait_ms_max)));
  co_await timer_.async_wait(use_awaitable);
  auto answer = make_response(service_, http::status::ok, "at last\n");
  const bool keep_alive = keeps_alive(head);
  answer.keep_alive(keep_alive);
  co_await write(std::move(answer), head.get().method() == http::verb::head);
  co_return keep_alive;
}

asio::awaitable<void> connection::write_stream_head(const head_parser& head,
                                                    std::optional<std::uint64_t> length,
                                                    std::string_view content_type) {
  http::response<http::empty_body> answer{http::status::ok, 11};
  answer.set("X-Member", service_.id);
  answer.set(http::field::content_type, content_type);
  answer.set(http::field::cache_control, "no-store");
  if (length)
    answer.content_length(*length);
  else
    answer.chunked(true);
  answer.keep_alive(keeps_alive(head));
  http::response_serializer<http::empty_body> serializer(answer);
  stream_.expires_after(turn_timeout);
  co_await http::async_write_header(stream_, serializer, use_awaitable);
}

asio::awaitable<void> connection::write_chunk(std::string_view bytes) {
  stream_.expires_after(turn_timeout);
  co_await asio::async_write(stream_, http::make_chunk(asio::buffer(bytes)), use_awaitable);
}

} // namespace limpet::demo
