#pragma once

#include "routing/member.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace limpet::routing {

/// The hash of a session key or of a member id: XXH3, 64 bits, seed 0. Part of the placement's version.
std::uint64_t hash_bytes(std::string_view bytes) noexcept;

/// Name and version of the placement algorithm, shown by explain and compared between proxies: two proxies that
/// place by different algorithms must not believe that they agree.
inline constexpr std::string_view placement_name = "weighted-rendezvous/1";

/// An immutable, versioned set of members with what placement needs worked out beforehand.
/// Members are sorted by id; their index in members() names them as long as the view lives.
class view {
public:
  /// The ready members of one weight, with the hashes of their ids side by side for the scan.
  struct weight_class {
    std::uint32_t weight;
    std::vector<std::uint64_t> id_hashes; ///< parallel to `members`
    std::vector<std::uint32_t> members;   ///< indexes into members()
  };

  view() = default;

  /// Sorts `members` by id. Of several with one id the first stays (sources refuse duplicates before this).
  /// Weights are clamped to 1..member_weight_max.
  view(std::vector<member> members, std::uint64_t epoch);

  std::span<const member> members() const noexcept { return members_; }
  std::span<const weight_class> classes() const noexcept { return classes_; }
  std::uint64_t epoch() const noexcept { return epoch_; }

  /// 52 bits over the sorted (id, incarnation, address, weight, state) of all members: equal on proxies with equal
  /// views; 52 bits because a Prometheus sample is a double.
  std::uint64_t checksum() const noexcept { return checksum_; }

  static constexpr std::uint32_t npos = 0xffff'ffff;

  /// Index of the member with this id, or npos.
  std::uint32_t find(std::string_view id) const noexcept;
  /// Index of the member whose id has this hash, or npos.
  std::uint32_t find_by_id_hash(std::uint64_t id_hash) const noexcept;

private:
  std::vector<member> members_;
  std::vector<weight_class> classes_; ///< ready members only, by ascending weight
  std::uint64_t epoch_ = 0;
  std::uint64_t checksum_ = 0;
};

} // namespace limpet::routing
