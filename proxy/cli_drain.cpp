#include "proxy/cli_drain.hpp"

#include "config/load.hpp"
#include "proxy/admin_client.hpp"
#include "proxy/ops/drain_progress.hpp"
#include "proxy/ops/member_drains.hpp"
#include "proxy/ops/query.hpp"
#include "proxy/ops/told_object.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace limpet {

namespace {

namespace json = boost::json;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

enum class drain_end : int { done = 0, failed = 1, timed_out = 3 };

/// Between two looks at all proxies.
constexpr auto look_interval = 250ms;
/// Who waits for longer waits for this. The clock counts nanoseconds, and no more than 292 years of them.
constexpr std::uint64_t timeout_max_ms = std::chrono::milliseconds(365 * 24h).count();

struct drain_options {
  std::string pool, member;
  std::vector<std::string> admins;
  std::chrono::milliseconds timeout = 5min;
  bool undo = false;
  bool wait = false;
};

class drain_command {
public:
  explicit drain_command(drain_options options) : options_(std::move(options)), token_(admin_token()) {}

  drain_end run();

private:
  using state = ops::drain_progress::state;

  bool write();
  drain_end wait();
  void watch(const std::string& admin);
  ops::drain_progress look(const std::string& admin);
  bool drains_everywhere();
  template <class Condition>
  bool any_of_looks(Condition condition) const;
  bool is_undone() const;
  std::string_view why_not_over() const;

  drain_options options_;
  std::string token_;
  struct proxy_look {
    std::string told;        ///< the last that was printed
    std::string incarnation; ///< the member's in the view, when it was there last
    ops::drain_progress progress = {.pool = {}};
    bool has_drained = false; ///< it was seen to drain there
  };
  std::map<std::string, proxy_look> looks_; ///< by admin
};

json::object parsed(const std::string& content) {
  boost::system::error_code none;
  auto value = json::parse(content, none);
  return !none && value.is_object() ? std::move(value.get_object()) : json::object();
}

drain_end drain_command::run() {
  if (!write()) {
    // Where the pool's members come from elsewhere, somebody may have said it there.
    if (!options_.wait || !drains_everywhere()) return drain_end::failed;
    fmt::print("it is draining already: waiting\n");
  }
  return options_.wait ? wait() : drain_end::done;
}

/// False where it was refused, which is printed.
bool drain_command::write() {
  std::string query;
  if (!options_.pool.empty()) ops::append_parameter(query, "pool", options_.pool);
  ops::append_parameter(query, "member", options_.member);
  if (const auto user = config::process_environment("USER").value_or("");
      ops::can_be_named(user) && !options_.undo)
    ops::append_parameter(query, "by", user);
  const auto& admin = options_.admins.front();
  const auto answer = send_admin(admin, options_.undo ? "DELETE" : "POST", "/drains?" + query, token_);
  if (answer.status != 200) {
    const auto said = parsed(answer.content);
    const auto error = ops::text_of(said, "error");
    fmt::print(stderr, "{} says {}: {}\n", admin, answer.status,
               error.empty() ? ops::printable(answer.content) : error);
    for (const auto& pool : ops::array_of(said, "pools"))
      if (pool.is_object())
        fmt::print(stderr, "  pool {} has {}\n", ops::text_of(pool.get_object(), "name"),
                   ops::text_of(pool.get_object(), "members"));
    return false;
  }
  const auto said = parse_admin_answer(admin, answer.content, "drain");
  options_.pool = ops::text_of(said, "pool");
  fmt::print("member {} of pool {}: drain {}\n", options_.member, options_.pool, ops::text_of(said, "drain"));
  for (const auto& note : ops::array_of(said, "notes"))
    if (note.is_string()) fmt::print("note: {}\n", ops::printable(note.get_string()));
  return true;
}

ops::drain_progress drain_command::look(const std::string& admin) {
  try {
    auto& incarnation = looks_[admin].incarnation;
    auto progress = ops::read_drain_progress(parsed(ask_admin(admin, "/members", token_)), options_.pool,
                                             options_.member, incarnation);
    if (!progress.incarnation.empty()) incarnation = progress.incarnation;
    return progress;
  } catch (const std::exception& e) {
    return {.pool = {}, .problem = ops::printable(e.what())};
  }
}

bool drain_command::drains_everywhere() {
  return std::ranges::all_of(options_.admins,
                             [this](const auto& admin) { return look(admin).where == state::draining; });
}

/// Prints what is left at this proxy, if it is not what was printed last.
void drain_command::watch(const std::string& admin) {
  auto progress = look(admin);
  const auto text = ops::progress_text(progress);
  auto& known = looks_[admin];
  if (known.told != text) {
    fmt::print("{}: {}\n", admin, text);
    std::fflush(stdout);
    known.told = text;
  }
  known.has_drained = known.has_drained || progress.where == state::draining;
  known.progress = std::move(progress);
}

template <class Condition>
bool drain_command::any_of_looks(Condition condition) const {
  return std::ranges::any_of(looks_, [&](const auto& entry) { return condition(entry.second); });
}

/// Somebody took the drain back, or the member began anew: there is nothing to wait for any more.
bool drain_command::is_undone() const {
  const auto drains = [](const proxy_look& one) { return one.progress.where == state::draining; };
  const auto is_back = [](const proxy_look& one) {
    return one.has_drained && one.progress.where == state::ready;
  };
  return any_of_looks(is_back) && !any_of_looks(drains);
}

std::string_view drain_command::why_not_over() const {
  const auto is_left = [](const proxy_look& one) {
    return (one.progress.where == state::draining || one.progress.where == state::gone) &&
           !one.progress.is_over();
  };
  if (any_of_looks(is_left))
    return "something is left. Sessions that are pinned to the member come to it until their application "
           "ends them.";
  if (any_of_looks([](const proxy_look& one) { return one.progress.where == state::unknown; }))
    return "not all proxies could be asked.";
  return "not all proxies see the drain. They may be cut off from etcd, or suspended: see `limpet status`.";
}

drain_end drain_command::wait() {
  const auto end = clock::now() + options_.timeout;
  for (;;) {
    for (const auto& admin : options_.admins)
      watch(admin);
    if (!any_of_looks([](const proxy_look& one) { return !one.progress.is_over(); })) {
      fmt::print("nothing is left\n");
      return drain_end::done;
    }
    if (is_undone()) {
      fmt::print(stderr, "the member takes sessions again: its drain was undone\n");
      return drain_end::failed;
    }
    if (clock::now() >= end) break;
    std::this_thread::sleep_for(look_interval);
  }
  fmt::print(stderr, "the time is over, and {}\n", why_not_over());
  return drain_end::timed_out;
}

} // namespace

