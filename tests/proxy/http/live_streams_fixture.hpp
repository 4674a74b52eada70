#pragma once

#include "proxy/http/live_streams.hpp"
#include "proxy/http/worker_state.hpp"
#include "tests/proxy/net/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace limpet::http {

using namespace std::chrono_literals;
using routing::member_state;
using testing::ElementsAre;
using testing::IsEmpty;

/// A stream that writes down what it is told.
class told_stream final : public live_stream {
public:
  routing::placement_key key;
  std::uint32_t number = 0; ///< of its member
  std::vector<std::string> told;
  net::milliseconds within{};
  int asked = 0;
  bool may_stay = true; ///< once it was let go

private:
  routing::placement_key session() const noexcept override {
    ++const_cast<told_stream*>(this)->asked;
    return key;
  }
  void let_go(parting why, net::milliseconds most) override {
    told.push_back("let go: " + std::string(name_of(why)));
    within = most;
  }
  bool stay() noexcept override {
    if (may_stay) told.push_back("stays");
    return may_stay;
  }
  void end_now(parting why) override { told.push_back("ended: " + std::string(name_of(why))); }
};

/// One worker, and a control thread's work done by hand.
class live_streams_test : public ::testing::Test {
protected:
  live_streams_test() {
    settings.name = "app";
    settings.on_remove.per_second = settings.rebalance.per_second = 1'000'000; // at once
    settings.on_remove.deadline = 1h;
    fence->set(ownership::never);
    set({"a", "b", "c"});
  }

  struct one {
    std::string id;
    member_state state = member_state::ready;
    std::string incarnation = "first";
  };

  void set(const std::vector<std::string>& ids) {
    members = ready(ids);
    prepared.clear();
    publish();
  }
  /// The members stay, and a PREPARE of these takes the place of the record before.
  void prepare(const std::vector<std::string>& ids) {
    prepared = ready(ids);
    publish();
  }
  static std::vector<one> ready(const std::vector<std::string>& ids) {
    std::vector<one> all;
    for (const auto& id : ids)
      all.push_back({id});
    return all;
  }
  static std::vector<routing::member> listed(const std::vector<one>& members) {
    std::vector<routing::member> list;
    for (const auto& m : members)
      list.push_back({m.id, m.incarnation, "10.0.0.1:1", 1, "", m.state});
    return list;
  }
  /// Of the members, or of the PREPARE.
  ownership::record record() const {
    ownership::record r;
    r.revision = r.epoch = snapshots + 1;
    r.members = listed(members);
    if (prepared.empty()) return r;
    r.base = std::exchange(r.members, listed(prepared));
    r.state = ownership::record_state::prepare;
    return r;
  }
  one& member(const std::string& id) { return *std::ranges::find(members, id, &one::id); }
  void drain(const std::string& id) {
    member(id).state = member_state::draining;
    publish();
  }

  void publish() {
    auto next = std::make_shared<pool_snapshot>();
    next->number = 7;
    next->settings = settings;
    next->placement = policy;
    next->view = routing::view(listed(members), 1);
    next->state = state;
    if (hands_over_by_a_barrier)
      next->strict = net::strict_view{std::make_shared<const ownership::owners>(record()), fence, 1, 0};
    for (const auto& m : next->view.members())
      next->targets.push_back(target_of(m.id, m.incarnation));
    next->compare(pool.get());
    pool = next;
    auto s = std::make_shared<snapshot>();
    s->number = ++snapshots;
    if (has_pool) s->pools.push_back(pool);
    s->index_members();
    worker.publish(s);
    for (auto& other : others)
      other.publish(s);
  }
  const net::member_target& target_of(const std::string& id, const std::string& incarnation = "first") {
    auto& target = targets[id + incarnation];
    if (!target.shared) {
      target.number = target.label = static_cast<std::uint32_t>(targets.size());
      target.shared = std::make_shared<net::reachability>(
          std::shared_ptr<std::atomic<std::uint64_t>>(state, &state->recoveries));
    }
    return target;
  }

  /// The n-th session, on its owner.
  told_stream& open(std::size_t session, stream_kind kind = stream_kind::tunnel) {
    const auto hash = routing::hash_bytes("session " + std::to_string(session));
    return open_on(pool->view.members()[routing::owner(pool->view, hash)].id,
                   routing::placement_key::of_request(hash), kind);
  }
  told_stream& open_on(const std::string& id, const routing::placement_key& key,
                       stream_kind kind = stream_kind::tunnel, bool away = false) {
    auto& s = streams.emplace_back();
    s.key = key;
    s.number = target_of(id).number;
    worker.streams.add(s, {*pool, target_of(id), snapshots, kind, away});
    return s;
  }
  std::vector<told_stream*> open_many(std::size_t count, stream_kind kind = stream_kind::tunnel) {
    std::vector<told_stream*> opened;
    for (std::size_t i = 0; i < count; ++i)
      opened.push_back(&open(i, kind));
    return opened;
  }
  std::string owner_of(const told_stream& s) const {
    return pool->view.members()[routing::owner(pool->view, s.key.hash)].id;
  }
  /// Those whose session waits for a commit.
  std::vector<told_stream*> handed_over(std::vector<told_stream*> of) const {
    std::erase_if(of, [this](const auto* s) { return !pool->strict->owners->moves(s->key.hash); });
    return of;
  }
  static std::size_t told_count(const std::vector<told_stream*>& of) {
    return static_cast<std::size_t>(std::ranges::count_if(of, [](auto* s) { return !s->told.empty(); }));
  }

  std::uint64_t counted(metric m, std::uint32_t a, std::uint32_t b = 0) {
    auto shard = worker.sample();
    return shard.values[net::counter_shard::key(static_cast<std::uint16_t>(m), a, b)];
  }
  std::uint64_t waiting() { return counted(metric::streams_waiting, 7); }
  std::uint64_t let_go(parting why) {
    return counted(metric::streams_let_go, 7, static_cast<std::uint32_t>(why));
  }
  std::uint64_t cut(parting why) { return counted(metric::streams_cut, 7, static_cast<std::uint32_t>(why)); }
  /// Until nothing is to be done but to wait.
  void settle() { on.poll(); }
  /// The pace is such that nobody's time comes during the test.
  void hold_moving() {
    settings.rebalance.per_second = 1;
    state->moving.take(net::clock::now() + 1h, 1s);
    publish();
  }
  void hold_all() {
    settings.on_remove.per_second = 1;
    state->leaving.take(net::clock::now() + 1h, 1s);
    hold_moving();
  }

  net::loop on;
  process_state process;
  worker_state worker{on.events, process};
  std::deque<worker_state> others; ///< of the process
  config::pool settings;
  routing::placement_policy policy;
  std::shared_ptr<pool_state> state = std::make_shared<pool_state>();
  std::map<std::string, net::member_target> targets;
  std::vector<one> members, prepared;
  std::shared_ptr<const pool_snapshot> pool;
  bool has_pool = true;
  bool hands_over_by_a_barrier = false;
  std::shared_ptr<net::write_fence> fence = std::make_shared<net::write_fence>();
  std::uint64_t snapshots = 0;
  std::deque<told_stream> streams; // before the worker's end
};

} // namespace limpet::http
