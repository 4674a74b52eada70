#pragma once

#include "proxy/http/pacer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace limpet::http {

/// When those go that wait on one worker for one cause, one after the other. At a rate, the workers share the
/// pacer; without one, each worker spreads its own evenly. Pure: time and random bits come in.
class departure_pace {
public:
  using time = net::clock::time_point;

  struct settings {
    std::uint32_t per_second =
        0; ///< of all workers together; 0: evenly, so that all have gone within `within`
    net::milliseconds within{0};
    std::uint32_t jitter_percent = 0; ///< of the time between two
    std::size_t count = 0; ///< whom `within` is for; 0: all that have joined, none waits for `longest_step`
  };

  /// Behind a worker that was late, those whose time it was may go at once; not those of longer ago.
  static constexpr net::milliseconds catch_up{100};
  /// Spread evenly, nobody waits longer than this for the one before.
  static constexpr net::milliseconds longest_step{1'000};

  /// One more waits. `random` decides about the jitter of the first.
  void join(time now, std::uint64_t random) noexcept;
  /// Nobody waits any more.
  void rest() noexcept;
  /// When the next one may go; asked again it may be sooner, since more have come, but never later.
  time next(const settings& how, pacer& shared, time now) noexcept;
  /// It has gone.
  void gone(const settings& how, time now, std::uint64_t random) noexcept;

private:
  std::chrono::nanoseconds step(const settings& how) const noexcept;
  time put_off(time t, const settings& how) const noexcept;

  std::uint64_t joined_ = 0; ///< since somebody began to wait
  time last_{};              ///< when the one before went, or the first came
  std::optional<time> slot_; ///< taken from the pacer
  std::uint32_t jitter_ = 0; ///< of the next one, in 2^-32 of what is allowed
};

/// What a hand-off waits for.
struct handed_over {
  std::size_t here = 0;             ///< wait on this worker
  std::size_t all = 0;              ///< on all workers of the process
  std::chrono::nanoseconds left{0}; ///< within which all are to have gone
};

/// The configured rate, as long as all have gone in time by it; else each worker spreads its own over the
/// time that is left. To be asked anew each time, since others come and go.
departure_pace::settings in_time(const departure_pace::settings& rate, const handed_over& what) noexcept;

} // namespace limpet::http
