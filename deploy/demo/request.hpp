#pragma once

#include <boost/beast/http/fields.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace limpet::demo {

/// A request target in two halves; both as received.
struct target {
  std::string_view path;
  std::string_view query; ///< without the question mark
};

target split_target(std::string_view text) noexcept;

/// The first parameter of this name, percent-decoded once; nothing where absent or badly encoded.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// A whole decimal number and nothing else.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;

/// `name` in the query as a number, or `otherwise` where it is absent or none.
std::uint64_t query_number(std::string_view query, std::string_view name, std::uint64_t otherwise);

/// Whose request it is: the header X-User-Id, else the cookie `session` or `limpet`, else the parameter
/// `user`. Empty for nobody's.
std::string session_of(const boost::beast::http::fields& fields, std::string_view query);

} // namespace limpet::demo
