#include "tests/routing/ownership/simulation/worker.hpp"

#include "routing/view.hpp"

#include "tests/routing/ownership/simulation/proxy.hpp"
#include <utility>

namespace limpet::ownership::simulation {

namespace {

duration counts_for(const world& w) {
  return w.settings().limits.counts_after_write();
}

} // namespace

worker::worker(proxy& of, std::size_t number)
    : proxy_(of), number_(number), ledger_(counts_for(of.surroundings()), 16), parking_(bounds()),
      held_(std::make_shared<const owners>()) {}

parking::limits worker::bounds() const {
  return {.per_session = 3, .requests = 12, .bytes = 10'000, .time = milliseconds(800)};
}

void worker::request(std::uint64_t key_hash) {
  auto& w = works_.emplace_back();
  w.key_hash = key_hash;
  w.id = next_id_++;
  admit(std::prev(works_.end()));
}

/// Serve, park or refuse, in the step that reads the record (rules 6, 7 and 11).
void worker::admit(item w) {
  auto& all = proxy_.surroundings();
  const bool is_fenced = proxy_.local_now() >= proxy_.serve_until() && !all.departs(mutant::no_fence);
  if (is_fenced || proxy_.is_leaving()) {
    ++all.result.refused;
    return end(w);
  }
  if (held_->moves(w->key_hash) && !all.departs(mutant::no_parking)) {
    if (parking_.park(w->place, w->key_hash, 100 + all.random.below(2000), proxy_.local_now()) ==
        parking::verdict::parked) {
      ++all.result.parked;
      if (all.random.one_in(8))
        with(w->id, all.random.between(milliseconds(1), milliseconds(300)), &worker::end);
      const auto& limits = parking_.bounds();
      if (parking_.requests() > limits.requests || parking_.bytes() > limits.bytes)
        all.violates("I5: parked too much");
      return look();
    }
    ++all.result.refused;
    return end(w);
  }
  choose(w);
}

void worker::choose(item w) {
  auto& all = proxy_.surroundings();
  const auto owner = held_->owner(w->key_hash);
  if (owner == routing::view::npos) return end(w);
  w->owner = held_->serving().members()[owner];
  w->epoch = held_->epoch();
  w->generation = proxy_.generation();
  w->is_chosen = true;
  w->is_tunnel = all.random.one_in(6);
  w->writes_left = static_cast<unsigned>(1 + all.random.below(w->is_tunnel ? 12 : 3));
  if (!all.departs(mutant::chosen_uncounted)) ledger_.choose(w->counted, w->key_hash);
  const auto slow = all.random.one_in(5) ? milliseconds(400) : milliseconds(5);
  with(w->id, all.random.between(microseconds(10), slow), &worker::write);
}

real_time worker::pause_of(const work& w) {
  if (!w.is_tunnel) return milliseconds(40);
  return proxy_.surroundings().random.one_in(4) ? milliseconds(2500) : milliseconds(200);
}

/// The check before each write (rule 2). A thread may be held up between it and what it allows, by less than
/// the margin.
void worker::write(item w) {
  auto& all = proxy_.surroundings();
  const auto now = proxy_.local_now();
  const bool is_of_now = w->generation == proxy_.generation() || all.departs(mutant::uncut_incarnation);
  if ((now >= proxy_.serve_until() && !all.departs(mutant::no_fence)) || !is_of_now) return give_up(w, true);
  if (all.departs(mutant::chosen_uncounted) && w->is_first) ledger_.choose(w->counted, w->key_hash);
  if (w->is_first || !all.departs(mutant::d_from_first_byte)) w->counted.writes(now);
  const real_time pause = all.random.one_in(10) ? milliseconds(20) : microseconds(5);
  with(w->id, all.random.between(real_time(0), pause), &worker::wrote);
}

void worker::wrote(item w) {
  auto& all = proxy_.surroundings();
  const real_time longest = all.random.one_in(3) ? all.settings().limits.work_max : milliseconds(15);
  const auto until = all.events.now() + all.random.between(microseconds(100), longest);
  w->executes_until = std::max(w->executes_until, until);
  all.executes(w->key_hash, w->owner, w->epoch, until);
  if (w->is_first) ++all.result.requests;
  w->is_first = false;
  --w->writes_left;
  const bool client_goes = all.random.one_in(12);
  if (client_goes)
    with(w->id, all.random.between(microseconds(1), milliseconds(30)), &worker::maybe_answered);
  else if (w->writes_left > 0)
    with(w->id, all.random.between(microseconds(100), pause_of(*w)), &worker::write);
  else
    with(w->id, until - all.events.now() + milliseconds(1), &worker::maybe_answered);
}

/// Its answer is there once nothing executes; before that its client has gone.
void worker::maybe_answered(item w) {
  const bool is_over = w->executes_until <= proxy_.surroundings().events.now();
  if (!is_over || w->is_tunnel) return give_up(w, false);
  if (w->counted.is_counted()) ledger_.end(w->counted);
  end(w);
}

void worker::give_up(item w, bool by_fence) {
  auto& all = proxy_.surroundings();
  const bool forgets = by_fence ? all.departs(mutant::given_up_fence) : all.departs(mutant::given_up_client);
  if (forgets && w->counted.is_counted()) ledger_.end(w->counted);
  end(w);
}

void worker::end(item w) {
  works_.erase(w); // what it counts is given up with it
  look();
}

void worker::with(std::uint64_t id, real_time delay, void (worker::*then)(item)) {
  proxy_.later(delay, [this, id, then] {
    for (auto at = works_.begin(); at != works_.end(); ++at)
      if (at->id == id) return (this->*then)(at);
  });
}

void worker::apply(std::shared_ptr<const owners> by) {
  auto& all = proxy_.surroundings();
  if (by->revision() < held_->revision() && !all.departs(mutant::backwards)) return;
  held_ = std::move(by);
  ledger_.apply();
  is_scanned_ = false;
  const auto delay = all.random.one_in(4) ? milliseconds(5) : milliseconds(0);
  proxy_.later(all.random.between(real_time(0), delay), [this] { scan(); });
  const auto place_anew = [this](parking_place& place) {
    for (auto at = works_.begin(); at != works_.end(); ++at)
      if (&at->place == &place) return admit(at);
  };
  parking_.release([this](std::uint64_t key) { return held_->moves(key); }, place_anew);
  look();
}

void worker::scan() {
  is_scanned_ = ledger_.scan([this](std::uint64_t key) { return held_->moves(key); }, 3);
  if (!is_scanned_) proxy_.later(microseconds(50), [this] { scan(); });
  if (is_scanned_ && held_->is_prepare()) let_tunnels_go();
  look();
}

/// Those whose session moves, or all where the proxy leaves; each in its time.
void worker::let_tunnels_go() {
  auto& random = proxy_.surroundings().random;
  for (auto& w : works_)
    if (w.is_chosen && w.is_tunnel && (proxy_.is_leaving() || held_->moves(w.key_hash)))
      with(w.id, random.between(microseconds(1), milliseconds(300)), &worker::maybe_answered);
}

/// Whether there is something to say, and when there may be.
void worker::look() {
  const auto now = proxy_.local_now();
  parking_.expire(now, [this](parking_place& place) {
    ++proxy_.surroundings().result.refused;
    for (auto at = works_.begin(); at != works_.end(); ++at)
      if (&at->place == &place) return void(works_.erase(at));
  });
  const bool none_left = (ledger_.none_moved_left(now) && is_scanned_) ||
                         proxy_.surroundings().departs(mutant::ack_before_drain);
  if (said_revision_ != held_->revision() || said_none_left_ != none_left) {
    said_revision_ = held_->revision();
    said_none_left_ = none_left;
    proxy_.say_word(number_, said_revision_, said_none_left_);
  }
  const auto at = std::min(ledger_.next_change(), parking_.next_expiry());
  if (at == never) return;
  proxy_.later(std::max(at - now, duration(0)) + microseconds(50), [this, alarm = ++alarm_] {
    if (alarm == alarm_) look();
  });
}

void worker::repeat_word() {
  said_revision_ = ~std::uint64_t{0};
  look();
}

void worker::cut_all() {
  for (auto at = works_.begin(); at != works_.end();) {
    const auto next = std::next(at);
    if (at->is_chosen) works_.erase(at);
    at = next;
  }
  look();
}

void worker::collect_moved(const owners& by, std::vector<std::string>& into) const {
  for (const auto& w : works_)
    if (w.is_chosen && by.moves(w.key_hash)) into.push_back("key " + std::to_string(w.key_hash));
}

bool worker::has_anything() noexcept {
  return !ledger_.none_left(proxy_.local_now());
}

} // namespace limpet::ownership::simulation
