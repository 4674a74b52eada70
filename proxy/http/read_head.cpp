// A request's head on its way in.

#include "proxy/http/exchange.hpp"
#include "proxy/http/h1/head_parser.hpp"

#include <boost/asio/error.hpp>

namespace limpet::http {

namespace {

/// How many empty lines before a request line are forgiven (RFC 9112 section 2.2).
constexpr unsigned empty_lines_max = 4;

refusal refusal_of(h1::head_scanner::status status) noexcept {
  using enum h1::head_scanner::status;
  switch (status) {
  case not_http:
  case bare_line_ending:
  case folded:
    return refusal::malformed_head;
  case first_line_too_long:
    return refusal::request_line_too_long;
  case head_too_large:
  case too_many_fields:
    return refusal::header_too_large;
  case incomplete:
  case complete:
    break;
  }
  return refusal::none;
}

/// False where there is half of one: its second byte is still to come.
bool skip_empty_lines(net::input_buffer& in, unsigned& skipped) noexcept {
  while (skipped < empty_lines_max && in.view().starts_with("\r\n")) {
    in.consume(2);
    ++skipped;
  }
  return skipped == empty_lines_max || in.view() != "\r";
}

} // namespace

/// Nothing, and head_ is read; or how the connection ends without a request.
net::task<std::optional<exchange::end>> exchange::read_head() {
  const auto& limits = snapshot_->limits;
  scanner_ = h1::head_scanner({limits.request_line_bytes, limits.header_bytes, limits.header_count});
  switch (read_head_part()) {
  case head_part::whole:
    return std::optional<end>();
  case head_part::incomplete:
    if (in_.empty()) return std::optional(end::keep_open);
    return read_rest_of_head();
  case head_part::wrong:
    return refuse_head();
  case head_part::ended:
    break;
  }
  return std::optional(end::close);
}

net::task<std::optional<exchange::end>> exchange::read_rest_of_head() {
  auto& client = client_->io();
  client.expires_after(snapshot_->timeouts.header);
  auto read = head_part::incomplete;
  while (read == head_part::incomplete) {
    if (const auto error = co_await client.readable()) {
      client.clear_deadline();
      if (error != net::asio::error::timed_out) co_return end::close;
      head_refusal_ = refusal::header_timeout;
      co_return co_await refuse_head();
    }
    read = read_head_part();
  }
  client.clear_deadline();
  if (read == head_part::ended) co_return end::close;
  if (read == head_part::wrong) co_return co_await refuse_head();
  co_return std::nullopt;
}

/// Reads what has come. Where that is the whole head, it is in head_.
exchange::head_part exchange::read_head_part() {
  const auto& limits = snapshot_->limits;
  for (;;) {
    const bool begun = skip_empty_lines(in_, client_->empty_lines()) && !in_.empty();
    const auto status = begun ? scanner_.scan(in_.view()) : h1::head_scanner::status::incomplete;
    if (status == h1::head_scanner::status::complete) break;
    head_refusal_ = refusal_of(status);
    if (head_refusal_ != refusal::none) return head_part::wrong;

    // At most one byte past the limit, which is enough for the scanner to see that it is passed.
    const auto [bytes, error] = client_->io().read_some(in_.room(limits.header_bytes + 1));
    if (net::is_would_block(error)) return head_part::incomplete;
    if (error || bytes == 0) {
      if (!in_.empty()) worker_.count(metric::client_aborts);
      return head_part::ended;
    }
    worker_.count(metric::client_bytes, 0, 0, bytes);
    in_.commit(bytes);
  }
  client_->empty_lines() = 0;
  head_size_ = scanner_.size();
  record_.head = moment() - began_;
  head_refusal_ = h1::parse_request_head(in_.view().substr(0, head_size_), head_);
  return head_refusal_ == refusal::none ? head_part::whole : head_part::wrong;
}

net::task<std::optional<exchange::end>> exchange::refuse_head() {
  co_return co_await refuse(head_refusal_);
}

} // namespace limpet::http
