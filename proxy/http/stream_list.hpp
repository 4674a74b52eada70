#pragma once

#include "proxy/http/live_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace limpet::http {

/// Streams in no order, each of which knows its place: in and out in a few instructions. They can be scanned
/// a few at a time, while others come and go: each that was there at the beginning and still is comes up,
/// some maybe twice.
class stream_list {
public:
  /// `which` of a stream's two places is this list's.
  explicit stream_list(unsigned which) noexcept : which_(which) {}

  bool empty() const noexcept { return streams_.empty(); }
  std::size_t size() const noexcept { return streams_.size(); }
  /// All of them, to be gone through while they end.
  std::vector<live_stream*> copy() const { return streams_; }
  bool has(const live_stream& s) const noexcept { return s.places_[which_] != live_stream::nowhere; }

  void add(live_stream& s) {
    s.places_[which_] = static_cast<std::uint32_t>(streams_.size());
    streams_.push_back(&s);
  }

  /// The last one takes its place. Room for a crowd is given back when the crowd has gone.
  void remove(live_stream& s) noexcept {
    const auto place = std::exchange(s.places_[which_], live_stream::nowhere);
    auto** const all = streams_.data();
    auto* const last = all[streams_.size() - 1];
    all[place] = last;
    if (last != &s) last->places_[which_] = place;
    streams_.pop_back();
    if (streams_.empty() && streams_.capacity() > room_kept) std::vector<live_stream*>().swap(streams_);
  }

  /// From the end downward, so that who takes another's place was seen already. Begun again while it goes on,
  /// it is done once more afterwards: who begins it all the time does not keep it from its end.
  void begin_scan() noexcept {
    if (left_ > 0)
      again_ = true;
    else
      left_ = streams_.size();
  }
  /// The next one, or nothing at the end of the scan.
  live_stream* scan() noexcept {
    left_ = std::min(left_, streams_.size());
    if (left_ == 0 && std::exchange(again_, false)) left_ = streams_.size();
    return left_ > 0 ? streams_[--left_] : nullptr;
  }

private:
  static constexpr std::size_t room_kept = 1024;
  std::vector<live_stream*> streams_;
  std::size_t left_ = 0; ///< those below are still to be looked at
  unsigned which_;
  bool again_ = false;
};

} // namespace limpet::http
