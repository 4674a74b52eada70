#pragma once

#include "proxy/http/h1/head_parser.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::http {

/// A head that was read, with the bytes that it points into. Throws where it is malformed: the test is.
class parsed_request {
public:
  explicit parsed_request(std::string bytes) : bytes_(std::move(bytes)) {
    if (h1::parse_request_head(bytes_, head_) != refusal::none) throw std::invalid_argument(bytes_);
  }
  parsed_request(const parsed_request&) = delete;
  const request_head& operator*() const noexcept { return head_; }

private:
  std::string bytes_;
  request_head head_;
};

class parsed_answer {
public:
  explicit parsed_answer(std::string bytes) : bytes_(std::move(bytes)) {
    if (!h1::parse_response_head(bytes_, head_)) throw std::invalid_argument(bytes_);
  }
  parsed_answer(const parsed_answer&) = delete;
  const response_head& operator*() const noexcept { return head_; }

private:
  std::string bytes_;
  response_head head_;
};

/// The lines of a head, each without its CRLF; the empty one at the end is not among them. A head that does
/// not end in one is shown as it is.
inline std::vector<std::string> lines_of(std::string_view head) {
  if (!head.ends_with("\r\n\r\n")) return {std::string(head)};
  head.remove_suffix(2);
  std::vector<std::string> lines;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    lines.emplace_back(head.substr(0, end));
    head.remove_prefix(end + 2);
  }
  return lines;
}

} // namespace limpet::http
