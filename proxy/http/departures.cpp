#include "proxy/http/departures.hpp"

namespace limpet::http {

departures::departures(live_stream::phase waiting) noexcept : waiting_(waiting) {}

void departures::push(live_stream& s) noexcept {
  s.phase_ = waiting_;
  s.previous_ = last_;
  s.next_ = nullptr;
  (last_ ? last_->next_ : first_) = &s;
  last_ = &s;
  ++size_;
}

void departures::remove(live_stream& s) noexcept {
  (s.previous_ ? s.previous_->next_ : first_) = s.next_;
  (s.next_ ? s.next_->previous_ : last_) = s.previous_;
  s.next_ = s.previous_ = nullptr;
  s.phase_ = live_stream::phase::bound;
  if (--size_ > 0) return;
  pace.rest();
  due.disarm();
}

} // namespace limpet::http
