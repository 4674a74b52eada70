#include "tests/fuzz/plain_http.hpp"

#include "proxy/http/h1/body.hpp"
#include "tests/fuzz/support.hpp"

#include <algorithm>
#include <optional>

namespace limpet::fuzz {

namespace {

using http::h1::head_scanner;

bool is_one_of(std::string_view name, const std::vector<std::string>& names) {
  return std::ranges::find(names, name) != names.end();
}

scan_verdict scan_in(std::string_view bytes, const http::h1::head_limits& limits, const split& pieces) {
  head_scanner scanner(limits);
  std::size_t there = 0;
  for (const auto piece : pieces) {
    there += piece;
    const exact_bytes come(bytes.substr(0, there));
    const auto status = scanner.scan(come.view());
    if (status == head_scanner::status::incomplete) continue;
    return {status, status == head_scanner::status::complete ? scanner.size() : 0};
  }
  return {head_scanner::status::incomplete, 0};
}

content decode_in(std::string_view bytes, const http::framing& how, const split& pieces) {
  http::h1::body_decoder decoder(how);
  content out;
  std::string pending;
  for (const auto piece : pieces) {
    if (decoder.done() || out.malformed) break;
    exact_bytes come(bytes.substr(out.consumed, piece));
    const auto part = decoder.decode({come.data(), come.view().size()});
    FUZZ_CHECK(part.consumed <= piece && part.data.size() <= part.consumed);
    FUZZ_CHECK(part.malformed || decoder.done() || part.consumed == piece);
    out.bytes.append(part.data.data(), part.data.size());
    out.consumed += part.consumed;
    out.malformed = part.malformed;
  }
  out.done = decoder.done();
  if (out.done) out.trailers = decoder.trailers();
  return out;
}

} // namespace

std::size_t plain_head::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields, [&](const plain_field& f) { return f.name == name; }));
}

std::string plain_head::value(std::string_view name) const {
  const auto found = std::ranges::find_if(fields, [&](const plain_field& f) { return f.name == name; });
  return found == fields.end() ? std::string() : found->value;
}

std::vector<std::string> plain_head::named_by_connection() const {
  std::vector<std::string> names;
  for (const auto& f : fields) {
    if (f.name != "connection") continue;
    for (const auto option : cut(f.value, ',')) {
      const auto name = lower(trim(option));
      if (!is_one_of(name, {"", "close", "keep-alive", "upgrade"})) names.push_back(name);
    }
  }
  return names;
}

plain_head read_plain_head(std::string_view bytes) {
  plain_head head;
  FUZZ_CHECK(bytes.ends_with("\r\n\r\n"));
  for (auto line = take_line(bytes);; line = take_line(bytes)) {
    FUZZ_CHECK(line.ends_with('\r') && line.find('\r') + 1 == line.size());
    line.remove_suffix(1);
    if (head.first_line.empty()) {
      FUZZ_CHECK(!line.empty());
      head.first_line = line;
      continue;
    }
    if (line.empty()) break;
    const auto colon = line.find(':');
    FUZZ_CHECK(colon != std::string_view::npos && colon > 0);
    FUZZ_CHECK(line.substr(0, colon).find_first_of(" \t") == std::string_view::npos);
    head.fields.push_back({lower(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  }
  FUZZ_CHECK(bytes.empty());
  return head;
}

void check_one_framing(const plain_head& head) {
  const auto lengths = head.count("content-length"), codings = head.count("transfer-encoding");
  FUZZ_CHECK(lengths + codings <= 1);
  FUZZ_CHECK(codings == 0 || lower(head.value("transfer-encoding")) == "chunked");
  FUZZ_CHECK(codings == 0 || !head.first_line.ends_with("HTTP/1.0"));
  const auto length = head.value("content-length");
  FUZZ_CHECK(lengths == 0 || !length.empty());
  FUZZ_CHECK(length.find_first_not_of("0123456789") == std::string::npos);
}

std::vector<plain_field> end_to_end(const plain_head& head, const std::vector<std::string>& named) {
  static const std::vector<std::string> not_compared{"connection",
                                                     "proxy-connection",
                                                     "keep-alive",
                                                     "te",
                                                     "transfer-encoding",
                                                     "content-length",
                                                     "upgrade",
                                                     "host",
                                                     "http2-settings",
                                                     "proxy-authenticate",
                                                     "proxy-authorization",
                                                     "x-forwarded-for",
                                                     "x-forwarded-proto",
                                                     "x-forwarded-host",
                                                     "forwarded",
                                                     "x-request-id",
                                                     "via",
                                                     "date",
                                                     "set-cookie",
                                                     "cache-control"};
  std::vector<plain_field> out;
  for (const auto& f : head.fields)
    if (!is_one_of(f.name, not_compared) && !is_one_of(f.name, named) && !f.name.starts_with("limpet-"))
      out.push_back(f);
  return out;
}

scan_verdict scan_head(std::string_view bytes, const http::h1::head_limits& limits) {
  std::optional<scan_verdict> first;
  for (const auto& pieces : splits_of(bytes)) {
    const auto verdict = scan_in(bytes, limits, pieces);
    if (!first) first = verdict;
    FUZZ_CHECK(verdict == *first);
  }
  return *first;
}

bool is_one_head(std::string_view bytes) {
  head_scanner scanner(
      {.first_line_bytes = bytes.size(), .head_bytes = bytes.size(), .field_count = bytes.size()});
  return scanner.scan(bytes) == head_scanner::status::complete && scanner.size() == bytes.size();
}

content decode_content(std::string_view bytes, const http::framing& how) {
  std::optional<content> first;
  for (const auto& pieces : splits_of(bytes)) {
    const auto decoded = decode_in(bytes, how, pieces);
    if (!first) first = decoded;
    FUZZ_CHECK(decoded == *first);
  }
  return *first;
}

std::string encode_content(const content& what, bool chunked, const std::vector<std::size_t>& pieces) {
  http::h1::body_encoder encoder(chunked);
  std::string out;
  const auto add = [&](std::string_view data, bool last) {
    for (const auto& piece : encoder.encode({}, {data.data(), data.size()}, last, what.trailers))
      out.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  };
  std::string_view left = what.bytes;
  for (const auto piece : pieces) {
    const bool last = piece == left.size();
    add(left.substr(0, piece), last);
    left.remove_prefix(piece);
    if (last) return out;
  }
  add({}, true);
  return out;
}

bool same(const http::framing& a, const http::framing& b) {
  return a.how == b.how && a.length == b.length;
}

} // namespace limpet::fuzz
