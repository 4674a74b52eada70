#pragma once

#include "proxy/membership/etcd/watcher.hpp"
#include "proxy/membership/member_table.hpp"
#include "proxy/membership/snapshot.hpp"
#include "proxy/membership/source.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace limpet::membership {

/// The members that stand in etcd under PREFIX/<pool>/members/ and PREFIX/<pool>/drains/. While etcd is out
/// of reach the last list stays, marked stale. Notices proxies that hand the pool over by a barrier, and says
/// so. Must not be destroyed from within a call of `publish`; stop() may be called there.
class etcd_source : public source {
public:
  struct options {
    std::string pool;
    std::string prefix;
    std::chrono::milliseconds relist{45'000};
    std::string snapshot_folder; ///< where the view was kept, for a cold start; empty: none is read
  };

  etcd_source(boost::asio::any_io_executor executor, std::shared_ptr<etcd::client> client, options what);
  ~etcd_source() override { stop(); }

  void start(publish_function publish) override;
  void stop() override;
  bool refresh(std::function<void(bool well)> done) override;
  source_status status() const override;
  std::vector<operator_drain> drains() const override { return table_.drains(); }

private:
  void on_update(const std::vector<etcd::change>& changes, const etcd::watch_status& status);
  void apply(const std::vector<etcd::change>& changes);
  void log_what_changed(const etcd::watch_status& status);
  void look_at_barrier_proxies();
  void start_cold();
  void publish(member_list list);

  options options_;
  member_table table_;
  etcd::watcher watcher_;
  std::optional<snapshot_file> snapshot_;
  publish_function publish_;
  etcd::watch_status seen_;
  std::uint64_t refreshes_ = 0;
  std::optional<member_list> published_;
  bool cold_start_done_ = false;
  bool members_left_out_ = false;
  bool is_beside_barrier_ = false;
  bool is_stopped_ = false;
};

} // namespace limpet::membership
