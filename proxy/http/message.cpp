#include "proxy/http/message.hpp"

#include <algorithm>
#include <array>

namespace limpet::http {

namespace {

constexpr std::array<std::string_view, 10> method_names{"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                        "CONNECT", "OPTIONS", "TRACE", "PATCH", "other"};

/// RFC 9110 section 5.6.2.
constexpr auto token_characters = [] {
  std::array<bool, 256> is{};
  for (unsigned char c = '0'; c <= '9'; ++c)
    is[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c)
    is[c] = is[c - 'a' + 'A'] = true;
  for (const unsigned char c : std::string_view("!#$%&'*+-.^_`|~"))
    is[c] = true;
  return is;
}();

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

} // namespace

method method_of(std::string_view name) noexcept {
  const auto end = method_names.end() - 1;
  return static_cast<method>(std::find(method_names.begin(), end, name) - method_names.begin());
}

std::string_view name_of(method m) noexcept {
  return method_names[static_cast<std::size_t>(m)];
}

bool is_idempotent(method m) noexcept {
  switch (m) {
  case method::get:
  case method::head:
  case method::put:
  case method::delete_:
  case method::options:
  case method::trace:
    return true;
  default:
    return false;
  }
}

void request_head::clear() {
  auto kept_fields = std::move(fields);
  auto kept_others = std::move(connection.others);
  kept_fields.clear();
  kept_others.clear();
  *this = {};
  fields = std::move(kept_fields);
  connection.others = std::move(kept_others);
}

void response_head::clear() {
  auto kept_fields = std::move(fields);
  auto kept_others = std::move(connection.others);
  kept_fields.clear();
  kept_others.clear();
  *this = {};
  fields = std::move(kept_fields);
  connection.others = std::move(kept_others);
}

bool response_head::is_event_stream() const noexcept {
  constexpr std::string_view type = "text/event-stream";
  return content_type.size() >= type.size() && iequals(content_type.substr(0, type.size()), type);
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  // As a rule they have the same case, too.
  return a == b ||
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && token_size(text) == text.size();
}

std::size_t token_size(std::string_view text) noexcept {
  std::size_t size = 0;
  while (size < text.size() && token_characters[static_cast<unsigned char>(text[size])])
    ++size;
  return size;
}

bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

} // namespace limpet::http
