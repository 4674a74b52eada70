#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace limpet::ops {

/// Bytes of the well-formed UTF-8 sequence that begins at `at` (RFC 3629 section 4); 0 where none does.
std::size_t utf8_sequence_size(std::string_view text, std::size_t at) noexcept;

bool is_utf8(std::string_view text) noexcept;

/// `text` with U+FFFD in place of each byte that belongs to no well-formed sequence: what a JSON string may
/// hold.
std::string to_utf8(std::string_view text);

/// Appends `text` as a JSON string with its quotes (RFC 8259 section 7). Bytes that are not UTF-8 become
/// U+FFFD. Past `bytes_max` the text is cut, between characters, and ends with an ellipsis. Does not allocate
/// where `out` has room.
void append_json_string(std::string& out, std::string_view text,
                        std::size_t bytes_max = std::string_view::npos);

} // namespace limpet::ops
