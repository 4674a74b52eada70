#pragma once

#include "routing/ownership/barrier_fsm.hpp"

#include "tests/routing/ownership/simulation/event_queue.hpp"
#include "tests/routing/ownership/simulation/mutant.hpp"
#include "tests/routing/ownership/simulation/store.hpp"
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace limpet::ownership::simulation {

class proxy;

struct options {
  std::uint64_t seed = 1;
  mutant departs = mutant::none;
  unsigned proxies = 3;
  unsigned workers = 2;
  unsigned members = 4;
  unsigned keys = 8;
  unsigned rounds = 4; ///< of faults, each followed by a time without, after which all must be well
  bool trace = false;  ///< print what happens
};

struct outcome {
  std::string violation; ///< empty: none
  std::uint64_t steps = 0;
  std::uint64_t requests = 0; ///< that reached a member
  std::uint64_t commits = 0;
  std::uint64_t parked = 0;
  std::uint64_t refused = 0;
  std::uint64_t incarnations = 0;
};

/// Proxies, members and their store, and the faults between them; all of it a function of the seed. The times
/// are a tenth of the real ones.
class world {
public:
  explicit world(const options& o);
  ~world();
  outcome run();

  // What stands in it uses these.
  const options& given() const noexcept { return options_; }
  bool departs(mutant m) const noexcept { return options_.departs == m; }
  const barrier_fsm::settings& settings() const noexcept { return settings_; }
  event_queue events;
  random_numbers random;
  store etcd;
  outcome result;
  bool is_calm = false; ///< no fault is made now

  /// A byte to `owner` sets something off, which ends at `until` (I1, I3).
  void executes(std::uint64_t key, const routing::member& owner, std::uint64_t epoch, real_time until);
  void violates(const std::string& what);
  void say(const std::string& what) const;

private:
  struct execution {
    std::string owner;
    real_time until;
  };
  struct session {
    std::vector<execution> executions;
    std::string owner;
    std::uint64_t epoch_max = 0;
  };

  void on_change();
  void check_commit(const record& committed);
  void check_rest();
  void change_members();
  void make_fault();
  void restart_member(unsigned number);
  void run_until(real_time end);

  options options_;
  barrier_fsm::settings settings_;
  std::vector<std::unique_ptr<proxy>> proxies_;
  std::map<std::uint64_t, session> sessions_;
  record last_view_;
  std::vector<unsigned> member_incarnations_;
};

} // namespace limpet::ownership::simulation
