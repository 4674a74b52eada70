#include "tests/routing/ownership/simulation/proxy.hpp"

#include "routing/mix64.hpp"

#include <algorithm>
#include <utility>

namespace limpet::ownership::simulation {

using kind = barrier_fsm::action::kind;

namespace {

constexpr real_time started_at = std::chrono::hours(1); // so that no clock is near zero

} // namespace

proxy::proxy(world& w, unsigned number) : world_(w), number_(number) {}

std::string proxy::name() const {
  return "proxy " + std::to_string(number_);
}

boot_time proxy::local_now() const noexcept {
  const auto since = static_cast<double>(world_.events.now().count()) * rate_;
  return boot_time(started_at + real_time(static_cast<std::int64_t>(since)));
}

void proxy::later(real_time delay, std::function<void()> what) {
  world_.events.after(delay, [this, process = process_, what = std::move(what)] {
    if (process == process_) what();
  });
}

real_time proxy::latency() {
  auto& random = world_.random;
  if (!world_.is_calm && random.one_in(40)) return random.between(real_time(0), milliseconds(600));
  return random.between(microseconds(50), milliseconds(3));
}

real_time proxy::reply_latency() {
  if (world_.events.now() >= hears_late_until_) return latency();
  return world_.random.between(milliseconds(200), milliseconds(690));
}

void proxy::start() {
  if (is_up_) return;
  ++process_;
  is_up_ = true;
  is_ending_ = false;
  // Rates within ρ of the store's and the members'.
  const auto drift = world_.settings().limits.drift_ppm;
  rate_ = 1 + (static_cast<double>(world_.random.below(2 * drift)) - drift) / 1e6;
  for (unsigned i = 0; i < world_.given().workers; ++i)
    workers_.push_back(std::make_unique<worker>(*this, i));
  begin_incarnation();
}

void proxy::kill() {
  if (!is_up_) return;
  world_.say(name() + " is killed");
  ++process_;
  is_up_ = false;
  serve_until_ = long_ago;
  workers_.clear(); // what is executing goes on at the members
  fsm_.reset();
  lease_.reset();
  incarnation_.clear();
}

/// Rule 4: nothing new, wait until nothing is counted, then delete the keys. The next process comes soon
/// after.
void proxy::leave() {
  if (!is_up_ || is_ending_ || !fsm_ || !fsm_->registered()) return;
  is_ending_ = true;
  for (auto& w : workers_)
    w->let_tunnels_go();
  const auto go = [this, incarnation = incarnation_] {
    ask(
        milliseconds(500),
        [this, incarnation] {
          world_.etcd.leave(incarnation);
          return true;
        },
        [](bool, auto&) {});
    world_.say(name() + " leaves");
    later(milliseconds(600), [this] {
      kill();
      world_.events.after(milliseconds(100), [this] { start(); });
    });
  };
  if (world_.departs(mutant::exit_at_once)) return go();
  wait_for_nothing(go);
}

void proxy::wait_for_nothing(std::function<void()> then) {
  const bool has_anything = std::ranges::any_of(workers_, [](const auto& w) { return w->has_anything(); });
  if (!has_anything) return then();
  later(milliseconds(5), [this, then = std::move(then)]() mutable { wait_for_nothing(std::move(then)); });
}

void proxy::begin_incarnation() {
  ++generation_;
  ++world_.result.incarnations;
  incarnation_ =
      "p" + std::to_string(number_) + "." + std::to_string(process_) + "." + std::to_string(generation_);
  auto settings = world_.settings();
  if (world_.departs(mutant::no_d)) settings.limits.work_max = duration(0);
  fsm_ = std::make_unique<barrier_fsm>(incarnation_, workers_.size(), settings);
  given_ = nothing_given;
  own_deadline_ = long_ago;
  pump();
}

void proxy::end_incarnation() {
  world_.say(name() + " has lost its incarnation " + incarnation_);
  ++generation_;
  fsm_.reset();
  lease_.reset();
  incarnation_.clear();
  serve_until_ = long_ago;
  own_deadline_ = long_ago;
  if (!world_.departs(mutant::uncut_incarnation))
    for (auto& w : workers_)
      w->cut_all();
  if (is_ending_) return;
  // The next one begins when all workers have done so; here they have.
  later(milliseconds(1 + world_.random.below(50)), [this] { begin_incarnation(); });
}

void proxy::pump() {
  if (!fsm_) return;
  for (;;) {
    const auto a = fsm_->next(local_now());
    if (a.what == kind::wait) break;
    act(a);
  }
  if (fsm_->ended()) return end_incarnation();
  if (fsm_->registered()) give_record();
  serve_until_ = is_ending_ ? std::min(fsm_->serve_until(), never) : fsm_->serve_until();
  if (world_.departs(mutant::receive_time) || world_.departs(mutant::two_steps))
    serve_until_ = std::max(serve_until_, own_deadline_);
  const auto at = fsm_->wake_at();
  if (at == never) return;
  // A little late, since this clock may be slow. Only the last one counts.
  later(std::max(at - local_now(), duration(0)) + microseconds(50), [this, alarm = ++alarm_] {
    if (alarm == alarm_) pump();
  });
}

void proxy::give_record() {
  if (given_ == fsm_->held().revision) return;
  given_ = fsm_->held().revision;
  auto r = fsm_->held();
  if (world_.departs(mutant::by_id) && r.is_prepare())
    for (auto& m : r.members)
      for (const auto& before : r.base)
        if (before.id == m.id) m.incarnation = before.incarnation, m.address = before.address;
  past_.push_back(std::make_shared<const owners>(r));
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const auto slow = world_.random.one_in(10) ? milliseconds(60) : microseconds(500);
    later(world_.random.between(real_time(0), slow), [this, i, by = past_.back()] {
      workers_[i]->apply(by);
      workers_[i]->repeat_word();
    });
    if (world_.departs(mutant::serve_before_applied)) fsm_->on_word(i, given_, false);
  }
  if (world_.departs(mutant::backwards) && past_.size() > 2)
    later(milliseconds(30),
          [this, by = past_[past_.size() - 2 - world_.random.below(2)]] { workers_[0]->apply(by); });
}

