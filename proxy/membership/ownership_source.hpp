#pragma once

#include "config/config.hpp"
#include "proxy/membership/etcd/client.hpp"
#include "proxy/membership/handoff_status.hpp"
#include "proxy/membership/ownership_codec.hpp"
#include "proxy/membership/source.hpp"
#include "proxy/net/strict_view.hpp"
#include "routing/ownership/barrier_fsm.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::membership {

/// The members of a pool that hands over by a barrier: those of its `view`, once every proxy agrees. Does
/// what barrier_fsm says, in etcd; the workers are told by what it publishes, and answer by on_word().
class ownership_source : public source {
public:
  struct options {
    std::string pool;
    std::string prefix;
    std::chrono::milliseconds relist{45'000};
    ownership::barrier_fsm::settings protocol;
    ownership_terms terms;
    std::string proxy; ///< this process's name in `routers/`; the incarnation is made here
    std::size_t workers = 1;
  };

  ownership_source(boost::asio::any_io_executor executor, std::shared_ptr<etcd::client> client, options what);
  ~ownership_source() override;

  void start(publish_function publish) override;
  void stop() override;
  source_status status() const override;
  std::vector<operator_drain> drains() const override;
  handoff_status handoff() const;

  /// Takes over what one proxy may change by itself: `batch` at once, `lease_ttl` with the next lease.
  void configure(const config::barrier_settings& barrier);
  void on_word(const net::strict_word& word);
  /// A clean exit (rule 4): once the workers have nothing in flight, and no later than `within`, the keys are
  /// deleted, and `left` is called; or never, where stop() comes first. Nothing may be dispatched any more.
  /// `within` is at least barrier_limits::counts_after_write(): behind the shut fence no byte is written.
  void leave(std::function<void()> left, ownership::duration within);
  /// The same limit anew, from now on.
  void leave_within(ownership::duration limit);

private:
  class runner;
  std::shared_ptr<runner> runner_; ///< kept alive by its coroutines
};

} // namespace limpet::membership
