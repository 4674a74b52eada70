// The chunked coding: the same content whatever the pieces, the same as a plain reader finds, and the same
// after it is coded anew.

#include "proxy/http/h1/chunked.hpp"

#include "proxy/http/message.hpp"
#include "tests/fuzz/plain_http.hpp"
#include "tests/fuzz/support.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace {

using namespace limpet;
using namespace limpet::fuzz;
using http::h1::chunked_decoder;

/// Takes a line off, without its CRLF. Nothing where none ends, or it has a CR elsewhere.
std::optional<std::string_view> line_of(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  if (end == std::string_view::npos || end == 0 || bytes.find('\r') != end - 1) return {};
  const auto line = bytes.substr(0, end - 1);
  bytes.remove_prefix(end + 1);
  return line;
}

bool is_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '\t' || !(c >= 0 && c < 0x20); }) &&
         text.find('\x7f') == std::string_view::npos;
}

std::optional<std::uint64_t> size_of(std::string_view line) {
  const auto digits = line.substr(0, line.find(';'));
  const auto extension = line.substr(std::min(line.size(), digits.size() + 1));
  if (digits.empty() || digits.size() > 16 || extension.size() > chunked_decoder::extension_bytes_max ||
      !is_text(extension))
    return {};
  std::uint64_t size = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (digits.front() == '-' || error != std::errc{} || stop != digits.data() + digits.size()) return {};
  return size;
}

bool trailers_are_good(std::string_view& bytes) {
  std::size_t used = 0;
  for (auto line = line_of(bytes); line; line = line_of(bytes)) {
    used += line->size() + 2;
    if (used > chunked_decoder::trailer_bytes_max) return false;
    if (line->empty()) return true;
    const auto colon = line->find(':');
    if (colon == std::string_view::npos || !http::is_token(line->substr(0, colon)) || !is_text(*line))
      return false;
  }
  return false;
}

struct plain_content {
  std::string bytes;
  std::size_t consumed = 0;
};

/// The content of a whole and good message; nothing else.
std::optional<plain_content> read_plainly(std::string_view all) {
  plain_content out;
  auto bytes = all;
  for (;;) {
    const auto line = line_of(bytes);
    const auto size = line ? size_of(*line) : std::nullopt;
    if (!size) return {};
    if (*size == 0) break;
    if (bytes.size() < 2 || *size > bytes.size() - 2 || bytes.substr(*size, 2) != "\r\n") return {};
    out.bytes += bytes.substr(0, *size);
    bytes.remove_prefix(*size + 2);
  }
  if (!trailers_are_good(bytes)) return {};
  out.consumed = all.size() - bytes.size();
  return out;
}

void check_trailers(std::string_view trailers) {
  while (!trailers.empty()) {
    const auto line = take_line(trailers);
    FUZZ_CHECK(line.ends_with('\r'));
    const auto name = lower(line.substr(0, line.find(':')));
    for (const auto* never : {"content-length", "transfer-encoding", "host", "cookie", "authorization"})
      FUZZ_CHECK(name != never);
    FUZZ_CHECK(!name.starts_with("limpet-") && !name.starts_with("x-forwarded-"));
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const http::framing chunked{http::framing::kind::chunked, 0};
  const auto decoded = decode_content(bytes, chunked);
  const auto plain = read_plainly(bytes);
  FUZZ_CHECK(plain.has_value() == decoded.done);
  FUZZ_CHECK(!(decoded.done && decoded.malformed));
  if (!decoded.done) return 0;
  FUZZ_CHECK(plain->bytes == decoded.bytes && plain->consumed == decoded.consumed);
  check_trailers(decoded.trailers);
  for (const auto& pieces : splits_of(decoded.bytes)) {
    const auto encoded = encode_content(decoded, true, pieces);
    const auto again = decode_content(encoded, chunked);
    FUZZ_CHECK(again.done && again.consumed == encoded.size());
    FUZZ_CHECK(again.bytes == decoded.bytes && again.trailers == decoded.trailers);
  }
  return 0;
}
