#pragma once

#include "routing/request_view.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// HTTP semantics (RFC 9110), the same whatever version carried the message.
namespace limpet::http {

using routing::header_field;

/// The methods that metrics tell apart; the rest is `other`.
enum class method : std::uint8_t { get, head, post, put, delete_, connect, options, trace, patch, other };

method method_of(std::string_view name) noexcept;
std::string_view name_of(method m) noexcept;
/// RFC 9110 section 9.2.2: sending it twice has the effect of sending it once.
bool is_idempotent(method m) noexcept;

/// How a message's content ends (RFC 9112 section 6).
struct framing {
  enum class kind : std::uint8_t { none, length, chunked, until_close };
  kind how = kind::none;
  std::uint64_t length = 0; ///< where how == length

  bool has_body() const noexcept { return how == kind::chunked || how == kind::until_close || length > 0; }
};

/// What the Connection field and its kin say (RFC 9110 section 7.6.1, RFC 9112 section 9.3).
struct connection_options {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  std::vector<std::string_view> others; ///< names of fields that are hop-by-hop in this message
};

/// A request's head. Views point into the buffer that it was parsed from.
struct request_head {
  method known_method = method::other;
  std::string_view method_name;
  std::string_view target;
  unsigned minor_version = 1; ///< HTTP/1.0 or HTTP/1.1
  std::vector<header_field> fields;

  std::string_view host; ///< the Host field's value; empty where there was none (HTTP/1.0)
  connection_options connection;
  std::string_view upgrade; ///< the Upgrade field, where Connection names it
  bool expects_continue = false;
  framing body;

  void clear();
  bool wants_keep_alive() const noexcept {
    return !connection.close && (minor_version >= 1 || connection.keep_alive);
  }
};

/// An answer's head.
struct response_head {
  unsigned status = 0;
  std::string_view reason;
  unsigned minor_version = 1;
  std::vector<header_field> fields;

  connection_options connection;
  std::string_view upgrade;
  std::string_view content_type;
  bool has_date = false;
  framing body; ///< as the fields say it; a HEAD request or a 304 has none all the same

  void clear();
  bool allows_reuse() const noexcept {
    return !connection.close && (minor_version >= 1 || connection.keep_alive);
  }
  bool is_event_stream() const noexcept;
};

/// Equal but for case (ASCII).
bool iequals(std::string_view a, std::string_view b) noexcept;
/// A token (RFC 9110 section 5.6.2).
bool is_token(std::string_view text) noexcept;
/// How many characters at the front could be a token's.
std::size_t token_size(std::string_view text) noexcept;
/// A control character other than a tab, which no field's value has (RFC 9110 section 5.5).
bool has_control(std::string_view text) noexcept;

/// Calls fn(element) for each non-empty element of a comma-separated list (RFC 9110 section 5.6.1); white
/// space around it removed.
template <class Function>
void for_each_element(std::string_view list, Function fn) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    auto element = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    const auto first = element.find_first_not_of(" \t");
    if (first == std::string_view::npos) continue;
    element = element.substr(first, element.find_last_not_of(" \t") - first + 1);
    fn(element);
  }
}

} // namespace limpet::http
