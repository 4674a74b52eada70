#include "config/declaration.hpp"
#include "config/forms.hpp"
#include "config/section.hpp"
#include "config/units.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace limpet::config {

namespace {

constexpr std::size_t members_max = 10'000;
constexpr std::uint64_t answer_head_bytes_max =
    64 * kib; ///< an answer's head is read into one block of that size
constexpr std::size_t zone_bytes_max = 128;
constexpr std::size_t incarnation_bytes_max = 128;

type_ptr<routing::member> member_section() {
  using s = routing::member;
  return section<s>({
      key("id", &s::id, name(), "The stable name. Placement hashes this and nothing else.").required(),
      key("address", &s::address, member_address(), "`host:port`, `[v6]:port` or `unix:/path`.").required(),
      key("weight", &s::weight, number(1, routing::member_weight_max),
          "Its share of the sessions, relative to the others'."),
      key("zone", &s::zone, or_none(label(zone_bytes_max)),
          "Where it runs. Shown; placement does not look at it."),
      key("state", &s::state, choice<routing::member_state>({"ready", "draining"}),
          "A draining member takes no new sessions; only those that are pinned to it still reach it."),
      key("incarnation", &s::incarnation, or_none(label(incarnation_bytes_max)),
          "Tells a restarted member from the one before. To a pin, another incarnation is another member."),
  });
}

void check_members(const std::vector<routing::member>& members, const place& at, reader& r) {
  std::map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].id.empty()) continue;
    const auto [first, is_new] = seen.try_emplace(members[i].id, i);
    if (is_new) continue;
    const reader::scope inside(r, i);
    r.error(at.item(i).key("id").where(), "the id " + quoted(members[i].id) + " is taken",
            "it is first given in line " + std::to_string(at.item(first->second).key("id").where().line));
  }
}

// The members key as it stands in the file: one of three.
struct file_entry {
  std::string path;
};
struct etcd_entry {};
struct members_entry {
  std::optional<std::vector<routing::member>> static_;
  std::optional<file_entry> file;
  std::optional<etcd_entry> etcd;
};

member_settings members_from(members_entry entry) {
  if (entry.static_) return {source_kind::static_, std::move(*entry.static_), {}};
  if (entry.file) return {source_kind::file, {}, std::move(entry.file->path)};
  return {entry.etcd ? source_kind::etcd : source_kind::none, {}, {}};
}

members_entry members_entry_of(const member_settings& members) {
  members_entry entry;
  switch (members.source) {
  case source_kind::none:
    break;
  case source_kind::static_:
    entry.static_ = members.static_members;
    break;
  case source_kind::file:
    entry.file = file_entry{members.file_path};
    break;
  case source_kind::etcd:
    entry.etcd = etcd_entry{};
    break;
  }
  return entry;
}

type_ptr<member_settings> members_section() {
  using s = members_entry;
  auto file = section<file_entry>({
      key("path", &file_entry::path, file_path(),
          "A YAML or JSON file with the one key `members`, a list as under `static`. It is watched, and read "
          "again when it "
          "changes; it may come later.")
          .required(),
  });
  auto one = section<s>(
      {
          key("static", &s::static_, optional(member_list()), "The members themselves."),
          key("file", &s::file, optional(std::move(file)), "The members stand in a file of their own."),
          key("etcd", &s::etcd, optional(section<etcd_entry>({})),
              "The members are watched in etcd, under `PREFIX/POOL/members/`. Write `{}`."),
      },
      {"static", "file", "etcd"});
  return shaped<member_settings>(std::move(one), members_from, members_entry_of);
}

