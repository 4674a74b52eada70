// What the admin pages and the metrics ask of the server.

#include "proxy/server.hpp"
#include "proxy/version.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace limpet {

using namespace std::chrono_literals;

namespace {

/// Copies of the workers' counters on their way to the control thread.
struct gathering {
  explicit gathering(boost::asio::io_context& io, std::size_t workers) : missing(workers), all_here(io, 5s) {}
  net::counter_shard sum;
  std::size_t missing;
  boost::asio::steady_timer all_here; ///< cancelled by the last; a worker that hangs is not waited for
};

} // namespace

boost::asio::awaitable<net::counter_shard> server::counters() {
  const auto gathered = std::make_shared<gathering>(io_, workers_.size());
  for (auto& w : workers_) {
    w->post([this, gathered](http::worker_state& state) {
      boost::asio::post(io_, [gathered, copy = state.sample()] {
        gathered->sum.merge(copy);
        if (--gathered->missing == 0) gathered->all_here.cancel();
      });
    });
  }
  boost::system::error_code ignored;
  co_await gathered->all_here.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  co_return std::move(gathered->sum);
}

ops::process_facts server::facts() const {
  ops::process_facts f;
  f.version = version;
  f.workers = static_cast<std::uint32_t>(workers_.size());
  f.draining = stopping_;
  f.last_reload_ok = last_reload_ok_;
  f.last_reload_unix_s = last_reload_unix_s_;
  f.restart_needed = restart_needed_;
  if (access_log_) {
    f.access_log_dropped = access_log_->dropped();
    f.access_log_failed = access_log_->failed();
  }
  f.health_checks_under_way = health_checker_.under_way();
  f.health_checks_waiting = health_checker_.waiting();
  return f;
}

std::vector<ops::pool_facts> server::pools() const {
  std::vector<ops::pool_facts> all;
  for (const auto& pool : control_.current()->pools) {
    const auto& name = pool->settings.name;
    all.push_back({pool, control_.status_of(name), health_checker_.of(*pool)});
    if (const auto* rails = control_.rails_of(name)) all.back().rails = rails->rails_now();
    all.back().drains = control_.drains_of(name);
    all.back().former = control_.former_members_of(name);
    all.back().handoff = control_.handoff_of(name);
  }
  return all;
}

std::size_t server::act_on_rails(const std::string& pool, ops::rails_action action) {
  auto* rails = control_.rails_of(pool);
  if (!rails) return 0;
  switch (action) {
  case ops::rails_action::suspend:
    rails->suspend();
    return 0;
  case ops::rails_action::resume:
    rails->resume();
    return 0;
  case ops::rails_action::apply:
    return rails->apply();
  }
  return 0;
}

boost::asio::awaitable<ops::drain_outcome> server::drain_member(std::string pool, std::string member,
                                                                std::string by) {
  return drain_writer_.put(control_.settings().etcd, std::move(pool), std::move(member), std::move(by));
}

boost::asio::awaitable<ops::drain_outcome> server::undo_member_drain(std::string pool, std::string member) {
  return drain_writer_.remove(control_.settings().etcd, std::move(pool), std::move(member));
}

bool server::ready() const {
  if (stopping_) return false;
  const auto current = control_.current();
  return std::ranges::all_of(current->pools, [&](const auto& pool) {
    const auto handoff = control_.handoff_of(pool->settings.name);
    const bool is_fenced = handoff && handoff->fence_left.count() == 0; // another proxy may serve meanwhile
    return control_.status_of(pool->settings.name).ready && !is_fenced;
  });
}

} // namespace limpet
