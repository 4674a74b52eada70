#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace limpet::ops {

/// A query's parameters in their order, values percent-decoded, names as they stand; a parameter without "="
/// has an empty value, and empty ones are left out. Nothing where a "%" has not two hexadecimal digits behind
/// it.
std::optional<std::vector<std::pair<std::string_view, std::string>>> parse_query(std::string_view text);

/// Appends name=value, with "&" before it unless `out` is empty; the value percent-encoded.
void append_parameter(std::string& out, std::string_view name, std::string_view value);

} // namespace limpet::ops
