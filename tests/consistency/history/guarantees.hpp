#pragma once

#include "tests/consistency/history/findings.hpp"
#include "tests/consistency/history/marks.hpp"
#include "tests/consistency/history/session_lists.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace limpet::consistency {

/// The four session guarantees (Terry et al. 1994, "Session Guarantees for Weakly Consistent Replicated
/// Data"), where each of our clients is a session of theirs. A read that violates one counts once for it,
/// however many values show it. One object checks one session after the other.
class guarantees {
public:
  void check(const session_lists& lists, findings& found);

private:
  static constexpr std::uint32_t none = session_lists::none;

  /// What a list with this append must have, and have before it.
  struct demands {
    std::uint32_t acknowledged_before; ///< how many of its client's: monotonic writes
    std::uint32_t prefix_seen;         ///< by its client, of the canonical order: writes follow reads
    std::uint32_t others_seen;         ///< and how many of its client's others_
  };
  /// A value that a list must have, by the longest prefix that the values so far ask for.
  struct farthest {
    std::uint32_t reach = 0;
    std::uint32_t number = 0;
    void add(std::uint32_t its_reach, std::uint32_t its_number) noexcept {
      if (its_reach > reach) *this = {its_reach, its_number};
    }
  };
  /// The first append in a list whose demand is not met, and what it lacks.
  struct unmet {
    std::uint32_t at = none;
    std::uint32_t number = 0;
    std::uint32_t missing = 0;
  };
  struct progress {
    std::uint32_t acknowledged = 0;
    std::uint32_t others = 0;
  };

  // What a client knows: read your writes, monotonic reads.
  void follow_client(std::uint32_t client);
  void see_prefix(const session_lists::read& r);
  void see_other(const session_lists::read& r, std::uint32_t client);

  // What lists have in which order: monotonic writes, writes follow reads.
  void walk(std::span<const std::uint32_t> list);
  void meet_writes(std::uint32_t at, const session_lists::append& a, const demands& d);
  void meet_reads(std::uint32_t at, const session_lists::append& a, const demands& d);

  void report(violation what, const session_lists::read& r, std::uint32_t missing,
              std::uint32_t because = none);

  const session_lists* lists_ = nullptr;
  findings* found_ = nullptr;
  marks present_; ///< values in the list that is looked at
  marks known_;   ///< values in the client's others_

  std::vector<demands> demands_;          ///< an append each
  std::vector<std::uint32_t> written_;    ///< acknowledged values, client after client
  std::vector<std::uint32_t> others_;     ///< values seen but in prefixes, client after client
  std::vector<std::uint32_t> written_at_; ///< where a client's begin
  std::vector<std::uint32_t> others_at_;

  farthest own_, seen_; ///< of the client that is followed
  std::uint32_t prefix_ = 0;

  std::vector<progress> progress_; ///< a client each, of the list that is walked
  std::uint32_t prefix_present_ = 0;
  unmet writes_, reads_;
};

} // namespace limpet::consistency
