#pragma once

#include "proxy/http/worker_state.hpp"
#include "proxy/net/socket_address.hpp"
#include "proxy/net/stream.hpp"
#include "routing/address.hpp"

#include <memory>

namespace limpet::http {

/// A client's connection: small while idle. Waits for bytes, lends itself to an exchange for as long as requests come, and
/// waits again. Owns itself from start() on.
class client_connection {
public:
  /// Serves the connection until either side ends it. Counts against the limits until then.
  static void start(worker_state& worker, net::stream::socket socket, const net::socket_address& peer);
  ~client_connection();
  client_connection(const client_connection&) = delete;

  /// Drain: idle, it is closed now; busy, after the answer under way.
  void drain() noexcept;
  /// The drain's deadline is over: ends whatever is under way.
  void cut() noexcept;

  net::stream& io() noexcept { return *io_; }
  /// For a tunnel: the connection is another's from here on.
  std::unique_ptr<net::stream> release_stream() noexcept { return std::move(io_); }
  const routing::ip_address& peer() const noexcept { return peer_; }

private:
  client_connection(worker_state& worker, net::stream::socket socket, const net::socket_address& peer);
  net::awaitable<> run();
  net::awaitable<> linger();

  worker_state& worker_;
  std::unique_ptr<net::stream> io_;
  routing::ip_address peer_;
  bool idle_ = true;
};

} // namespace limpet::http
