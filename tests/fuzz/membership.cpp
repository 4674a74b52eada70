// From etcd's answers to a member list: lists, watch events, failures and timers in any order. Each line of
// the input is one: "list JSON", "watch JSON", "fail", "cut" (the watch), "timer",
// "refresh".

#include "proxy/membership/etcd/codec.hpp"
#include "proxy/membership/etcd/watch_fsm.hpp"
#include "proxy/membership/member_table.hpp"
#include "tests/fuzz/support.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace {

using namespace limpet;
using namespace limpet::fuzz;

/// Does what the steps say, as the watcher does, and holds beside it what an observer knows.
class driver {
public:
  driver() { take(fsm_.start()); }

  void feed(std::string_view line) {
    if (line.starts_with("list ") && listing_) return list(line.substr(5));
    if (line.starts_with("watch ") && watching_) return watch(line.substr(6));
    if (line == "fail" && listing_) {
      listing_ = false;
      take(fsm_.list_failed({etcd::errc::unavailable, "away"}));
    }
    if (line == "cut" && watching_) take(fsm_.watch_failed({etcd::errc::unreachable, "cut"}));
    if (line == "timer" && armed_) {
      armed_ = false;
      take(fsm_.timer_expired());
    }
    if (line == "refresh") {
      take(fsm_.refresh());
      FUZZ_CHECK(listing_); // or whoever asked would wait for ever
    }
  }

  void check_members() {
    const auto members = table_.members();
    FUZZ_CHECK(std::ranges::is_sorted(members, {}, &routing::member::id));
    FUZZ_CHECK(std::ranges::adjacent_find(members, {}, &routing::member::id) == members.end());
    for (const auto& member : members)
      FUZZ_CHECK(observed_.contains("/limpet/p/members/" + member.id));
    for (const auto& drain : table_.drains())
      FUZZ_CHECK(observed_.contains("/limpet/p/drains/" + drain.member));
    FUZZ_CHECK(listing_ == fsm_.is_listing());
    // Something is always under way, or the pool would stand still for ever.
    FUZZ_CHECK(listing_ || armed_);
  }

private:
  void list(std::string_view text) {
    const auto response = etcd::decode_range(text);
    if (!response) return;
    const bool alone = list_began_alone_;
    listing_ = false;
    take(fsm_.listed(*response));
    // With no watch beside it from its beginning, the list is all that is known.
    if (!alone) return;
    std::map<std::string, std::string> listed;
    for (const auto& kv : response->kvs)
      listed[kv.key] = kv.value;
    for (const auto& [key, value] : observed_)
      FUZZ_CHECK(listed.contains(key));
  }

  void watch(std::string_view text) {
    if (const auto response = etcd::decode_watch(text)) take(fsm_.watched(*response));
  }

  void take(const etcd::watch_fsm::step& step) {
    FUZZ_CHECK(!(step.list && listing_));
    FUZZ_CHECK(!step.timer || step.timer->count() > 0);
    if (step.close_watch) watching_ = false;
    if (step.open_watch) watching_ = true;
    if (step.timer) armed_ = true;
    if (step.list) {
      listing_ = true;
      list_began_alone_ = !watching_;
    }
    for (const auto& change : step.changes) {
      table_.apply(change);
      if (change.value)
        observed_[change.key] = *change.value;
      else
        observed_.erase(change.key);
    }
    FUZZ_CHECK(observed_.size() <= keys_max);
  }

  static constexpr std::size_t keys_max = 8;
  etcd::watch_fsm fsm_{{.keys_max = keys_max}, 1};
  membership::member_table table_{{"/limpet", "p"}};
  std::map<std::string, std::string> observed_;
  bool listing_ = false;
  bool list_began_alone_ = false;
  bool watching_ = false;
  bool armed_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  driver driven;
  while (!bytes.empty()) {
    driven.feed(take_line(bytes));
    driven.check_members();
  }
  return 0;
}
