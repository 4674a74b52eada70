#pragma once

#include <cstdint>
#include <optional>

namespace limpet::membership {

/// Makes a verdict of single checks: `healthy` successes in a row, or `unhealthy` failures in a row, change
/// it.
class health {
public:
  /// `is_well` is what counts until checks have said otherwise.
  health(std::uint32_t healthy, std::uint32_t unhealthy, bool is_well = false)
      : healthy_(healthy), unhealthy_(unhealthy), is_well_(is_well) {}

  /// The new verdict, where this check changes it.
  std::optional<bool> observe(bool success) noexcept {
    if (success == is_well_) {
      against_ = 0;
      return std::nullopt;
    }
    if (++against_ < (success ? healthy_ : unhealthy_)) return std::nullopt;
    against_ = 0;
    is_well_ = success;
    return is_well_;
  }

  bool is_well() const noexcept { return is_well_; }

private:
  std::uint32_t healthy_;
  std::uint32_t unhealthy_;
  std::uint32_t against_ = 0; ///< checks in a row that speak against the verdict
  bool is_well_;
};

} // namespace limpet::membership
