#pragma once

#include "routing/view.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace limpet::routing::testing {

inline member make_member(std::string id, std::uint32_t weight = 1,
                          member_state state = member_state::ready) {
  member m;
  m.address = "10.0.0.1:9000";
  m.incarnation = "first";
  m.id = std::move(id);
  m.weight = weight;
  m.state = state;
  return m;
}

/// Members "m0", "m1", ... of these weights.
inline std::vector<member> make_members(const std::vector<std::uint32_t>& weights) {
  std::vector<member> members;
  for (std::size_t i = 0; i < weights.size(); ++i)
    members.push_back(make_member('m' + std::to_string(i), weights[i]));
  return members;
}

/// The hash of the n-th of a row of keys as applications name their sessions.
inline std::uint64_t nth_key(std::size_t n) {
  return hash_bytes("user-" + std::to_string(n));
}

/// The id of the member at `index`, or "-" for npos.
inline std::string id_at(const view& v, std::uint32_t index) {
  return index == view::npos ? "-" : v.members()[index].id;
}

} // namespace limpet::routing::testing
