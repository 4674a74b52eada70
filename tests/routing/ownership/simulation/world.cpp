#include "tests/routing/ownership/simulation/world.hpp"

#include "tests/routing/ownership/simulation/proxy.hpp"
#include <algorithm>
#include <cstdio>

namespace limpet::ownership::simulation {

namespace {

barrier_fsm::settings tenth_of_real() {
  barrier_fsm::settings s;
  s.limits.window = milliseconds(300);
  s.limits.work_max = milliseconds(300);
  s.limits.margin = milliseconds(25);
  s.limits.lease_ttl = milliseconds(500);
  s.pace = {milliseconds(10), milliseconds(100), milliseconds(25)};
  s.turn = milliseconds(10);
  s.again = milliseconds(25);
  return s;
}

std::string name_of(const routing::member& m) {
  return m.id + "/" + m.incarnation;
}

} // namespace

world::world(const options& o)
    : random(o.seed), etcd([this] { on_change(); }), options_(o), settings_(tenth_of_real()),
      member_incarnations_(o.members) {
  for (unsigned i = 0; i < o.proxies; ++i)
    proxies_.push_back(std::make_unique<proxy>(*this, i));
}

world::~world() = default;

void world::say(const std::string& what) const {
  if (!options_.trace) return;
  const auto us = std::chrono::duration_cast<microseconds>(events.now()).count();
  std::printf("%10.3f ms  %s\n", static_cast<double>(us) / 1000, what.c_str());
}

void world::violates(const std::string& what) {
  if (!result.violation.empty()) return;
  result.violation = what;
  say("VIOLATION " + what);
  for (const auto& p : proxies_)
    say(p->describe());
  for (const auto& r : etcd.read()->barrier.routers)
    say(r.incarnation + (r.alive ? " is alive, " : " is dead, ") + "has acknowledged " +
        std::to_string(r.acknowledged));
}

void world::executes(std::uint64_t key, const routing::member& owner, std::uint64_t epoch, real_time until) {
  auto& s = sessions_[key];
  const auto by = name_of(owner);
  std::erase_if(s.executions, [&](const execution& e) { return e.until <= events.now(); });
  for (const auto& e : s.executions)
    if (e.owner != by) violates("I1: " + e.owner + " and " + by + " execute one session at once");
  s.executions.push_back({by, until});
  // A store behind the members compares epochs where a session's owner changes.
  if (s.owner != by && epoch <= s.epoch_max && !s.owner.empty())
    violates("I3: " + by + " comes with epoch " + std::to_string(epoch) + " after " + s.owner + " with " +
             std::to_string(s.epoch_max));
  s.owner = by;
  s.epoch_max = std::max(s.epoch_max, epoch);
}

void world::on_change() {
  const auto state = etcd.read();
  if (state->view.revision != last_view_.revision) {
    say(std::string(to_string(state->view.state)) + " " + std::to_string(state->view.revision) + " of " +
        std::to_string(state->view.members.size()) + " members");
    if (!state->view.is_prepare()) check_commit(state->view);
    last_view_ = state->view;
  }
  if (departs(mutant::no_grace))
    for (const auto& r : state->barrier.routers)
      if (!r.alive) events.after(milliseconds(1), [this, i = r.incarnation] { etcd.remove(i); });
  for (auto& p : proxies_)
    p->on_change();
}

void world::check_commit(const record& committed) {
  ++result.commits;
  if (options_.departs != mutant::none) return; // they have to come as far as two owners
  const owners prepared(last_view_);
  if (!last_view_.is_prepare() || committed.epoch != last_view_.revision)
    return violates("a commit of what was not prepared");
  std::vector<std::string> moved;
  for (const auto& p : proxies_)
    p->collect_moved(prepared, moved);
  for (const auto& [key, s] : sessions_)
    for (const auto& e : s.executions)
      if (e.until > events.now() && prepared.moves(key)) moved.push_back("an execution at " + e.owner);
  if (!moved.empty())
    violates("I2: at the commit of " + std::to_string(committed.epoch) + " there is " + moved.front());
}

/// I4: without faults and changes everything comes to rest.
void world::check_rest() {
  if (options_.departs != mutant::none) return;
  const auto state = etcd.read();
  if (state->view.is_prepare() || state->view.members != state->members)
    return violates("I4: no commit of the newest members");
  for (const auto& p : proxies_)
    if (!p->is_at_rest_with(state->view))
      return violates("I4: " + p->name() + " does not serve by the newest record");
}

void world::restart_member(unsigned number) {
  const auto incarnation = ++member_incarnations_[number];
  routing::member m;
  m.id = "m" + std::to_string(number);
  m.incarnation = std::to_string(incarnation);
  m.address = "10.0.0." + std::to_string(number) + ":80";
  m.weight = 1 + static_cast<std::uint32_t>(random.below(3));
  etcd.put_member(m);
}

void world::change_members() {
  const auto number = static_cast<unsigned>(random.below(options_.members));
  const auto id = "m" + std::to_string(number);
  const auto& members = etcd.read()->members;
  const auto found = std::ranges::find(members, id, &routing::member::id);
  if (found == members.end()) return restart_member(number);
  auto changed = *found;
  switch (random.below(4)) {
  case 0:
    return restart_member(number);
  case 1:
    changed.state = routing::member_state::draining;
    return etcd.put_member(changed);
  case 2:
    changed.weight = 1 + changed.weight % 3;
    return etcd.put_member(changed);
  default:
    return etcd.delete_member(id);
  }
}

void world::make_fault() {
  auto& p = *proxies_[random.below(proxies_.size())];
  switch (random.below(7)) {
  case 0:
    p.kill();
    return events.after(random.between(milliseconds(1), milliseconds(900)), [&p] { p.start(); });
  case 1:
    return p.leave();
  case 2:
    say(p.name() + " is cut off");
    return p.cut_off_until(events.now() + random.between(milliseconds(10), milliseconds(1800)));
  case 3:
    say(p.name() + " sees nothing");
    return p.stall_watch_until(events.now() + random.between(milliseconds(10), milliseconds(1500)));
  case 4:
    return p.lose_lease();
  case 5:
    say(p.name() + " hears late");
    p.hear_late_until(events.now() + random.between(milliseconds(600), milliseconds(1800)));
    if (random.one_in(2)) p.lose_lease();
    return;
  default:
    change_members(); // two at once
    return change_members();
  }
}

void world::run_until(real_time end) {
  while (result.violation.empty() && events.step(end)) {
  }
  result.steps = events.steps();
}

outcome world::run() {
  for (unsigned i = 0; i < options_.members; ++i)
    if (random.one_in(2) || i == 0) restart_member(i);
  for (auto& p : proxies_)
    events.after(random.between(real_time(0), milliseconds(300)), [&p] { p->start(); });
  std::function<void()> ask = [&] {
    proxies_[random.below(proxies_.size())]->request();
    events.after(random.between(microseconds(100), milliseconds(4)), ask);
  };
  std::function<void()> change = [&] {
    if (!is_calm) change_members();
    events.after(random.between(milliseconds(5), milliseconds(random.one_in(3) ? 60 : 700)), change);
  };
  std::function<void()> fail = [&] {
    if (!is_calm) make_fault();
    events.after(random.between(milliseconds(20), milliseconds(900)), fail);
  };
  events.after(real_time(0), ask);
  events.after(milliseconds(1), change);
  events.after(milliseconds(2), fail);
  for (unsigned round = 0; round < options_.rounds && result.violation.empty(); ++round) {
    is_calm = false;
    run_until(events.now() + std::chrono::seconds(5));
    is_calm = true;
    for (auto& p : proxies_) {
      p->cut_off_until(events.now());
      p->stall_watch_until(events.now());
      p->hear_late_until(events.now());
    }
    // Whoever was being killed or left is back after 2.5 s; then a lease, a grace and the work of one record.
    run_until(events.now() + std::chrono::seconds(5));
    if (result.violation.empty()) check_rest();
  }
  return result;
}

} // namespace limpet::ownership::simulation
