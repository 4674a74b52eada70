#include "proxy/membership/snapshot_saver.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace limpet::membership {

snapshot_saver::snapshot_saver(boost::asio::any_io_executor executor, const std::string& folder,
                               std::string pool)
    : pool_(std::move(pool)), file_(folder, pool_), timer_(std::move(executor)) {}

void snapshot_saver::save_soon(member_list list) {
  constexpr std::chrono::seconds pace{1};
  list_ = std::move(list);
  if (std::exchange(is_due_, true)) return;
  timer_.expires_after(pace);
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code aborted) {
    if (!aborted && !alive.expired() && is_due_) save();
  });
}

void snapshot_saver::stop() {
  timer_.cancel();
  if (is_due_) save();
}

void snapshot_saver::save() {
  is_due_ = false;
  const auto problem = file_.write(list_);
  if (problem && !is_failing_) spdlog::error("pool {}: no snapshot: {}", pool_, *problem);
  if (!problem && is_failing_) spdlog::info("pool {}: snapshots are written again", pool_);
  is_failing_ = problem.has_value();
}

} // namespace limpet::membership
