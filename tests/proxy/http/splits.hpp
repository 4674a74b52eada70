#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::http {

/// Calls fn(pieces) with `text` whole, byte by byte, and cut in two at each position: the ways in which a
/// network may hand it over. Each piece is of its own allocation, so that a sanitizer sees a look past its
/// end.
template <class Function>
void for_each_split(std::string_view text, Function fn) {
  using pieces = std::vector<std::vector<char>>;
  const auto piece = [&](std::size_t begin, std::size_t end) {
    return std::vector<char>(text.begin() + static_cast<std::ptrdiff_t>(begin),
                             text.begin() + static_cast<std::ptrdiff_t>(end));
  };
  fn(pieces{piece(0, text.size())});
  pieces single_bytes;
  for (std::size_t i = 0; i < text.size(); ++i)
    single_bytes.push_back(piece(i, i + 1));
  fn(std::move(single_bytes));
  for (std::size_t cut = 1; cut < text.size(); ++cut)
    fn(pieces{piece(0, cut), piece(cut, text.size())});
}

} // namespace limpet::http
