#pragma once

#include "proxy/http/epoch_waits.hpp"
#include "proxy/membership/catch_up.hpp"
#include "proxy/membership/source.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>

namespace limpet {

/// One pool's reads for cookies whose epoch is ahead: does what membership::catch_up says. Lives on the
/// control thread, for as long as the source that it asks; goes before that does, and after its stop().
class epoch_reads {
public:
  struct hooks {
    /// Has the snapshot go out that is due, if one is; up to which revision the last one goes.
    std::function<std::uint64_t()> known_until;
    /// Until then asking is in vain.
    std::function<void(std::chrono::steady_clock::time_point)> pause;
  };

  /// `patience` is how long a request waits at the most.
  epoch_reads(membership::source& source, hooks call, std::chrono::milliseconds patience);
  epoch_reads(const epoch_reads&) = delete;

  void ask(std::uint64_t epoch, http::epoch_reader::tell_function tell);

private:
  void perform(const membership::catch_up::step& step);

  membership::source& source_;
  hooks call_;
  membership::catch_up fsm_;
  std::uint64_t next_ticket_ = 1;
  std::map<std::uint64_t, http::epoch_reader::tell_function> asking_;
};

} // namespace limpet
