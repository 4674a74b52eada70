#include "config/barrier.hpp"

#include "routing/view.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace limpet::config {

namespace {

using routing::key_source;

/// A busy machine's scheduler may well hold a thread up for longer than less.
constexpr milliseconds margin_for_certain{50};

std::string in_ms(milliseconds time) {
  return std::to_string(time.count()) + "ms";
}

/// The member that a cookie or an envelope names would be another owner than the record's.
void check_keys(const pool& p, const place& at, reader& r) {
  const auto& sources = p.session.key;
  if (sources.empty())
    r.error(at.key("handoff").where(), "without a session key there is nothing to hand over",
            "name one in session.key, or write handoff: available");
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!sources[i].pin && !sources[i].envelope) continue;
    const reader::scope in_session(r, "session");
    const reader::scope in_key(r, "key");
    const reader::scope in_item(r, i);
    r.error(at.key("session").key("key").item(i).where(),
            sources[i].pin ? "a pinned session has the owner that its cookie names, whatever the members"
                           : "a session in an envelope has the owner that issued it, whatever the members",
            "leave it out, or write handoff: available");
  }
}

/// What the promise rests on, where it is allowed and unlikely to hold.
void check_assumptions(const barrier_settings& b, const place& at, reader& r) {
  if (b.margin < margin_for_certain)
    r.warning(at.key("barrier").key("margin").where(),
              "a thread may well be held up for longer than " + in_ms(b.margin) +
                  ", and a session then have two owners",
              "write " + in_ms(barrier_settings{}.margin) + " (the default), and no less than " +
                  in_ms(margin_for_certain));
  if (b.drift_thousandths == 0)
    r.warning(at.key("barrier").key("drift").where(), "no two machines' clocks run alike",
              "write 0.001 (the default)");
}

} // namespace

ownership::barrier_limits limits_of(const barrier_settings& b) noexcept {
  return {.window = b.window,
          .work_max = b.work_max,
          .margin = b.margin,
          .drift_ppm = 1000 * b.drift_thousandths,
          .lease_ttl = b.lease_ttl};
}

std::string keys_digest(const session_settings& session) {
  std::string text;
  for (const key_source& source : session.key)
    text += std::string(to_string(source.from)) + '\n' + source.name + '\n' + std::to_string(source.segment) +
            '/' + std::to_string(source.ipv4_prefix) + '/' + std::to_string(source.ipv6_prefix) +
            (source.issued ? "/issued\n" : "\n");
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx",
                static_cast<unsigned long long>(routing::hash_bytes(text)));
  return digits.data();
}

std::string limits_text(const barrier_settings& b) {
  std::string text;
  for (const auto time : {b.window, b.work_max, b.margin})
    text += std::to_string(time.count()) + '/';
  return text + std::to_string(b.drift_thousandths);
}

bool agree_on_owners(const pool& one, const pool& other) {
  if (one.handoff != other.handoff) return false;
  return one.handoff == handoff_mode::available || (limits_text(one.barrier) == limits_text(other.barrier) &&
                                                    one.barrier.cluster == other.barrier.cluster &&
                                                    keys_digest(one.session) == keys_digest(other.session));
}

std::vector<std::string> changes_for_all_proxies(const settings& running, const settings& loaded) {
  std::vector<std::string> changes;
  for (const auto& [name, pool] : loaded.pools) {
    const auto before = running.pools.find(name);
    if (before == running.pools.end()) continue;
    if (!agree_on_owners(before->second, pool))
      changes.push_back(
          "pool " + quoted(name) +
          ": handoff, barrier or session.key changed, which all proxies must do together: give the "
          "pool another name, and lead its routes there");
  }
  return changes;
}

void check_barrier(const pool& p, const place& at, reader& r) {
  if (p.handoff != handoff_mode::barrier) {
    if (at.has("barrier"))
      r.warning(at.key("barrier").key_where(),
                "these are for handoff: barrier, which this pool does not say");
    return;
  }
  if (p.members.source != source_kind::etcd)
    r.error(at.key("handoff").where(),
            "proxies agree on who owns a session in etcd, and these members are not there",
            "write members: {etcd: {}}, or handoff: available");
  check_keys(p, at, r);
  check_assumptions(p.barrier, at, r);
  if (p.fail_over != fail_over_mode::refuse)
    r.error(at.key("handoff").where(), "a proxy never sends a session elsewhere by itself",
            "write fail_over: refuse");
  if (p.health)
    r.error(at.key("health").key_where(), "a proxy never leaves a member alone by itself here",
            "let limpet agent check it, which takes it out for all proxies");
  if (at.has("ejection"))
    r.error(at.key("ejection").key_where(), "a proxy never leaves a member alone by itself here",
            "leave it out");
  if (p.rebalance.per_second == 0)
    r.error(at.key("rebalance").key("per_second").where(),
            "a hand-off waits until the tunnels and event streams of sessions that move are let go",
            "let some go each second, or write handoff: available");
  if (at.has("rails"))
    r.warning(at.key("rails").key_where(), "rails hold nothing back in a pool that hands over by a barrier",
              "its members change once all proxies agree");
  if (p.timeouts.answer > p.barrier.work_max)
    r.error(at.key("handoff").where(),
            "an answer may take " + in_ms(p.timeouts.answer) + ", and a hand-off counts on " +
                in_ms(p.barrier.work_max),
            "set timeouts.answer to barrier.work_max (" + in_ms(p.barrier.work_max) + ") or less");
}

} // namespace limpet::config