void proxy::say_word(std::size_t number, std::uint64_t revision, bool none_left) {
  // In the order in which they are said, as by a queue.
  word_last_ =
      std::max(world_.events.now() + world_.random.between(real_time(0), milliseconds(1)), word_last_);
  later(word_last_ - world_.events.now(), [this, number, revision, none_left] {
    if (!fsm_) return;
    if (!world_.departs(mutant::ack_of_one_worker))
      fsm_->on_word(number, revision, none_left);
    else if (number == 0)
      for (std::size_t i = 0; i < workers_.size(); ++i)
        fsm_->on_word(i, revision, none_left);
    pump();
  });
}

void proxy::on_change() {
  if (!is_up_) return;
  auto& events = world_.events;
  auto at = std::max(events.now() + reply_latency(), watch_last_);
  at = std::max(at, watch_stalled_until_);
  at = std::max(at, cut_off_until_);
  watch_last_ = at;
  later(at - events.now(), [this, state = world_.etcd.read()] { deliver(state); });
}

void proxy::deliver(const std::shared_ptr<const store_state>& state) {
  if (!state->view.is_prepare()) cached_ = state;
  if (!fsm_ || !fsm_->registered()) return;
  fsm_->on_record(state->view, local_now());
  fsm_->on_members_seen(state->members, state->revision, local_now());
  fsm_->on_barrier_seen(state->barrier.routers, state->revision, local_now());
  pump();
}

void proxy::ask(real_time timeout, std::function<bool()> at_store, reply then) {
  struct call {
    bool is_over = false;
    bool was_made = false;
    std::shared_ptr<const store_state> state;
  };
  auto& events = world_.events;
  auto c = std::make_shared<call>();
  const auto is_lost = [this] {
    return world_.events.now() < cut_off_until_ || (!world_.is_calm && world_.random.one_in(60));
  };
  // For the incarnation that asked, and no other.
  const auto tell = [this, c, generation = generation_, then = std::move(then)](bool has_come) {
    if (std::exchange(c->is_over, true) || generation != generation_) return;
    static const auto nothing = std::make_shared<const store_state>();
    then(has_come && c->was_made, has_come ? c->state : nothing);
    pump();
  };
  if (!is_lost())
    events.after(latency(), [this, c, tell, is_lost, process = process_, at_store = std::move(at_store)] {
      c->was_made = at_store();
      c->state = world_.etcd.read();
      if (is_lost() || process != process_) return;
      later(reply_latency(), [tell] { tell(true); });
    });
  later(timeout, [tell] { tell(false); });
}

