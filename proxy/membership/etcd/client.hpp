#pragma once

#include "proxy/membership/etcd/error.hpp"
#include "proxy/membership/etcd/messages.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace limpet::etcd {

class session;

struct client_options {
  std::vector<std::string> endpoints; ///< "http://host:port" or "https://host:port", one at least
  std::string username;               ///< empty: no authentication
  std::string password;
  std::string tls_ca;                          ///< file of certificates to trust; empty: the system's
  std::string tls_certificate;                 ///< file of this client's certificate chain; empty: none
  std::string tls_key;                         ///< file
  std::chrono::milliseconds timeout{5000};     ///< of one request at one endpoint
  std::size_t answer_bytes_max = 16u << 20;    ///< of one answer's body
  std::size_t watch_line_bytes_max = 8u << 20; ///< of one message of a watch
};

/// An open watch. Destroying it ends it.
class watch_stream {
public:
  virtual ~watch_stream() = default;
  /// The next message. errc::timed_out where none came for `idle`; after any error the watch is over.
  virtual boost::asio::awaitable<result<watch_response>> next(std::chrono::milliseconds idle) = 0;
};

/// A client of etcd's v3 API over the JSON gateway. Requests go to one endpoint as long as it answers; one
/// that fails is tried at the others in turn, where that cannot do it twice. There is no retry beyond that,
/// and no wait between attempts: that is the caller's, who knows what it is for. Every request ends within
/// `timeout` an endpoint.
///
/// All calls on one thread, with an executor that runs there. Coroutines may be called off (terminal
/// cancellation).
class client {
public:
  /// Throws std::invalid_argument for a malformed endpoint, std::runtime_error for a TLS file that cannot be
  /// used.
  explicit client(client_options options);
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  template <class T>
  using awaitable = boost::asio::awaitable<result<T>>;

  awaitable<range_response> range(range_request request);
  /// All keys of [key, range_end) as of one revision, read in pages, so that no single answer is too large;
  /// not more than `keys_max` (then `more` is set).
  awaitable<range_response> range_all(std::string key, std::string range_end, std::size_t keys_max);
  awaitable<put_response> put(put_request request);
  awaitable<delete_range_response> delete_range(delete_range_request request);
  awaitable<txn_response> txn(txn_request request);
  awaitable<lease_grant_response> lease_grant(lease_grant_request request);
  awaitable<lease_keep_alive_response> lease_keep_alive(std::int64_t id);
  /// errc::not_found where the lease is gone already.
  awaitable<void> lease_revoke(std::int64_t id);
  /// Opens a watch with progress notifications, at a server that has a leader. The first message says
  /// `created`.
  awaitable<std::unique_ptr<watch_stream>> watch(watch_create_request request);

private:
  std::shared_ptr<session> session_; ///< shared with open watches
};

/// The end of the range of all keys that begin with `prefix`, as etcd's clients compute it.
std::string prefix_end(std::string_view prefix);

} // namespace limpet::etcd
