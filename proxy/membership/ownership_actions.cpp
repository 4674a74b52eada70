// What barrier_fsm asks for, in etcd. Whoever waits for an answer looks first whether it is still wanted.

#include "proxy/membership/ownership_runner.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace limpet::membership {

namespace asio = boost::asio;
using kind = ownership::barrier_fsm::action::kind;

asio::awaitable<void> ownership_source::runner::delete_keys(std::shared_ptr<runner> self,
                                                            std::string incarnation, std::int64_t lease,
                                                            std::function<void()> left) {
  co_await self->take_back(incarnation);
  (void)co_await self->client_->lease_revoke(lease);
  left();
}

void ownership_source::runner::spawn(const action& a) {
  asio::co_spawn(executor_, perform(shared_from_this(), a, incarnation_),
                 [this, self = shared_from_this()](const std::exception_ptr& escaped) {
                   if (escaped) spdlog::error("pool {}: an action of the hand-off has thrown", options_.pool);
                 });
}

/// Whether the one who asked is still there to hear.
bool ownership_source::runner::is_current(std::uint64_t incarnation) const {
  return !is_stopped_ && fsm_ && incarnation == incarnation_;
}

void ownership_source::runner::failed(const action& a, const etcd::error& reason) {
  ++errors_;
  if (reason.message != last_error_) spdlog::warn("pool {}: {}", options_.pool, reason.message);
  last_error_ = reason.message;
  fsm_->on_failed(a, net::boot_now());
}

bool ownership_source::runner::believes(const ownership_store::reading& found, std::uint64_t known) {
  if (found.revision < known || !is_of_known_cluster(found.cluster_id)) {
    stop_for_restore();
    return false;
  }
  known_revision_ = std::max(known_revision_, found.revision);
  const auto complaint = found.table.complaint();
  if (complaint.empty()) return true;
  halt(complaint);
  return false;
}

bool ownership_source::runner::is_of_known_cluster(std::uint64_t id) noexcept {
  if (cluster_id_ == 0) cluster_id_ = id;
  return id == 0 || id == cluster_id_;
}

asio::awaitable<void> ownership_source::runner::perform(std::shared_ptr<runner> self, action a,
                                                        std::uint64_t incarnation) {
  if (!self->is_current(incarnation)) co_return;
  switch (a.what) {
  case kind::register_once:
    co_await self->register_incarnation(incarnation);
    break;
  case kind::read_self:
    co_await self->read_self(a, incarnation);
    break;
  case kind::read_members:
    co_await self->read_members(a, incarnation);
    break;
  case kind::read_barrier:
    co_await self->read_barrier(a, incarnation);
    break;
  case kind::write_record:
    co_await self->write_record(a, incarnation);
    break;
  case kind::acknowledge:
    co_await self->acknowledge(a, incarnation);
    break;
  case kind::remove:
    co_await self->remove(a, incarnation);
    break;
  case kind::wait:
    break;
  }
  self->pump();
}

asio::awaitable<void> ownership_source::runner::register_incarnation(std::uint64_t incarnation) {
  const auto name = fsm_->incarnation();
  auto known = known_revision_;
  // First: a key of other terms would stop whoever is there.
  const auto before = co_await store_.read_barrier();
  if (!is_current(incarnation)) co_return;
  if (!before) co_return co_await register_failed(before.error(), incarnation);
  if (!believes(*before, known)) co_return;
  const auto left_view = before->table.left_view();
  if (left_view != 0)
    spdlog::warn("pool {}: the record of proxies with other settings is deleted: none is there",
                 options_.pool);
  const auto ttl = std::chrono::ceil<std::chrono::seconds>(options_.protocol.limits.lease_ttl);
  const auto lease = co_await store_.grant_lease(ttl);
  if (!is_current(incarnation)) co_return;
  if (!lease) co_return co_await register_failed(lease.error(), incarnation);
  lease_ = *lease;
  known = known_revision_;
  auto done = co_await store_.register_once(name, *lease, left_view);
  const bool is_there = done && *done;
  if (!is_current(incarnation)) {
    if (is_there) co_await take_back(name);
    co_return;
  }
  if (!done) co_return co_await register_failed(done.error(), incarnation);
  if (!is_there) co_return fsm_->on_register_failed();
  if (!believes(**done, known)) co_return co_await take_back(name);
  last_error_.clear();
  spdlog::info("pool {}: registered as {}", options_.pool, name);
  was_registered_ = true;
  fsm_->on_registered((*done)->table.record(), net::boot_now());
  tell_what_was_seen();
  asio::co_spawn(executor_, keep_lease(shared_from_this(), *lease, ttl, incarnation), asio::detached);
}

