// A request whose member leaves before it has ended, an event stream whose session goes elsewhere.

#include "proxy/http/exchange.hpp"
#include "routing/following.hpp"

#include <boost/asio/error.hpp>

namespace limpet::http {

/// In the worker's index, for as long as this member has to do with it.
void exchange::join_member() {
  worker_.streams.add(*this, {pool(), target(), snapshot_->number, stream_kind::request});
}

/// A value that the answer issues names the session from now on, unless a source before its own has a key.
void exchange::adopt_issued(const routing::sealed_envelopes& sealed) noexcept {
  if (sealed.sealed == 0) return;
  const bool is_found = key_.outcome == routing::key_result::status::found;
  const bool is_fresh = session_.from == routing::placement_key::origin::fresh;
  const auto& sources = pool().settings.session.key;
  for (std::size_t i = 0, envelope = 0; i < sources.size(); ++i) {
    if (sources[i].envelope && envelope++ == sealed.envelope) {
      const auto& member = pool().view.hashes(placed_.member);
      issued_ = {routing::placement_key::origin::envelope, sealed.key_hash, member.id, member.incarnation};
      return;
    }
    if ((is_found && i == key_.source) || (is_fresh && sources[i].issued)) return;
  }
}

routing::placement_key exchange::session() const noexcept {
  if (issued_) return *issued_;
  return routing::key_after(placed_, pool().view, pool().placement, session_);
}

/// An event stream: it ends after the event under way, if one is. Any other request has until then to end by
/// itself.
void exchange::let_go(parting why, net::milliseconds within) {
  parting_ = why;
  if (endless_) on_end_due(this);
  end_.arm(worker_.wheel(), within, &on_overdue, this);
}

/// Not an event stream that stands between two events: it ends at this moment.
bool exchange::stay() noexcept {
  const bool is_ending = endless_ && (events_.between_events() || worker_.draining());
  if (lost_ || is_ending) return false;
  parting_.reset();
  end_due_ = false;
  end_.disarm();
  return true;
}

void exchange::on_overdue(void* self) noexcept {
  auto& x = *static_cast<exchange*>(self);
  x.worker_.count(metric::streams_cut, x.pool().number, static_cast<std::uint32_t>(*x.parting_));
  x.end_now(*x.parting_);
}

/// Answered 503 where no answer has begun; else cut. Also where it is the client that is waited for.
void exchange::end_now(parting why) {
  parting_ = why;
  lost_ = true;
  if (upstream_) upstream_->io.interrupt(net::asio::error::operation_aborted);
  if (record_.status != 0) client_->io().interrupt(net::asio::error::operation_aborted);
}

} // namespace limpet::http
