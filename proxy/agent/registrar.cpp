#include "proxy/agent/registrar.hpp"

#include "proxy/membership/client_options.hpp"
#include "proxy/membership/member_codec.hpp"
#include "proxy/membership/member_table.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

namespace limpet::agent {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

// Requests are named before they are awaited: gcc 12 destroys a braced temporary in a co_await expression
// twice.

/// No request may take so long that the lease runs out behind it while another endpoint would have answered.
etcd::client_options client_options_for(const config::agent_settings& agent,
                                        const config::etcd_settings& settings) {
  etcd::client_options options = membership::client_options_from(settings);
  options.timeout = std::min(settings.timeout, agent.lease_ttl / 3);
  return options;
}

std::int64_t lease_seconds(const config::agent_settings& agent) {
  return std::chrono::duration_cast<std::chrono::seconds>(agent.lease_ttl).count();
}

} // namespace

registrar::registrar(asio::io_context& io, const config::agent_settings& agent,
                     const config::etcd_settings& etcd)
    : agent_(agent), key_(membership::pool_keys(etcd.prefix, agent.pool).members + agent.id),
      client_(client_options_for(agent, etcd)), fsm_({.lease_ttl = agent.lease_ttl,
                                                      .drain = agent.drain,
                                                      .weight = agent.weight,
                                                      .slow_start = agent.slow_start},
                                                     std::random_device{}()),
      wake_(io) {}

void registrar::healthy(std::string incarnation) {
  fsm_.healthy(std::move(incarnation));
  wake_.cancel();
}

void registrar::unhealthy() {
  fsm_.unhealthy();
  wake_.cancel();
}

void registrar::drain() {
  fsm_.drain(clock::now());
  wake_.cancel();
}

void registrar::stop() {
  fsm_.stop(clock::now());
  wake_.cancel();
}

asio::awaitable<bool> registrar::run() {
  while (!fsm_.is_over(clock::now())) {
    const fsm::action action = fsm_.next(clock::now());
    const bool is_wait = std::holds_alternative<fsm::wait>(action);
    auto operation = std::visit([this](const auto& step) { return perform(step); }, action);
    const outcome came_of_it = co_await std::move(operation);
    if (is_wait) continue;
    const bool was_registered = fsm_.is_registered();
    const bool was_superseded = fsm_.is_superseded();
    const auto weight_before = fsm_.weight();
    fsm_.finished(came_of_it, clock::now());
    log_progress(was_registered, was_superseded, weight_before);
  }
  co_return !fsm_.has_lease();
}

void registrar::log_progress(bool was_registered, bool was_superseded, std::uint32_t weight_before) {
  if (fsm_.is_registered() && !was_registered) spdlog::info("{} is registered", key_);
  if (!fsm_.is_registered() && was_registered) spdlog::info("{} is not registered any more", key_);
  if (fsm_.weight() != weight_before && fsm_.is_registered() &&
      agent_.slow_start > std::chrono::milliseconds(0))
    spdlog::info("{} has weight {} of {}", key_, fsm_.weight(), agent_.weight);
  if (fsm_.is_superseded() && !was_superseded) {
    const bool is_leased = fsm_.holder_lease() != 0;
    spdlog::error("{} is held by {}; this agent registers when it is free", key_,
                  is_leased ? "another agent"
                            : "a value without a lease, which somebody put and has to delete");
  }
}

/// An event cancels the wait.
asio::awaitable<registrar::outcome> registrar::perform(fsm::wait step) {
  wake_.expires_at(step.until);
  co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return fsm::done();
}

asio::awaitable<registrar::outcome> registrar::perform(fsm::delete_leftover) {
  etcd::delete_range_request request{.key = key_, .range_end = {}};
  const auto deleted = co_await client_.delete_range(std::move(request));
  if (!deleted) co_return failure(deleted.error());
  if (deleted->deleted > 0) spdlog::info("{} was there from before, and was deleted", key_);
  co_return fsm::done();
}

asio::awaitable<registrar::outcome> registrar::perform(fsm::grant_lease) {
  const etcd::lease_grant_request request{.ttl_s = lease_seconds(agent_)};
  const auto lease = co_await client_.lease_grant(request);
  if (!lease) co_return failure(lease.error());
  co_return fsm::granted{lease->id};
}

