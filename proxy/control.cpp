#include "proxy/control.hpp"

#include "proxy/membership/make_source.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace limpet {

control::control(boost::asio::io_context& io, publish_function publish)
    : io_(io), publish_(std::move(publish)), addresses_(io, [this] { publish_soon(); }),
      builder_([this](const std::string& address) { return addresses_.resolve(address); }), timer_(io) {
  free_old();
}

void control::apply(const config::settings& settings) {
  settings_ = settings;
  std::erase_if(sources_, [&](auto& known) {
    const auto pool = settings_.pools.find(known.first);
    const bool same = pool != settings_.pools.end() && pool->second.members == known.second.settings;
    if (same) return false;
    known.second.source->stop();
    return true;
  });
  std::erase_if(members_, [&](const auto& list) { return !settings_.pools.contains(list.first); });
  for (const auto& [name, pool] : settings_.pools) {
    if (const auto known = sources_.find(name); known != sources_.end()) {
      if (known->second.rails) known->second.rails->configure(pool.rails);
      continue;
    }
    auto& made = sources_[name];
    made.settings = pool.members;
    const auto earlier = members_.find(name);
    if (pool.members.source != config::source_kind::etcd && earlier != members_.end())
      made.epochs_before = earlier->second.epoch;
    make_source(pool, made);
    made.source->start(
        [this, pool_name = name](membership::member_list list) { on_members(pool_name, std::move(list)); });
  }
  publish_now();
}

void control::make_source(const config::pool& pool, pool_source& made) {
  auto railed = membership::make_railed_source(io_, pool, settings_.etcd);
  made.rails = railed.get();
  made.source = std::move(railed);
  if (!made.source) made.source = membership::make_source(io_, pool, settings_.etcd);
}

void control::on_members(const std::string& pool, membership::member_list list) {
  list.epoch += sources_.at(pool).epochs_before;
  members_[pool] = std::move(list);
  publish_soon();
}

void control::publish_soon() {
  if (publish_due_ || stopped_) return;
  publish_due_ = true;
  boost::asio::post(io_, [this] {
    if (publish_due_ && !stopped_) publish_now();
  });
}

void control::publish_now() {
  publish_due_ = false;
  addresses_.begin_build();
  auto next = builder_.build(settings_, members_);
  if (current_) old_.push_back(std::move(current_));
  current_ = next;
  for (const auto& pool : current_->pools)
    spdlog::debug("snapshot {}: pool {}, epoch {}, {} members, checksum {:013x}", current_->number,
                  pool->settings.name, pool->view.epoch(), pool->view.members().size(),
                  pool->view.checksum());
  publish_(std::move(next));
}

void control::free_old() {
  std::erase_if(old_, [](const auto& s) { return s.use_count() == 1; });
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) free_old();
  });
}

membership::source_status control::status_of(const std::string& pool) const {
  const auto found = sources_.find(pool);
  return found == sources_.end() ? membership::source_status{} : found->second.source->status();
}

membership::railed_source* control::rails_of(const std::string& pool) const {
  const auto found = sources_.find(pool);
  return found == sources_.end() ? nullptr : found->second.rails;
}

void control::stop() {
  if (std::exchange(stopped_, true)) return;
  for (auto& [name, s] : sources_)
    s.source->stop();
  addresses_.stop();
  timer_.cancel();
}

} // namespace limpet
