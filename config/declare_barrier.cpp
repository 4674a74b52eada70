#include "config/declaration.hpp"
#include "config/forms.hpp"
#include "config/section.hpp"
#include "config/units.hpp"

namespace limpet::config {

namespace {

type_ptr<parking_settings> parking_section() {
  using s = parking_settings;
  return section<s>({
      key("per_session", &s::per_session, number(1, 10'000), "Requests of one session, in each worker."),
      key("requests", &s::requests, number(1, 1'000'000), "Requests of all sessions, in each worker."),
      key("bytes", &s::bytes, size(kib, gib), "What they hold in memory, in each worker."),
      key("time", &s::time, duration(1ms, 1h), "How long one waits; then 503."),
  });
}

} // namespace

type_ptr<barrier_settings> barrier_section() {
  using s = barrier_settings;
  return section<s>({
      key("window", &s::window, duration(100ms, 1h),
          "How long a proxy may write to members after it last saw its registration in etcd. With etcd "
          "away it answers 503 after that.")
          .takes_effect(reload::restart),
      key("work_max", &s::work_max, duration(100ms, 1h),
          "Whatever a byte sets off at a member ends within this. `timeouts.answer` may not be longer.")
          .takes_effect(reload::restart),
      key("margin", &s::margin, duration(1ms, 1h),
          "How long a thread of a proxy may be held up between two steps.")
          .takes_effect(reload::restart),
      key("drift", &s::drift_thousandths, thousandths_or_zero(1, 100),
          "By how much a second of two machines' clocks may differ.")
          .takes_effect(reload::restart),
      key("lease_ttl", &s::lease_ttl, whole_seconds(1s, 1h),
          "After this without a sign a proxy counts as dead."),
      key("batch", &s::batch, duration(1ms, 1min), "Members that come within this are one change."),
      key("cluster", &s::cluster, label(64),
          "Whose proxies these are, in each value that they write: two clusters under one prefix are "
          "noticed. Part of what `Limpet-Session` is made of.")
          .takes_effect(reload::restart),
      key("parking", &s::parking, parking_section(),
          "Requests of sessions that move wait for the move. Past these limits, 503."),
  });
}

} // namespace limpet::config
