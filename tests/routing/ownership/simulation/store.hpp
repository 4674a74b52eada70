#pragma once

#include "routing/ownership/mover_fsm.hpp"
#include "routing/ownership/record.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace limpet::ownership::simulation {

/// All that the store has, at one revision.
struct store_state {
  std::uint64_t revision = 1;
  record view;
  barrier_reading barrier;
  std::vector<routing::member> members; ///< sorted by id
  bool has_routers(const std::string& incarnation) const;
  bool has_alive(const std::string& incarnation) const;
};

/// etcd, as far as the protocol needs it: transactions that happen at once, one after the other.
class store {
public:
  explicit store(std::function<void()> on_change) : on_change_(std::move(on_change)) {}

  const std::shared_ptr<const store_state>& read();

  bool register_once(const std::string& incarnation);
  void create_routers(const std::string& incarnation);
  void create_alive(const std::string& incarnation);
  void lose_alive(const std::string& incarnation);
  /// The new mod_revision, where `view` is of `over`.
  std::optional<std::uint64_t> write_view(const record& r, std::uint64_t over);
  bool acknowledge(const std::string& incarnation, std::uint64_t revision);
  void remove(const std::string& incarnation);
  void leave(const std::string& incarnation);

  void put_member(const routing::member& m);
  void delete_member(const std::string& id);

private:
  void changed();

  struct router {
    bool alive = false;
    std::uint64_t acknowledged = 0;
  };
  std::uint64_t revision_ = 1;
  record view_;
  std::map<std::string, router> routers_;
  std::map<std::string, routing::member> members_;
  std::shared_ptr<const store_state> state_;
  std::function<void()> on_change_;
};

} // namespace limpet::ownership::simulation
