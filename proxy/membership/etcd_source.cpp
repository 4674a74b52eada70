#include "proxy/membership/etcd_source.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace limpet::membership {
namespace {

/// A member and its drain, and whoever hands the pool over by a barrier.
constexpr std::size_t keys_max = 2 * member_table::members_max + member_table::barrier_proxies_max;

etcd::watcher::options watch_options(const etcd_source::options& what) {
  const pool_keys keys(what.prefix, what.pool);
  etcd::watcher::options options;
  options.key = keys.range_begin();
  options.range_end = keys.range_end();
  options.timing.relist = what.relist;
  options.timing.keys_max = keys_max;
  return options;
}

} // namespace

etcd_source::etcd_source(boost::asio::any_io_executor executor, std::shared_ptr<etcd::client> client,
                         options what)
    : options_(std::move(what)), table_(pool_keys(options_.prefix, options_.pool)),
      watcher_(executor, std::move(client), watch_options(options_),
               [this](const std::vector<etcd::change>& changes, const etcd::watch_status& status) {
                 on_update(changes, status);
               }) {
  if (!options_.snapshot_folder.empty()) snapshot_.emplace(options_.snapshot_folder, options_.pool);
}

void etcd_source::start(publish_function publish) {
  publish_ = std::move(publish);
  watcher_.start();
}

void etcd_source::stop() {
  if (std::exchange(is_stopped_, true)) return;
  watcher_.stop();
}

bool etcd_source::refresh(std::function<void(bool well)> done) {
  const bool is_begun = watcher_.refresh(std::move(done));
  if (is_begun) ++refreshes_;
  return is_begun;
}

source_status etcd_source::status() const {
  const etcd::watch_status& watch = watcher_.status();
  source_status status;
  status.kind = "etcd";
  status.stale = watch.stale;
  status.ready = published_.has_value();
  status.revision = published_ ? published_->epoch : 0;
  // A list from disk was known up to its epoch, too.
  status.known_until =
      std::max(static_cast<std::uint64_t>(std::max<std::int64_t>(watch.known_until, 0)), status.revision);
  status.refreshes = refreshes_;
  status.invalid_values = table_.invalid_values();
  status.relist_differences = watch.differences;
  status.restores = watch.restores;
  status.errors = watch.errors;
  status.last_error = watch.last_error;
  status.barrier_proxies.assign(table_.barrier_proxies().begin(), table_.barrier_proxies().end());
  return status;
}

void etcd_source::on_update(const std::vector<etcd::change>& changes, const etcd::watch_status& status) {
  log_what_changed(status);
  if (status.restores != seen_.restores) table_.restart_epoch();
  seen_ = status;
  apply(changes);
  look_at_barrier_proxies();
  if (status.listed) {
    publish({.members = table_.members(), .epoch = table_.epoch(), .stale = status.stale});
  } else if (status.stale && !std::exchange(cold_start_done_, true)) {
    start_cold();
  }
}

void etcd_source::apply(const std::vector<etcd::change>& changes) {
  for (const etcd::change& change : changes) {
    if (const auto complaint = table_.apply(change)) {
      spdlog::warn("pool {}: {} is left as it was: {}", options_.pool, etcd::printable(change.key),
                   *complaint);
    }
  }
  const bool left_out = table_.left_out() > 0;
  if (left_out && !members_left_out_) {
    spdlog::error("pool {}: {} members more than the limit of {} are left out", options_.pool,
                  table_.left_out(), member_table::members_max);
  }
  members_left_out_ = left_out;
}

void etcd_source::look_at_barrier_proxies() {
  const auto& proxies = table_.barrier_proxies();
  if (std::exchange(is_beside_barrier_, !proxies.empty()) == is_beside_barrier_) return;
  if (is_beside_barrier_)
    spdlog::error("pool {}: {} hands it over by a barrier, and this proxy does not: sessions may have two "
                  "owners; write handoff: barrier here too, or give the pool another name",
                  options_.pool, etcd::printable(*proxies.begin()));
  else
    spdlog::info("pool {}: no proxy hands it over by a barrier any more", options_.pool);
}

void etcd_source::log_what_changed(const etcd::watch_status& status) {
  if (status.stale && !seen_.stale) {
    spdlog::warn("pool {}: etcd is out of reach, the last members stay: {}", options_.pool,
                 status.last_error);
  } else if (!status.stale && seen_.stale) {
    spdlog::info("pool {}: etcd answers again", options_.pool);
  } else if (status.errors != seen_.errors) {
    spdlog::debug("pool {}: {}", options_.pool, status.last_error);
  }
  if (status.differences != seen_.differences) {
    spdlog::warn("pool {}: a list showed {} changes that the watch had not told", options_.pool,
                 status.differences - seen_.differences);
  }
  if (status.restores != seen_.restores) {
    spdlog::error(
        "pool {}: etcd went back in time or is another cluster (a restore?); its members are read anew",
        options_.pool);
  }
  if (status.overflows != 0 && seen_.overflows == 0) {
    spdlog::error("pool {}: more keys in etcd than the limit of {}; the rest is left out", options_.pool,
                  keys_max);
  }
}

/// The store did not answer at the first attempt: go on from the last list on disk, if one is kept.
void etcd_source::start_cold() {
  if (!snapshot_) return;
  auto list = snapshot_->read();
  if (!list) {
    spdlog::warn("pool {}: no members until etcd answers: {}", options_.pool, list.error().reason);
    return;
  }
  spdlog::warn("pool {}: {} members of epoch {} from the snapshot on disk until etcd answers", options_.pool,
               list->members.size(), list->epoch);
  publish(std::move(*list));
}

void etcd_source::publish(member_list list) {
  if (published_ == list) return;
  published_ = list;
  publish_(std::move(list));
}

} // namespace limpet::membership