void proxy::act(const barrier_fsm::action& a) {
  auto& etcd = world_.etcd;
  const real_time timeout = milliseconds(400);
  const auto failed = [this, a] { fsm_->on_failed(a, local_now()); };
  switch (a.what) {
  case kind::wait:
    return;
  case kind::register_once:
    return register_incarnation();
  case kind::read_self:
    return ask(
        milliseconds(700), [] { return true; },
        [this, failed](bool made, const auto& state) {
          if (!made) return failed();
          read_self(*state);
        });
  case kind::read_members:
    return ask(
        timeout, [] { return true; },
        [this, failed](bool made, const auto& state) {
          if (!made) return failed();
          fsm_->on_members_read(state->members, state->revision, local_now());
        });
  case kind::read_barrier:
    return ask(
        timeout, [] { return true; },
        [this, failed](bool made, const auto& state) {
          if (!made) return failed();
          fsm_->on_barrier_read(as_read(*state), state->view, local_now());
        });
  case kind::write_record:
    return write_record(a);
  case kind::acknowledge: {
    const auto r = fsm_->to_acknowledge();
    return ask(
        timeout,
        [&etcd, r, i = incarnation_] {
          etcd.acknowledge(i, r);
          return true;
        },
        [this, failed](bool made, const auto& state) {
          if (!made) return failed();
          if (!state->has_routers(incarnation_)) return fsm_->on_unregistered();
          fsm_->on_acknowledged();
        });
  }
  case kind::remove:
    return ask(
        timeout,
        [&etcd, r = a.router] {
          etcd.remove(r);
          return true;
        },
        [this, failed, a](bool made, const auto&) {
          if (!made) return failed();
          fsm_->on_removed(a.router);
        });
  }
}

void proxy::write_record(const barrier_fsm::action& a) {
  auto r = fsm_->to_write();
  const auto& head = fsm_->held();
  if (world_.departs(mutant::base_of_superseded) && r.is_prepare() && head.is_prepare())
    r.base = head.members, r.base_epoch = head.epoch;
  const auto revision = std::make_shared<std::uint64_t>(0);
  const auto write = [this, r, revision, over = fsm_->to_write_over()] {
    *revision = world_.etcd.write_view(r, over).value_or(0);
    return true;
  };
  ask(milliseconds(400), write, [this, a, revision](bool made, const auto&) {
    if (!made) return fsm_->on_failed(a, local_now());
    if (*revision == 0) return fsm_->on_record_conflict();
    fsm_->on_record_written(*revision, local_now());
  });
}

/// What a read of the barrier set has found; departures lie here.
barrier_reading proxy::as_read(const store_state& state) const {
  auto reading = state.barrier;
  if (world_.departs(mutant::cached_routers) && cached_)
    std::erase_if(reading.routers, [&](const auto& r) { return !cached_->has_routers(r.incarnation); });
  if (world_.departs(mutant::old_acks) && state.view.is_prepare())
    for (auto& r : reading.routers)
      if (r.acknowledged > state.view.base_epoch) r.acknowledged = state.view.revision;
  return reading;
}

void proxy::read_self(const store_state& state) {
  const bool has_routers = state.has_routers(incarnation_);
  const bool has_alive = state.has_alive(incarnation_);
  if (world_.departs(mutant::alive_again) && has_routers && !has_alive) {
    world_.etcd.create_alive(incarnation_);
    world_.events.after(world_.random.between(milliseconds(1), milliseconds(200)),
                        [this, i = incarnation_] { world_.etcd.lose_alive(i); });
    return fsm_->on_failed({kind::read_self, {}}, local_now());
  }
  if (has_routers && has_alive) own_deadline_ = local_now() + world_.settings().limits.window;
  fsm_->on_self_read(has_routers, has_alive, state.view, local_now());
}

void proxy::register_incarnation() {
  auto& etcd = world_.etcd;
  if (world_.departs(mutant::joiner_reads_first) || world_.departs(mutant::two_steps))
    return register_in_steps();
  const auto create = [this, &etcd, i = incarnation_] {
    if (!etcd.register_once(i)) return false;
    keep_lease(i);
    return true;
  };
  ask(milliseconds(400), create, [this](bool made, const auto& state) {
    if (!made) return fsm_->on_register_failed();
    fsm_->on_registered(state->view, local_now());
  });
}

