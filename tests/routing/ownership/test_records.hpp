#pragma once

#include "routing/ownership/boot_time.hpp"
#include "routing/ownership/record.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace limpet::ownership {

using namespace std::chrono_literals;

inline boot_time at(duration since) {
  return boot_time(1h + since);
}

inline routing::member member(const std::string& id, const std::string& incarnation = "1") {
  routing::member m;
  m.id = id;
  m.incarnation = incarnation;
  m.address = "10.0.0.1:80";
  return m;
}

using members = std::vector<routing::member>;

inline record committed(std::uint64_t revision, members of, std::uint64_t members_rev = 1) {
  record r;
  r.revision = revision;
  r.epoch = revision - 1;
  r.members = std::move(of);
  r.members_rev = members_rev;
  return r;
}

inline record prepare(std::uint64_t revision, members base, members of, std::uint64_t members_rev = 1) {
  record r;
  r.state = record_state::prepare;
  r.revision = r.epoch = revision;
  r.members = std::move(of);
  r.members_rev = members_rev;
  r.base = std::move(base);
  r.base_epoch = 3;
  return r;
}

} // namespace limpet::ownership
