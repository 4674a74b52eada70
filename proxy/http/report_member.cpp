// What an attempt says of its member: for placement, metrics and the log.

#include "proxy/http/ejection.hpp"
#include "proxy/http/exchange.hpp"

#include <boost/asio/error.hpp>
#include <spdlog/spdlog.h>

#include <optional>

namespace limpet::http {

namespace {

/// Whether a failed connect says something of the member, and not of us (out of ports, out of descriptors).
bool is_members_fault(const net::error_code& error) noexcept {
  namespace errc = boost::system::errc;
  return error == net::asio::error::timed_out || error == net::asio::error::host_not_found ||
         error == errc::connection_refused || error == errc::connection_reset ||
         error == errc::host_unreachable || error == errc::network_unreachable || error == errc::timed_out ||
         error == errc::no_such_file_or_directory;
}

/// Nothing where it is not the member's, or where no connection came about: what is left alone for that needs
/// no ejection.
std::optional<net::misconduct> misconduct_of(refusal why) noexcept {
  switch (why) {
  case refusal::member_closed_early:
    return net::misconduct::closed_early;
  case refusal::malformed_answer:
    return net::misconduct::malformed_answer;
  case refusal::answer_timeout:
    return net::misconduct::answer_timeout;
  default:
    return std::nullopt;
  }
}

} // namespace

/// Of a connect to the member; no error where it succeeded.
void exchange::report_connect(const net::error_code& error) {
  auto& shared = *target().shared;
  if (!error) {
    if (shared.connected())
      spdlog::info("pool {}: member {} can be reached again", pool().settings.name, member_id());
    return;
  }
  if (is_members_fault(error) && shared.failed(net::clock::now()))
    spdlog::warn("pool {}: member {} cannot be reached: {}", pool().settings.name, member_id(),
                 error.message());
}

/// Of an attempt that came to no answer.
void exchange::report_failure(refusal why) {
  if (const auto what = misconduct_of(why)) blame(*what);
}

bool exchange::is_error_to_blame() const noexcept {
  return answer_.status >= 500 && pool().ejection.errors > 0;
}

/// Of the head of an answer, before any of it goes out: a client that has read the error that was one too many
/// finds another member with its next request, whichever worker gets it.
void exchange::report_status() {
  if (is_error_to_blame()) blame(net::misconduct::server_error);
}

/// Of an answer that was passed on; `cut` is why it was not to its end. Nothing where it was ended here, or
/// where its status said enough.
void exchange::report_answer(refusal cut) {
  if (is_error_to_blame() || client_gone_ || (cut != refusal::none && upstream_->io.interrupted())) return;
  if (cut != refusal::none) return report_failure(cut);
  target().shared->good(attempt_began_);
}

void exchange::blame(net::misconduct what) {
  const auto sentence = judge(pool(), placed_.member, what, attempt_began_, worker_.wheel().now());
  if (sentence.what == sentence::kind::none) return;
  if (sentence.what == sentence::kind::withheld)
    return worker_.count(metric::ejections_withheld, pool().number);
  worker_.count(metric::ejections, target().label, static_cast<std::uint32_t>(what));
  spdlog::warn("pool {}: member {} is ejected for {} ms: {}", pool().settings.name, member_id(),
               sentence.time.count(), net::to_string(what));
}

} // namespace limpet::http