/// It was never served by: nobody has to wait for its grace.
asio::awaitable<void> ownership_source::runner::take_back(std::string name) {
  const auto done = co_await store_.leave(name);
  if (!done) spdlog::warn("pool {}: {} is still registered: {}", options_.pool, name, done.error().message);
}

/// The next incarnation tries it again, and not at once.
asio::awaitable<void> ownership_source::runner::register_failed(etcd::error reason,
                                                                std::uint64_t incarnation) {
  ++errors_;
  if (reason.message != last_error_)
    spdlog::warn("pool {}: not registered: {}", options_.pool, reason.message);
  last_error_ = reason.message;
  asio::steady_timer pause(executor_, options_.protocol.again);
  boost::system::error_code aborted;
  co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, aborted));
  if (is_current(incarnation)) fsm_->on_register_failed();
}

asio::awaitable<void> ownership_source::runner::read_self(action a, std::uint64_t incarnation) {
  const auto name = fsm_->incarnation();
  const auto known = known_revision_;
  const auto found = co_await store_.read_self(name, fsm_->held().revision);
  if (!is_current(incarnation)) co_return;
  if (!found) co_return failed(a, found.error());
  if (!believes(*found, known)) co_return;
  last_error_.clear();
  const auto& read = found->table.record();
  const auto& newest = read.revision > 0 ? read : fsm_->held();
  fsm_->on_self_read(found->table.has_routers(name), found->table.has_alive(name), newest, net::boot_now());
}

asio::awaitable<void> ownership_source::runner::read_members(action a, std::uint64_t incarnation) {
  const auto known = known_revision_;
  const auto found = co_await store_.read_members();
  if (!is_current(incarnation)) co_return;
  if (!found) co_return failed(a, found.error());
  if (!believes(*found, known)) co_return;
  fsm_->on_members_read(found->table.members().members_after(fsm_->held().members), found->revision,
                        net::boot_now());
}

asio::awaitable<void> ownership_source::runner::read_barrier(action a, std::uint64_t incarnation) {
  const auto known = known_revision_;
  const auto found = co_await store_.read_barrier();
  if (!is_current(incarnation)) co_return;
  if (!found) co_return failed(a, found.error());
  if (!believes(*found, known)) co_return;
  const auto& view = found->table.record();
  fsm_->on_barrier_read({view.revision, found->table.routers(), found->revision}, view, net::boot_now());
}

asio::awaitable<void> ownership_source::runner::write_record(action a, std::uint64_t incarnation) {
  auto r = fsm_->to_write();
  const auto over = fsm_->to_write_over();
  const auto revision = co_await store_.write_record(std::move(r), over);
  if (!is_current(incarnation)) co_return;
  if (!revision) co_return failed(a, revision.error());
  if (*revision == 0) co_return fsm_->on_record_conflict();
  fsm_->on_record_written(*revision, net::boot_now());
}

asio::awaitable<void> ownership_source::runner::acknowledge(action a, std::uint64_t incarnation) {
  const auto done = co_await store_.acknowledge(fsm_->incarnation(), fsm_->to_acknowledge());
  if (!is_current(incarnation)) co_return;
  if (!done) co_return failed(a, done.error());
  if (!*done) co_return fsm_->on_unregistered();
  fsm_->on_acknowledged();
}

asio::awaitable<void> ownership_source::runner::remove(action a, std::uint64_t incarnation) {
  const auto done = co_await store_.remove(a.router);
  if (!is_current(incarnation)) co_return;
  if (!done) co_return failed(a, done.error());
  spdlog::warn("pool {}: {} is dead, and was taken out of the barrier set", options_.pool, a.router);
  fsm_->on_removed(a.router);
}

asio::awaitable<void> ownership_source::runner::keep_lease(std::shared_ptr<runner> self, std::int64_t lease,
                                                           ownership::duration ttl,
                                                           std::uint64_t incarnation) {
  boost::system::error_code aborted;
  auto pause = ttl / 3;
  while (self->is_current(incarnation)) {
    self->lease_timer_.expires_after(pause);
    co_await self->lease_timer_.async_wait(asio::redirect_error(asio::use_awaitable, aborted));
    if (!self->is_current(incarnation)) co_return;
    // What came of it, the next read of oneself shows. Another endpoint may answer, while there is time.
    const auto kept = co_await self->client_->lease_keep_alive(lease);
    pause = kept ? ttl / 3 : std::min<ownership::duration>(ttl / 3, self->options_.protocol.again);
  }
}

asio::awaitable<void> ownership_source::runner::revoke(std::shared_ptr<runner> self, std::int64_t lease) {
  (void)co_await self->client_->lease_revoke(lease); // else it runs out
}

} // namespace limpet::membership