void add_drain(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "drain",
      "Drain a member on all proxies: sessions that are pinned to it stay, others go elsewhere. 0: done, 1: "
      "refused, undone or not known to be done, 3: something was left when --timeout was over");
  auto options = std::make_shared<drain_options>();
  auto timeout_ms = std::make_shared<std::uint64_t>(options->timeout.count());
  const std::map<std::string, std::uint64_t> units{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  options->admins = {std::string(default_admin_address)};
  command->add_option("--member", options->member, "The member's id")->required();
  command->add_option("--pool", options->pool, "Its pool; may be left out where one pool alone has it");
  command
      ->add_option(
          "--admin", options->admins,
          "A running proxy's admin address; may be repeated: the first one writes the drain, all are "
          "waited for. Their token is taken from LIMPET_ADMIN_TOKEN")
      ->capture_default_str();
  auto* undo = command->add_flag("--undo", options->undo, "End the drain: the member takes sessions again");
  auto* wait =
      command
          ->add_flag("--wait", options->wait,
                     "Wait until no request, event stream or tunnel to it is left at any of these proxies")
          ->excludes(undo);
  command->add_option("--timeout", *timeout_ms, "How long to wait: 90s, 5m, 1h. Default: 5m")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME"))
      ->needs(wait);
  command->callback([options, timeout_ms, &result] {
    options->timeout = std::chrono::milliseconds(std::min(*timeout_ms, timeout_max_ms));
    result = static_cast<int>(drain_command(*options).run());
  });
}

} // namespace limpet
