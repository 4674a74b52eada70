#pragma once

#include "routing/member.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace limpet::routing {

/// The hash of a session key or of a member id: XXH3, 64 bits, seed 0. Part of the placement's version.
std::uint64_t hash_bytes(std::string_view bytes) noexcept;

/// Name and version of the placement algorithm, shown by explain and compared between proxies: two proxies
/// that place by different algorithms must not believe that they agree.
inline constexpr std::string_view placement_name = "weighted-rendezvous/1";

/// An immutable, versioned set of members with what placement needs worked out beforehand.
/// Members are sorted by id; their index in members() names them as long as the view lives.
class view {
public:
  /// The ready members of one weight, laid out for the scan. Never empty.
  struct weight_class {
    std::uint32_t weight;
    std::vector<std::uint64_t> folded_ids; ///< mix_fold(hash_bytes(id)), parallel to `members`
    std::vector<std::uint32_t> members;    ///< indexes into members(), ascending
  };

  /// What an issued cookie remembers of a member.
  struct member_hashes {
    std::uint64_t id;          ///< hash_bytes(member::id)
    std::uint64_t incarnation; ///< hash_bytes(member::incarnation)
    friend bool operator==(const member_hashes&, const member_hashes&) = default;
  };

  static constexpr std::uint32_t npos = 0xffff'ffff;

  view() = default;

  /// Sorts `members` by id. Of several with one id the first stays (sources refuse duplicates before this).
  /// Weights are clamped to 1..member_weight_max.
  view(std::vector<member> members, std::uint64_t epoch);

  std::span<const member> members() const noexcept { return members_; }
  std::span<const weight_class> classes() const noexcept { return classes_; }
  /// How far the source was read. Two views of one epoch may differ, since what is read may be held back:
  /// whether views are equal, checksum() says.
  std::uint64_t epoch() const noexcept { return epoch_; }

  /// 52 bits over the sorted (id, incarnation, address, weight, state) of all members: equal on proxies with
  /// equal views; 52 bits because a Prometheus sample is a double. Neither the zone nor the epoch counts.
  std::uint64_t checksum() const noexcept { return checksum_; }

  /// `index` must be below members().size().
  const member_hashes& hashes(std::uint32_t index) const noexcept { return hashes_[index]; }

  /// Index of the member with this id, or npos.
  std::uint32_t find(std::string_view id) const noexcept;
  /// Index of the member whose id has this hash, or npos.
  std::uint32_t find_by_id_hash(std::uint64_t id_hash) const noexcept;

private:
  void index_hashes();
  void build_classes();

  std::vector<member> members_;
  std::vector<member_hashes> hashes_;     ///< parallel to members_
  std::vector<std::uint32_t> by_id_hash_; ///< indexes into members_, by ascending hash of the id
  std::vector<weight_class> classes_;     ///< ready members only, by ascending weight
  std::uint64_t epoch_ = 0;
  std::uint64_t checksum_ = 0;
};

} // namespace limpet::routing