void proxy::register_in_steps() {
  auto& etcd = world_.etcd;
  const bool reads_first = world_.departs(mutant::joiner_reads_first);
  const auto first = [this, &etcd, reads_first, i = incarnation_] {
    if (!reads_first) etcd.create_routers(i);
    return true;
  };
  ask(milliseconds(400), first, [this, &etcd, reads_first](bool made, const auto& before) {
    if (!made) return fsm_->on_register_failed();
    const auto second = [this, &etcd, reads_first, i = incarnation_] {
      if (reads_first && !etcd.register_once(i)) return false;
      if (!reads_first) etcd.create_alive(i);
      keep_lease(i);
      return true;
    };
    later(world_.random.between(real_time(0), milliseconds(500)), [this, second, reads_first, before] {
      const auto sent = local_now();
      ask(milliseconds(400), second, [this, reads_first, before, sent](bool then_made, const auto& state) {
        if (!then_made) return fsm_->on_register_failed();
        own_deadline_ = sent + world_.settings().limits.window;
        fsm_->on_registered(reads_first ? before->view : state->view, local_now());
      });
    });
  });
}

/// The store's side of a lease, and ours, which keeps it alive while it can be reached.
void proxy::keep_lease(const std::string& incarnation) {
  auto lease = std::make_shared<bool>(true);
  if (incarnation == incarnation_) lease_ = lease; // else the registration came late, and nobody keeps it
  const auto ttl = world_.settings().limits.lease_ttl;
  watch_lease(incarnation, lease, world_.events.now() + ttl);
}

void proxy::watch_lease(const std::string& incarnation, const std::shared_ptr<bool>& lease, real_time until) {
  const auto ttl = world_.settings().limits.lease_ttl;
  world_.events.after(ttl / 4, [this, incarnation, lease, until, ttl] {
    auto& events = world_.events;
    const bool is_kept = *lease && lease == lease_ && events.now() >= cut_off_until_;
    if (is_kept) return watch_lease(incarnation, lease, events.now() + ttl);
    if (*lease && events.now() < until) return watch_lease(incarnation, lease, until);
    world_.say("the lease of " + incarnation + " is over");
    world_.etcd.lose_alive(incarnation);
    if (world_.departs(mutant::leased_routers)) world_.etcd.leave(incarnation);
  });
}

void proxy::lose_lease() {
  if (lease_) *lease_ = false;
}

void proxy::request() {
  if (!is_up_ || is_ending_) return;
  auto& random = world_.random;
  auto& w = *workers_[random.below(workers_.size())];
  w.request(routing::mix64(random.below(world_.given().keys) + 1));
}

void proxy::collect_moved(const owners& by, std::vector<std::string>& into) const {
  if (local_now() >= serve_until_) return;
  for (const auto& w : workers_)
    w->collect_moved(by, into);
}

bool proxy::is_at_rest_with(const record& head) const {
  if (!is_up_ || !fsm_ || !fsm_->registered() || local_now() >= serve_until_) return false;
  const auto holds = [&](const auto& w) { return w->held().revision() == head.revision; };
  return fsm_->held().revision == head.revision && std::ranges::all_of(workers_, holds);
}

std::string proxy::describe() const {
  auto text = name() + ": ";
  if (!is_up_ || !fsm_) return text + (is_up_ ? "between incarnations" : "down");
  const auto left = serve_until_ == long_ago ? 0 : (serve_until_ - local_now()).count() / 1'000'000;
  text += incarnation_ + (is_ending_ ? " leaving" : "") + " holds " + std::to_string(fsm_->held().revision) +
          ", serves " + std::to_string(left) + " ms, " + std::to_string(fsm_->workers_waited_for()) +
          " workers to come, waits for";
  for (const auto& r : fsm_->waits_for())
    text += " " + std::string(r);
  for (const auto& w : workers_)
    text +=
        ", worker holds " + std::to_string(w->held().revision()) + (w->has_anything() ? " and counts" : "");
  return text;
}

} // namespace limpet::ownership::simulation
