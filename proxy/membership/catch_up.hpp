#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace limpet::membership {

/// What came of asking for a revision of a pool's store.
enum class catch_up_outcome : std::uint8_t {
  known,   ///< every change up to it is in the newest snapshot
  behind,  ///< the store was read and has not come so far: the revision is of another history
  failed,  ///< the store could not be read
  limited, ///< nobody asks the store for a moment, since the last time was in vain, or too many wait already
};

/// When a pool's store is read because a cookie tells of a later revision than is known, and what those are
/// told who wait for it. Pure; one a pool.
///
/// One read at a time serves all who asked before it began; who asks while one is under way is served by it
/// where it comes far enough, and else by one more. After a read that was of no use, and while one takes
/// longer than anybody waits, nobody is made to wait: cookies of another history come again and again.
class catch_up {
public:
  using clock = std::chrono::steady_clock;
  using time_point = clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  struct options {
    milliseconds patience{1'000}; ///< how long whoever asks waits at the most
    milliseconds pause{1'000};    ///< after a read that was of no use
    std::size_t asking_max = 10'000;
  };

  struct answer {
    std::uint64_t ticket;
    catch_up_outcome outcome;
    friend bool operator==(const answer&, const answer&) = default;
  };

  struct step {
    bool read = false; ///< begin to read the store; its end is to be told by read_ended()
    std::vector<answer> answers;
  };

  explicit catch_up(const options& settings) : options_(settings) {}

  /// Somebody needs `revision`; the answer will name `ticket`. `known_until` is up to which revision the
  /// newest snapshot goes.
  step ask(std::uint64_t ticket, std::uint64_t revision, std::uint64_t known_until, time_point now);
  /// The read that was to begin was under way already: it may be of before the first who asked.
  void read_joined() noexcept;
  step read_ended(bool well, std::uint64_t known_until, time_point now);

  /// Before this, asking is in vain. May be moved back by later events.
  time_point not_before() const noexcept { return not_before_; }

private:
  struct asking {
    std::uint64_t ticket;
    std::uint64_t revision;
    bool is_covered; ///< the read under way began after it came
  };

  options options_;
  std::vector<asking> asking_;
  bool is_reading_ = false;
  time_point read_began_;
  time_point not_before_;
};

} // namespace limpet::membership
