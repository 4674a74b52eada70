#pragma once

#include "proxy/http/h1/head_scanner.hpp"
#include "proxy/http/message.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP/1 read a second time, in the plainest way, to compare with; and what both directions share.
namespace limpet::fuzz {

struct plain_field {
  std::string name; ///< lower case
  std::string value;
  friend bool operator==(const plain_field&, const plain_field&) = default;
};

struct plain_head {
  std::string first_line;
  std::vector<plain_field> fields;

  std::size_t count(std::string_view name) const;
  std::string value(std::string_view name) const; ///< of the first; empty where there is none
  /// The names that Connection gives, lower case, but for close, keep-alive and upgrade.
  std::vector<std::string> named_by_connection() const;
};

/// Lines end in CRLF, names in a colon. Bytes that are no head end the process: what was accepted is one.
plain_head read_plain_head(std::string_view bytes);

/// What was accepted tells its framing in one way: no length or one, in digits, or `chunked`, once.
void check_one_framing(const plain_head& head);

/// The fields that go end to end, in order and unchanged, whatever a proxy adds: no hop-by-hop ones, no
/// `Limpet-`, none of the names in `named`, and none that the proxy itself writes or replaces.
std::vector<plain_field> end_to_end(const plain_head& head, const std::vector<std::string>& named);

struct scan_verdict {
  http::h1::head_scanner::status status;
  std::size_t size; ///< where complete
  friend bool operator==(const scan_verdict&, const scan_verdict&) = default;
};

/// Scans in all the ways that splits_of gives; they must agree.
scan_verdict scan_head(std::string_view bytes, const http::h1::head_limits& limits);

/// Whether the bytes are one head and nothing more; scanned whole, since splits are tried where they came
/// from.
bool is_one_head(std::string_view bytes);

/// What a message's content came to.
struct content {
  bool malformed = false;
  bool done = false;
  std::string bytes;
  std::string trailers;
  std::size_t consumed = 0;
  friend bool operator==(const content&, const content&) = default;
};

/// Decodes in all the ways that splits_of gives; they must agree.
content decode_content(std::string_view bytes, const http::framing& how);
/// Frames content anew, in the pieces of `pieces`.
std::string encode_content(const content& what, bool chunked, const std::vector<std::size_t>& pieces);

bool same(const http::framing& a, const http::framing& b);

} // namespace limpet::fuzz