type_ptr<pool_timeout_settings> pool_timeout_section() {
  using s = pool_timeout_settings;
  return section<s>({
      key("connect", &s::connect, duration(1ms, 1h), "To open a connection to a member."),
      key("answer", &s::answer, duration(1ms, 24h),
          "From the end of a request to the answer's whole head; then 504."),
      key("body", &s::body, duration(1ms, 24h),
          "Between two reads of an answer's body; an event stream has no such limit."),
      key("upstream_idle", &s::upstream_idle, duration(1ms, 24h),
          "How long a connection to a member is kept for the next request. Keep it under the member's own "
          "keep-alive time "
          "(Node.js: 5s)."),
      key("tunnel_idle", &s::tunnel_idle, duration_or_zero(1ms, days(400)),
          "How long a tunnel may be silent both ways. 0: no limit."),
      key("tunnel_half_closed", &s::tunnel_half_closed, duration_or_zero(1ms, days(400)),
          "How long a tunnel may be silent once one side has ended its sending. 0: no limit."),
      key("tunnel_lifetime", &s::tunnel_lifetime, duration_or_zero(1ms, days(400)),
          "How long a tunnel may live. 0: no limit."),
  });
}

type_ptr<pool_limit_settings> pool_limit_section() {
  using s = pool_limit_settings;
  return section<s>({
      key("connections_per_member", &s::connections_per_member, number(0, 1'000'000),
          "Connections in use to one member at once, tunnels included; idle ones do not count. Past it, 503. "
          "0: no limit."),
      key("idle_per_member", &s::idle_per_member, number(0, 10'000),
          "Connections to one member that each worker keeps unused."),
      key("header_bytes", &s::header_bytes, size(kib, answer_head_bytes_max),
          "An answer's head; a longer one is answered 502."),
  });
}

} // namespace

type_ptr<std::vector<routing::member>> member_list() {
  return checked(list(member_section(), {1, members_max}), check_members);
}

type_ptr<pool> pool_section() {
  using s = pool;
  return section<s>({
      key("members", &s::members, members_section(), "Where the members come from: one source.").required(),
      key("session", &s::session, session_section(), "What names a session."),
      key("handoff", &s::handoff, choice<handoff_mode>({"available", "barrier"}, {"fenced"}),
          "How a session goes from one owner to the next. `available`: at once; between views, for a moment, "
          "proxies may differ. `barrier`: once no proxy has a request of it in flight at the one before; see "
          "`barrier`. Needs members in etcd, no pins, `fail_over: refuse`. Requests then carry "
          "`Limpet-Session`, 32 hexadecimal digits that stand for the session key on all proxies of the "
          "cluster, and `Limpet-Epoch`, which grows with each hand-off, so that storage behind the members "
          "can refuse who is the owner no more.")
          .takes_effect(reload::restart),
      key("barrier", &s::barrier, barrier_section(),
          "What `handoff: barrier` rests on. All proxies of the pool must have the same. A reload that "
          "changes it, `handoff` or `session.key` of such a pool is refused, parking, batch and lease_ttl "
          "excepted."),
      key("fail_over", &s::fail_over, choice<fail_over_mode>({"next", "refuse"}),
          "When a session's owner cannot be reached, is unhealthy or ejected: go to the `next` in the "
          "session's order until the owner answers again, or `refuse` with 503. The same where the member "
          "that issued an envelope is gone."),
      key("bounded_load", &s::bounded_load_thousandths, thousandths_or_zero(1'001, 10'000),
          "A new session passes over members that have more than so many times their share under way from "
          "this process: requests and tunnels, by weight. One that has a member never moves for it. Needs a "
          "pinned cookie or an envelope. 0: no bound."),
      key("on_remove", &s::on_remove, removal_section(),
          "What becomes of what is under way with a member that is removed, or drains."),
      key("rebalance", &s::rebalance, rebalance_section(),
          "How fast tunnels and event streams follow their session to another owner: a joiner, or one that "
          "answers again."),
      key("timeouts", &s::timeouts, pool_timeout_section(), "Times of the members' side."),
      key("limits", &s::limits, pool_limit_section(), "Limits of the members' side."),
      key("health", &s::health, optional(health_section()),
          "Checks of each member. Left out: none, and only requests tell how a member is."),
      key("ejection", &s::ejection, ejection_section(),
          "When a member that takes connections, but answers badly, is left alone for a while. Its sessions "
          "go where `fail_over` says, and come back afterwards."),
      key("rails", &s::rails, rails_section(),
          "What keeps the pool from following its source blindly: mass removals are held back, members that "
          "come and go are left out. Not for static members."),
  });
}

} // namespace limpet::config
