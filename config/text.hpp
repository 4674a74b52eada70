#pragma once

#include "config/type.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace limpet::config {

/// Letters and digits (ASCII) and the characters of `others`, nothing else.
bool is_made_of(std::string_view text, std::string_view others) noexcept;
/// UTF-8 (RFC 3629) of characters alone: none of Unicode's 66 noncharacters, which no text exchanges (U+FFFE
/// and its like) and a YAML file does not keep.
bool is_utf8(std::string_view text) noexcept;
bool has_control(std::string_view text) noexcept;
/// An IPv4 address or a host name: labels of [A-Za-z0-9_-], 63 bytes each and 253 in all (RFC 1123
/// section 2.1; the underscore is what container networks use). A name whose last label is a number is no
/// name but an address.
bool is_host(std::string_view text) noexcept;

/// A text that `check` accepts, and may bring into its normal form (lower case).
type_ptr<std::string> text_type(description shape,
                                std::function<std::optional<problem>(std::string& text)> check);

} // namespace limpet::config