asio::awaitable<registrar::outcome> registrar::perform(fsm::create step) {
  etcd::compare absent{.key = key_, .what = etcd::compare::target::create_revision, .value = {}};
  return put_if(std::move(absent), step.lease, value_of(step.incarnation, step.weight));
}

asio::awaitable<registrar::outcome> registrar::perform(fsm::adopt step) {
  etcd::compare unchanged{
      .key = key_, .what = etcd::compare::target::mod_revision, .number = step.mod_revision, .value = {}};
  return put_if(std::move(unchanged), step.lease, value_of(step.incarnation, step.weight));
}

asio::awaitable<registrar::outcome> registrar::perform(fsm::raise_weight step) {
  return put_if_ours(step.lease, value_of(step.incarnation, step.weight));
}

asio::awaitable<registrar::outcome> registrar::perform(fsm::mark_draining step) {
  return put_if_ours(step.lease, value_of(step.incarnation, step.weight, routing::member_state::draining));
}

asio::awaitable<registrar::outcome> registrar::put_if_ours(std::int64_t lease, std::string value) {
  etcd::compare ours{.key = key_, .what = etcd::compare::target::lease, .number = lease, .value = {}};
  return put_if(std::move(ours), lease, std::move(value));
}

asio::awaitable<registrar::outcome> registrar::perform(fsm::keep_alive step) {
  const auto kept = co_await client_.lease_keep_alive(step.lease);
  if (!kept) co_return failure(kept.error());
  if (kept->ttl_s > 0) co_return fsm::done();
  spdlog::warn("{}: etcd has dropped the lease", key_);
  co_return fsm::lease_gone();
}

asio::awaitable<registrar::outcome> registrar::perform(fsm::look step) {
  etcd::range_request request{.key = key_, .range_end = {}};
  const auto seen = co_await client_.range(std::move(request));
  if (!seen) co_return failure(seen.error());
  if (seen->kvs.empty()) {
    spdlog::warn("{} has been deleted", key_);
    co_return fsm::absent();
  }
  const fsm::exists there = holder_of(seen->kvs.front());
  if (there.lease == step.lease && there.incarnation == step.incarnation) co_return fsm::done();
  co_return there;
}

asio::awaitable<registrar::outcome> registrar::perform(fsm::revoke step) {
  const auto revoked = co_await client_.lease_revoke(step.lease);
  if (!revoked) co_return failure(revoked.error());
  co_return fsm::done();
}

asio::awaitable<registrar::outcome> registrar::put_if(etcd::compare condition, std::int64_t lease,
                                                      std::string value) {
  etcd::txn_request request;
  request.compares.push_back(std::move(condition));
  request.success.push_back(etcd::put_request{.key = key_, .value = std::move(value), .lease = lease});
  request.failure.push_back(etcd::range_request{.key = key_, .range_end = {}});
  const auto done = co_await client_.txn(std::move(request));
  if (!done) co_return failure(done.error());
  if (done->succeeded) co_return fsm::done();
  const auto* found =
      done->responses.empty() ? nullptr : std::get_if<etcd::range_response>(&done->responses.front());
  if (found == nullptr || found->kvs.empty()) co_return fsm::absent();
  co_return holder_of(found->kvs.front());
}

/// A value that is no member's has no incarnation.
registration_fsm::exists registrar::holder_of(const etcd::key_value& kv) const {
  const auto holder = membership::decode_member(agent_.id, kv.value);
  if (!holder) return {{}, kv.lease, kv.mod_revision, 0};
  return {holder->incarnation, kv.lease, kv.mod_revision, holder->weight};
}

std::string registrar::value_of(const std::string& incarnation, std::uint32_t weight,
                                routing::member_state state) const {
  routing::member member;
  member.id = agent_.id;
  member.incarnation = incarnation;
  member.address = agent_.address.text;
  member.weight = weight;
  member.zone = agent_.zone;
  member.state = state;
  return membership::encode_member(member);
}

/// Logs each problem once, and not at every attempt.
registrar::outcome registrar::failure(const etcd::error& reason) {
  if (reason.code == etcd::errc::not_found) return fsm::lease_gone();
  if (reason.message != last_problem_) spdlog::warn("{}: {}", key_, reason.message);
  last_problem_ = reason.message;
  return fsm::failed();
}

} // namespace limpet::agent
