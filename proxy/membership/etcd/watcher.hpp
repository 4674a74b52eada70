#pragma once

#include "proxy/membership/etcd/client.hpp"
#include "proxy/membership/etcd/watch_fsm.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace limpet::etcd {

/// Follows a range of keys through a client: does what watch_fsm says. One thread, the executor's.
class watcher {
public:
  /// Called with the changes, perhaps none, each time there are some or the status has changed.
  using observe_function = std::function<void(std::vector<change>, const watch_status&)>;

  struct options {
    std::string key;
    std::string range_end;
    watch_fsm::options timing;
    /// A watch that is silent for longer is opened anew. etcd sends progress every 10 minutes unless told
    /// otherwise.
    std::chrono::milliseconds idle{11 * 60 * 1000};
  };

  watcher(boost::asio::any_io_executor executor, std::shared_ptr<client> over, options what,
          observe_function observe);
  ~watcher(); ///< stops
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;

  void start();
  /// Lists now, for somebody who has to know the range as it is. `done` is told once whether it was listed,
  /// after `observe` was told what it changed; not at all after a stop, or before a start. False where a list
  /// is under way, which has its answer then: it may have been read before this call.
  bool refresh(std::function<void(bool listed)> done);
  /// `observe` is not called any more once this has returned. May be called from within it.
  void stop();
  const watch_status& status() const noexcept;

private:
  class runner;
  std::shared_ptr<runner> runner_;
};

} // namespace limpet::etcd
