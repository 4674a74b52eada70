#pragma once

#include "routing/ownership/drain_ledger.hpp"
#include "routing/ownership/parking.hpp"
#include "routing/ownership/record.hpp"

#include "tests/routing/ownership/simulation/event_queue.hpp"
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace limpet::ownership::simulation {

class proxy;

/// One thread of a proxy: its requests and tunnels, from a client's wish to the end of the answer.
class worker {
public:
  worker(proxy& of, std::size_t number);

  void request(std::uint64_t key_hash);
  void apply(std::shared_ptr<const owners> by);
  /// The incarnation has ended: nothing of it goes on.
  void cut_all();
  void collect_moved(const owners& by, std::vector<std::string>& into) const;
  const owners& held() const noexcept { return *held_; }
  /// Again, since another machine listens now.
  void repeat_word();
  bool has_anything() noexcept;
  void let_tunnels_go();

private:
  struct work {
    in_flight counted;
    parking_place place;
    std::uint64_t key_hash = 0;
    routing::member owner;
    std::uint64_t epoch = 0;
    std::uint64_t generation = 0;
    std::uint64_t id = 0;
    unsigned writes_left = 0;
    bool is_chosen = false;
    bool is_tunnel = false;
    bool is_first = true;
    real_time executes_until{0};
  };
  using item = std::list<work>::iterator;

  void admit(item w);
  void choose(item w);
  void write(item w);
  void wrote(item w);
  real_time pause_of(const work& w);
  void maybe_answered(item w);
  void give_up(item w, bool by_fence);
  void end(item w);
  void with(std::uint64_t id, real_time delay, void (worker::*then)(item));
  void scan();
  void look();
  parking::limits bounds() const;

  proxy& proxy_;
  const std::size_t number_;
  drain_ledger ledger_;
  parking parking_;
  std::list<work> works_;
  std::uint64_t next_id_ = 1;
  std::shared_ptr<const owners> held_;
  bool is_scanned_ = true;
  std::uint64_t said_revision_ = 0;
  bool said_none_left_ = false;
  std::uint64_t alarm_ = 0;
};

} // namespace limpet::ownership::simulation
