#pragma once

#include "proxy/http/departure_pace.hpp"
#include "proxy/http/live_stream.hpp"
#include "proxy/net/deadline.hpp"

#include <cstddef>

namespace limpet::http {

/// The streams of one pool and worker that wait to be let go, first come first served.
class departures {
public:
  explicit departures(live_stream::phase waiting) noexcept;
  departures(const departures&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  bool has(const live_stream& s) const noexcept { return s.phase_ == waiting_; }
  live_stream& front() const noexcept { return *first_; }
  void push(live_stream& s) noexcept;
  /// In its turn or out of turn. With the last of them the pace rests.
  void remove(live_stream& s) noexcept;

  departure_pace pace;
  net::deadline due; ///< of the first

private:
  live_stream::phase waiting_;
  live_stream* first_ = nullptr;
  live_stream* last_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace limpet::http
