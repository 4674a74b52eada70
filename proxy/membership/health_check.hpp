#pragma once

#include "config/config.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::membership {

/// Why a check failed, for people.
struct check_failure {
  std::string reason;
};
using check_result = boost::system::result<void, check_failure>;

/// What a check asks, and what a good answer is.
struct health_question {
  std::string http_path; ///< asked for with GET; empty: to connect is enough
  std::string host;      ///< the Host field; empty: "localhost"
  std::string user_agent;
  std::vector<config::status_range> status{{}}; ///< of a good answer
  std::chrono::milliseconds timeout{1'000};     ///< from the connect to the status
};

/// The connection of one check. It has a time limit, and can be given up.
class health_check {
public:
  using endpoint = boost::asio::generic::stream_protocol::endpoint;

  /// Begins the time limit.
  static std::shared_ptr<health_check> make(const boost::asio::any_io_executor& executor,
                                            health_question question);
  health_check(const boost::asio::any_io_executor& executor, health_question question);

  /// Tries the endpoints in order and asks the first that takes a connection; closes it. Reads no more than
  /// 8 KiB of an answer. Runs once.
  static boost::asio::awaitable<check_result> run(std::shared_ptr<health_check> self,
                                                  std::vector<endpoint> endpoints);

  /// run() ends soon, as a failure.
  void cancel();

private:
  boost::asio::awaitable<check_result> ask();
  check_failure failure(const char* what, boost::system::error_code code) const;

  health_question question_;
  boost::asio::generic::stream_protocol::socket socket_;
  boost::asio::steady_timer timer_;
  bool has_expired_ = false;
  bool is_cancelled_ = false;
};

/// Checks a backend once, at "host:port", "[v6]:port" or "unix:/path"; a name is looked up first, within the
/// same time.
boost::asio::awaitable<check_result> check_health(std::string address, health_question question);

/// The status of a response that begins with `text` (RFC 9112 section 4); 0 where it is none.
unsigned parse_status(std::string_view text) noexcept;

/// What stands in the Host field of a request to a member: its address, but for a unix socket.
std::string host_of(const std::string& address);

} // namespace limpet::membership
