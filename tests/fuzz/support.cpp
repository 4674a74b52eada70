#include "tests/fuzz/support.hpp"

#include "routing/ascii.hpp"
#include "routing/view.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

namespace limpet::fuzz {

namespace {

/// More than that byte by byte would cost more than it finds.
constexpr std::size_t single_bytes_max = 512;

split random_split(std::size_t size, std::uint64_t seed) {
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(seed | 1));
  const std::size_t most = 1 + random() % 40;
  split pieces;
  for (std::size_t left = size; left > 0;) {
    const std::size_t piece = std::min<std::size_t>(left, 1 + random() % most);
    pieces.push_back(piece);
    left -= piece;
  }
  return pieces;
}

} // namespace

void fail(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  std::abort();
}

exact_bytes::exact_bytes(std::string_view bytes)
    : size_(bytes.size()), bytes_(std::make_unique_for_overwrite<char[]>(bytes.size())) {
  if (!bytes.empty()) std::memcpy(bytes_.get(), bytes.data(), bytes.size());
}

std::vector<split> splits_of(std::string_view bytes) {
  if (bytes.empty()) return {split{}};
  std::vector<split> splits{{bytes.size()}};
  if (bytes.size() <= single_bytes_max) splits.emplace_back(bytes.size(), 1);
  const std::uint64_t seed = routing::hash_bytes(bytes);
  splits.push_back(random_split(bytes.size(), seed));
  splits.push_back(random_split(bytes.size(), seed >> 32));
  return splits;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), routing::ascii_lower);
  return out;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> cut(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

} // namespace limpet::fuzz
