#include "proxy/http/refusal_page.hpp"

#include "proxy/http/worker_state.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <iterator>

namespace limpet::http {

namespace {

/// 00, 01, … ff.
constexpr auto hex_pairs = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i)
    pairs[i] = {digits[i >> 4], digits[i & 15]};
  return pairs;
}();

} // namespace

void make_request_id(worker_state& worker, std::string& out) {
  std::array<char, 32> text;
  for (std::size_t half = 0; half < 2; ++half) {
    auto bits = worker.random.next();
    for (std::size_t i = 8; i-- > 0; bits >>= 8)
      std::memcpy(&text[16 * half + 2 * i], hex_pairs[bits & 0xff].data(), 2);
  }
  out.assign(text.data(), text.size());
}

void write_refusal(const refusal_facts& facts, const refusal_page& page, std::string& out) {
  const auto to = std::back_inserter(out);
  const auto content_bytes =
      facts.text.size() + page.request_id.size() + std::string_view(" Request id: .\n").size();
  fmt::format_to(to, "HTTP/1.1 {} {}\r\nServer: limpet\r\nDate: {}\r\nX-Request-Id: {}\r\n", facts.status,
                 facts.reason, page.date, page.request_id);
  if (facts.retry_after) fmt::format_to(to, "Retry-After: {}\r\n", page.retry_after_s);
  if (facts.status == 405) out.append("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");
  fmt::format_to(
      to, "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: {}\r\n",
      content_bytes);
  if (!page.keep_alive) out.append("Connection: close\r\n");
  out.append("\r\n");
  if (!page.head_only) fmt::format_to(to, "{} Request id: {}.\n", facts.text, page.request_id);
}

} // namespace limpet::http
