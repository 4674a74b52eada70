#pragma once

#include "proxy/http/mac_memo.hpp"
#include "proxy/http/session_digest.hpp"
#include "proxy/http/worker_state.hpp"
#include "proxy/net/socket_address.hpp"
#include "proxy/net/stream.hpp"
#include "routing/address.hpp"

#include <memory>

namespace limpet::http {

/// A client's connection: small while idle. Waits for bytes, lends itself to an exchange for as long as
/// requests come, and waits again. Owns itself from start() on.
class client_connection {
public:
  /// Serves the connection until either side ends it. Past a limit it is told so, with 503, and closed.
  static void start(worker_state& worker, net::unique_fd socket, const net::socket_address& peer);
  ~client_connection();
  client_connection(const client_connection&) = delete;

  /// Drain: idle, it is closed in a moment, unless a request is on its way; busy, after the answer under way.
  /// An event stream, which would not end by itself, is ended between two events, at some moment within
  /// `spread`.
  void drain(net::milliseconds spread) noexcept;
  /// The drain's deadline is over: ends whatever is under way.
  void cut() noexcept;

  net::stream& io() noexcept { return *io_; }
  /// For a tunnel: the connection is another's from here on.
  std::unique_ptr<net::stream> release_stream() noexcept { return std::move(io_); }
  net::connection_limiter::permit release_permit() noexcept { return std::move(permit_); }
  const routing::ip_address& peer() const noexcept { return peer_; }
  std::unique_ptr<mac_memo>& memo_of_macs() noexcept { return memo_of_macs_; }
  session_fields_memo& session_fields() {
    if (!session_fields_) session_fields_ = std::make_unique<session_fields_memo>();
    return *session_fields_;
  }
  /// Empty lines since the last request: they may come one at a time, with the connection idle in between.
  unsigned& empty_lines() noexcept { return empty_lines_; }

private:
  client_connection(worker_state& worker, net::unique_fd socket, const net::socket_address& peer,
                    net::connection_limiter::permit permit);
  net::task<> run();
  void begin_wait() noexcept;
  void wait_on() noexcept;
  bool end_wait(net::error_code error) noexcept;
  net::task<> linger();
  static void on_end(void* self, std::exception_ptr escaped);

  worker_state& worker_;
  std::unique_ptr<net::stream> io_;
  routing::ip_address peer_;
  net::connection_limiter::permit permit_;
  std::unique_ptr<mac_memo> memo_of_macs_;
  std::unique_ptr<session_fields_memo> session_fields_; ///< once a request went to a strict pool
  exchange* serving_ = nullptr;                         ///< while a request is under way
  bool idle_ = true;
  bool first_ = true; ///< no request yet
  unsigned empty_lines_ = 0;
  net::clock::time_point wait_until_; ///< while idle
  net::task<> life_;
};

} // namespace limpet::http
