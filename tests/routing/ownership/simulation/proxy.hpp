#pragma once

#include "tests/routing/ownership/simulation/worker.hpp"
#include "tests/routing/ownership/simulation/world.hpp"
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace limpet::ownership::simulation {

/// A proxy process with its workers, its clock and its ways to the store. Restarts are processes of their
/// own.
class proxy {
public:
  proxy(world& w, unsigned number);

  void start();
  void kill();
  void leave();
  bool is_up() const noexcept { return is_up_; }
  /// Nothing is dispatched any more, parked or new (rule 4).
  bool is_leaving() const noexcept { return is_ending_; }

  /// Nothing reaches the store, or comes from it, until then.
  void cut_off_until(real_time t) noexcept { cut_off_until_ = t; }
  void stall_watch_until(real_time t) noexcept { watch_stalled_until_ = t; }
  /// What the store does for it happens at once, but replies and watches take their time.
  void hear_late_until(real_time t) noexcept { hears_late_until_ = t; }
  /// Its lease runs out though it is alive.
  void lose_lease();

  /// The store has changed.
  void on_change();
  void request();
  void collect_moved(const owners& by, std::vector<std::string>& into) const;
  /// For the trace.
  std::string describe() const;
  bool is_at_rest_with(const record& head) const;

  // For its workers.
  world& surroundings() const noexcept { return world_; }
  boot_time local_now() const noexcept;
  boot_time serve_until() const noexcept { return serve_until_; }
  std::uint64_t generation() const noexcept { return generation_; }
  std::string name() const;
  void say_word(std::size_t worker, std::uint64_t revision, bool none_left);
  /// Runs in this process after a while, if it is still there.
  void later(real_time delay, std::function<void()> what);

private:
  /// Whether the transaction was made, as far as is known, and what the store had then.
  using reply = std::function<void(bool made, const std::shared_ptr<const store_state>&)>;

  void begin_incarnation();
  void pump();
  void act(const barrier_fsm::action& a);
  void ask(real_time timeout, std::function<bool()> at_store, reply then);
  void write_record(const barrier_fsm::action& a);
  barrier_reading as_read(const store_state& state) const;
  void read_self(const store_state& state);
  void register_incarnation();
  void register_in_steps();
  void wait_for_nothing(std::function<void()> then);
  void watch_lease(const std::string& incarnation, const std::shared_ptr<bool>& lease, real_time until);
  void give_record();
  void end_incarnation();
  void keep_lease(const std::string& incarnation);
  void deliver(const std::shared_ptr<const store_state>& state);
  real_time latency();
  real_time reply_latency();

  world& world_;
  const unsigned number_;
  double rate_ = 1;
  std::uint64_t process_ = 0;    ///< grows with each start and end
  std::uint64_t generation_ = 0; ///< of incarnations
  bool is_up_ = false;
  bool is_ending_ = false;
  std::string incarnation_;
  std::unique_ptr<barrier_fsm> fsm_;
  std::vector<std::unique_ptr<worker>> workers_;
  boot_time serve_until_ = long_ago;
  static constexpr auto nothing_given = ~std::uint64_t{0};
  std::uint64_t given_ = nothing_given; ///< the revision that the workers were given by this incarnation
  std::shared_ptr<bool> lease_;         ///< false: revoked
  // For departures.
  std::shared_ptr<const store_state> cached_;
  std::vector<std::shared_ptr<const owners>> past_;
  boot_time own_deadline_ = long_ago;
  real_time watch_last_{0};
  real_time word_last_{0};
  real_time cut_off_until_{0};
  real_time watch_stalled_until_{0};
  real_time hears_late_until_{0};
  std::uint64_t alarm_ = 0;
};

} // namespace limpet::ownership::simulation
