#include "proxy/control.hpp"

#include "config/barrier.hpp"
#include "proxy/membership/make_source.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace limpet {

control::control(boost::asio::io_context& io, publish_function publish)
    : io_(io), publish_(std::move(publish)), addresses_(io, [this] { publish_soon(); }),
      builder_([this](const std::string& address) { return addresses_.resolve(address); }), timer_(io) {
  free_old();
}

void control::apply(const config::settings& settings) {
  settings_ = settings;
  for (auto at = sources_.begin(); at != sources_.end();) {
    const auto known = at++;
    const auto pool = settings_.pools.find(known->first);
    const bool same = pool != settings_.pools.end() && is_source_of(known->second, pool->second);
    if (!same) end_source(sources_.extract(known));
  }
  std::erase_if(members_, [&](const auto& list) { return !settings_.pools.contains(list.first); });
  for (const auto& [name, pool] : settings_.pools) {
    const auto known = sources_.find(name);
    if (known == sources_.end()) {
      start_source(pool);
      continue;
    }
    known->second.settings = pool;
    if (known->second.rails) known->second.rails->configure(pool.rails);
    if (known->second.ownership) known->second.ownership->configure(pool.barrier);
  }
  publish_now();
}

/// Other proxies wait for one that is registered for as long as anything of its own may be in flight: where
/// no worker serves the pool any more it leaves as it would at the end of the process.
void control::end_source(pool_sources::node_type ended) {
  auto& s = ended.mapped();
  if (s.rails && s.rails->rails_now().suspended)
    spdlog::warn("pool {}: its source is another one now: its view is no longer suspended", ended.key());
  if (!s.ownership || settings_.pools.contains(ended.key())) return s.source->stop();
  const auto departs = std::make_shared<leaving_pool::departure>();
  // As in a hand-off, answers that are under way may take until the deadline.
  s.ownership->leave(
      [departs] {
        departs->is_over = true;
        if (departs->then) departs->then();
      },
      s.settings.on_remove.deadline + counts_after_write(s));
  if (departs->is_over) return s.source->stop(); // it was not registered
  leaving_.push_back({std::move(ended), departs});
}

ownership::duration control::counts_after_write(const pool_source& s) {
  return config::limits_of(s.settings.barrier).counts_after_write();
}

/// Whether what was made is what this pool asks for.
bool control::is_source_of(const pool_source& made, const config::pool& pool) {
  return made.settings.members == pool.members && config::agree_on_owners(made.settings, pool);
}

void control::make_source(const config::pool& pool, pool_source& made) {
  if (pool.handoff == config::handoff_mode::barrier) {
    auto strict = membership::make_ownership_source(io_, pool, settings_.etcd, workers_);
    made.ownership = strict.get();
    made.source = std::move(strict);
    return;
  }
  auto railed = membership::make_railed_source(io_, pool, settings_.etcd);
  made.rails = railed.get();
  made.source = std::move(railed);
  if (!made.source) made.source = membership::make_source(io_, pool, settings_.etcd);
}

void control::start_source(const config::pool& pool) {
  for (auto& leaving : leaving_) // workers give up what it had
    if (leaving.of.key() == pool.name)
      leaving.of.mapped().ownership->leave_within(counts_after_write(leaving.of.mapped()));
  auto& made = sources_[pool.name];
  made.settings = pool;
  const auto earlier = members_.find(pool.name);
  if (pool.members.source != config::source_kind::etcd && earlier != members_.end())
    made.epochs_before = earlier->second.epoch;
  make_source(pool, made);
  epoch_reads::hooks hooks;
  hooks.known_until = [this, name = pool.name] {
    if (publish_due_) publish_now();
    return status_of(name).known_until;
  };
  hooks.pause = [this, name = pool.name](std::chrono::steady_clock::time_point until) {
    for (const auto& known : current_->pools)
      if (known->settings.name == name) known->state->known.ask_after(until);
  };
  made.reads.emplace(*made.source, std::move(hooks), std::min(settings_.etcd.timeout, http::epoch_wait_max));
  made.source->start([this, name = pool.name, from = made.source.get()](membership::member_list list) {
    on_members(name, *from, std::move(list));
  });
}

void control::on_members(const std::string& pool, const membership::source& from,
                         membership::member_list list) {
  const auto known = sources_.find(pool);
  if (known == sources_.end() || known->second.source.get() != &from) return; // one that leaves
  list.epoch += known->second.epochs_before;
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
  tell_known();
}

void control::tell_known() const {
  for (const auto& pool : current_->pools) {
    const auto until = status_of(pool->settings.name).known_until;
    // Where nobody elsewhere can know more, older snapshots will do as well.
    pool->state->known.set(until, until == http::known_epoch::everything ? 0 : current_->number);
  }
}

/// Whoever asks is on another thread.
void control::read_until(const std::string& pool, std::uint64_t epoch, tell_function tell) {
  boost::asio::post(io_, [this, pool, epoch, told = std::move(tell)]() mutable {
    const auto found = sources_.find(pool);
    if (stopped_ || found == sources_.end()) return;
    found->second.reads->ask(epoch, std::move(told));
  });
}

/// Whoever says it is on another thread.
void control::on_word(std::uint32_t pool, const net::strict_word& word) {
  boost::asio::post(io_, [this, pool, word] {
    if (stopped_ || pool >= labels().pools.size()) return;
    const auto& name = labels().pools[pool];
    const auto found = sources_.find(name);
    if (found != sources_.end() && found->second.ownership) found->second.ownership->on_word(word);
    for (auto& leaving : leaving_)
      if (leaving.of.key() == name) leaving.of.mapped().ownership->on_word(word);
  });
}

std::optional<membership::handoff_status> control::handoff_of(const std::string& pool) const {
  const auto found = sources_.find(pool);
  if (found == sources_.end() || !found->second.ownership) return std::nullopt;
  return found->second.ownership->handoff();
}

void control::free_old() {
  std::erase_if(old_, [](const auto& s) { return s.use_count() == 1; });
  std::erase_if(leaving_, [](const auto& pool) { return pool.departs->is_over; });
  if (current_ && !publish_due_) tell_known();
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

std::vector<membership::operator_drain> control::drains_of(const std::string& pool) const {
  const auto found = sources_.find(pool);
  if (found == sources_.end()) return {};
  return found->second.source->drains();
}

void control::leave(std::function<void()> left) {
  const auto still = std::make_shared<std::size_t>(1);
  const auto one_less = [still, left = std::move(left)] {
    if (--*still == 0) left();
  };
  for (auto& [name, s] : sources_)
    if (s.ownership) {
      ++*still;
      s.ownership->leave(one_less, counts_after_write(s)); // without connections all is given up
    }
  for (auto& [of, departs] : leaving_)
    if (!departs->is_over) {
      ++*still;
      departs->then = one_less;
      of.mapped().ownership->leave_within(counts_after_write(of.mapped()));
    }
  one_less();
}

ownership::duration control::leaves_within() const {
  ownership::duration longest{0};
  for (const auto& [name, s] : sources_)
    if (s.ownership) longest = std::max(longest, counts_after_write(s));
  for (const auto& pool : leaving_)
    longest = std::max(longest, counts_after_write(pool.of.mapped()));
  return longest;
}

void control::stop() {
  if (std::exchange(stopped_, true)) return;
  for (auto& [name, s] : sources_)
    s.source->stop();
  leaving_.clear();
  addresses_.stop();
  timer_.cancel();
}

} // namespace limpet
