#pragma once

#include "config/type.hpp"

#include <chrono>
#include <cstdint>

namespace limpet::config {

using std::chrono::milliseconds;

/// As a duration in the file: 24 hours each.
constexpr std::chrono::seconds days(int n) {
  return std::chrono::hours(24) * n;
}

/// "250ms", "10s", "5m", "1h", "30d". A bare 0 is allowed where the range has it, no other bare number.
type_ptr<milliseconds> duration(milliseconds min, milliseconds max);
/// As duration, or 0 though it is under `min`: what 0 stands for is the key's own affair.
type_ptr<milliseconds> duration_or_zero(milliseconds min, milliseconds max);
/// A duration of whole seconds.
type_ptr<milliseconds> whole_seconds(milliseconds min, milliseconds max);
type_ptr<std::chrono::seconds> seconds(std::chrono::seconds min, std::chrono::seconds max);

/// Bytes: "65536", "64KiB", "1MiB", "2GiB".
type_ptr<std::uint64_t> size(std::uint64_t min, std::uint64_t max);
type_ptr<std::uint32_t> size32(std::uint32_t min, std::uint32_t max);

type_ptr<std::uint32_t> number(std::uint32_t min, std::uint32_t max);
/// A number with up to three digits after its point, in thousandths: "1.25" is 1250. Or 0, though it is under
/// `min`.
type_ptr<std::uint32_t> thousandths_or_zero(std::uint32_t min, std::uint32_t max);
type_ptr<bool> boolean();

/// One of `names`. A name of `later` is known, but not in this release.
std::optional<problem> find_choice(std::string_view text, const std::vector<std::string>& names,
                                   const std::vector<std::string>& later, std::size_t& index);

/// An enumeration whose values are 0, 1, 2, ... in the order of `names`.
template <class Enum>
type_ptr<Enum> choice(const std::vector<std::string>& names, const std::vector<std::string>& later = {}) {
  description shape{.what = description::form::choice, .type = "choice", .choices = names};
  return std::make_shared<scalar<Enum>>(
      std::move(shape),
      [names, later](std::string_view text, Enum& out) {
        std::size_t index = 0;
        auto wrong = find_choice(text, names, later, index);
        if (!wrong) out = static_cast<Enum>(index);
        return wrong;
      },
      [names](const Enum& value) { return names.at(static_cast<std::size_t>(value)); });
}

} // namespace limpet::config
