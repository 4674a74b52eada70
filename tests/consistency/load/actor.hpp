#pragma once

#include "tests/consistency/load/line_log.hpp"
#include "tests/consistency/load/link.hpp"
#include "tests/consistency/load/session_names.hpp"
#include "tests/consistency/load/tally.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace limpet::load {

struct load_settings {
  std::vector<boost::asio::ip::tcp::endpoint> proxies;
  double websocket_share = 0.3;       ///< of operations
  double give_up_share = 0;           ///< of operations, after a few milliseconds
  std::chrono::milliseconds think{0}; ///< between two operations, on the average
  std::chrono::milliseconds answer_limit{5000};
};

/// What all actors of a process share.
struct load_state {
  load_settings settings;
  session_names sessions;
  line_log& log;
  tally counted;
  std::mt19937_64 random;
  std::uint64_t last_value = 0;
  bool is_over = false;
};

/// One sequential client: an operation after the other, through whatever proxy, now over kept connections and
/// now for a while over a WebSocket. What is written of it is the history.
class actor {
public:
  actor(boost::asio::any_io_executor executor, load_state& state, std::size_t number);

  /// Until the state says that it is over.
  boost::asio::awaitable<void> run();

private:
  boost::asio::awaitable<reply> ask(const operation& o);
  boost::asio::awaitable<void> rest_after(const reply& r);
  boost::asio::awaitable<void> rest(std::chrono::milliseconds most);
  operation next_operation();
  void next_burst();
  std::size_t any_proxy();
  duration limit();
  bool chance(double share);
  void tell(const operation& o, const reply& r, std::uint64_t begin_ns, std::uint64_t end_ns);

  boost::asio::any_io_executor executor_;
  load_state& state_;
  std::size_t number_;
  std::vector<http_link> links_;
  std::vector<std::uint64_t> shunned_until_ns_; ///< a proxy each
  std::unique_ptr<socket_link> socket_;
  std::size_t proxy_ = 0; ///< of the last operation
  std::size_t socket_proxy_ = 0;
  unsigned burst_left_ = 0;
  bool burst_by_socket_ = false;
};

} // namespace limpet::load
