#pragma once

#include "tests/consistency/history/history.hpp"
#include "tests/consistency/history/imaginary/random_numbers.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace limpet::consistency::imaginary {

struct owner {
  std::uint32_t member = 0;
  std::uint32_t incarnation = 1;
  bool operator==(const owner&) const = default;
};

/// A change of membership: what its member owned moves, all of it where the member is killed (and comes back
/// as another incarnation), half of it where not.
struct change {
  time_ns at = 0;
  std::uint64_t epoch = 0; ///< from then on
  std::uint32_t member = 0;
  std::uint32_t incarnation = 0; ///< that is killed
  bool kills = false;
};

/// The changes of a run, and who owns what between them.
class timeline {
public:
  timeline(std::uint32_t members, std::size_t changes, time_ns duration, random_numbers& random);

  const std::vector<change>& changes() const noexcept { return changes_; }
  /// Before the first change.
  owner first_owner(std::uint64_t session) const noexcept;
  /// By changes()[number], of a session of `before`.
  owner owner_after(std::uint64_t session, owner before, std::size_t number) const noexcept;
  /// The epoch once `passed` changes are over.
  std::uint64_t epoch(std::size_t passed) const noexcept {
    return passed == 0 ? 1 : changes_[passed - 1].epoch;
  }
  /// for_ever where it lives.
  time_ns death_of(owner o) const noexcept;

private:
  std::uint32_t members_;
  std::uint64_t salt_;
  std::vector<change> changes_;
};

} // namespace limpet::consistency::imaginary
