#pragma once

#include "proxy/membership/etcd/endpoint.hpp"
#include "proxy/membership/etcd/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace limpet::etcd {

/// One connection to a server, plain or TLS. Made and used on one thread, one operation at a time.
class channel {
public:
  using clock = std::chrono::steady_clock;

  virtual ~channel() = default;

  /// From `deadline` on, whatever is under way and all that follows fails with errc::timed_out. May be moved
  /// again as long as it has not passed.
  virtual void expires_at(clock::time_point deadline) = 0;
  /// Takes the deadline away, if it has not passed: nothing is under way, and nothing need be.
  virtual void never_expires() = 0;
  /// Writes all of `bytes`, which must live until then.
  virtual boost::asio::awaitable<result<void>> send(std::string_view bytes) = 0;
  /// Reads at least one byte; 0 at the connection's end.
  virtual boost::asio::awaitable<result<std::size_t>> receive(std::span<char> buffer) = 0;
  /// True where nothing has come and the other side has not closed: an idle connection may be used again.
  virtual bool is_quiet() = 0;
};

/// Resolves the host, connects to the first of its addresses that takes the connection, and for an https
/// endpoint does the TLS handshake, checking the server's certificate against its host name. `tls` is null
/// for plain endpoints only.
boost::asio::awaitable<result<std::unique_ptr<channel>>>
connect(endpoint target, boost::asio::ssl::context* tls, channel::clock::time_point deadline);

} // namespace limpet::etcd
