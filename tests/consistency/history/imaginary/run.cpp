#include "tests/consistency/history/imaginary/run.hpp"

#include "tests/consistency/history/imaginary/plants.hpp"
#include "tests/consistency/history/imaginary/session.hpp"
#include "tests/consistency/history/imaginary/sorted_log.hpp"
#include "tests/consistency/history/imaginary/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace limpet::consistency::imaginary {
namespace {

constexpr std::uint32_t client_files = 4;
constexpr std::uint64_t strange = 1'000'000'000'000'000'000; ///< from here on values that nobody appends

std::string name_of(owner o) {
  return fmt::format("m{}/{}", o.member + 1, o.incarnation);
}

class run {
public:
  run(const options& o, const std::string& folder)
      : options_(o), random_(o.seed), timeline_(o.members, o.moves, duration(), random_), left_(o.planted),
        runner_(folder + "/runner.log") {
    for (std::uint32_t i = 0; i < client_files; ++i)
      clients_.emplace_back(fmt::format("{}/client-{}.log", folder, i + 1));
    for (std::uint32_t i = 0; i < o.members; ++i)
      members_.emplace_back(fmt::format("{}/member-m{}.log", folder, i + 1));
  }

  /// Generations of sessions: all clients at work, then with new ones.
  void write() {
    for (std::uint64_t begin = 1, number = 0; number < options_.sessions; begin += generation_duration()) {
      for (std::uint32_t client = 0; client < options_.clients && number < options_.sessions; ++number) {
        const auto together = std::min<std::uint32_t>(1 + static_cast<std::uint32_t>(random_.below(4)),
                                                      options_.clients - client);
        write_session(number, client, together, begin);
        client += together;
      }
      for (auto& log : clients_)
        log.flush();
      for (auto& log : members_)
        log.flush();
    }
    for (const auto& c : timeline_.changes()) {
      if (c.kills) runner_.add(c.at, "D {} {}\n", name_of({c.member, c.incarnation}), c.at);
    }
    runner_.flush();
  }

  const std::vector<violation>& left() const { return left_; }

private:
  std::uint64_t operations_of(std::uint64_t session) const {
    return options_.operations / options_.sessions +
           (session < options_.operations % options_.sessions ? 1 : 0);
  }
  time_ns generation_duration() const { return (operations_of(0) + 1) * step_max; }
  /// Some three of the clients' four in a session have one of their own; a little more than it takes.
  time_ns duration() const {
    const auto at_once = std::max<std::uint64_t>(1, options_.clients * 2 / 5);
    return generation_duration() * (options_.sessions / at_once + 1);
  }

  void write_session(std::uint64_t number, std::uint32_t first_client, std::uint32_t clients, time_ns begin) {
    auto s = live(timeline_, number, clients, operations_of(number), begin, next_value_, random_);
    const auto planted =
        std::ranges::find_if(left_, [&](auto what) { return plant(what, s, timeline_, strange + number); });
    if (planted != left_.end()) left_.erase(planted);
    for (std::size_t i = 0; i < s.operations.size(); ++i)
      write_operation(s.operations[i], number, first_client, next_operation_ + i);
    for (const auto& e : s.executions)
      write_execution(e, number, next_operation_ + e.operation);
    next_operation_ += s.operations.size();
  }

  void write_operation(const planned_operation& o, std::uint64_t session, std::uint32_t first_client,
                       std::uint64_t number) {
    constexpr std::string_view outcomes[] = {"ok", "no", "unknown"};
    const auto client = first_client + o.client;
    std::string what;
    if (o.action == action::append)
      what = fmt::format("append {}", o.value);
    else
      what = o.list.empty() ? "read -" : fmt::format("read {}", fmt::join(o.list, ","));
    clients_[client % client_files].add(o.end, "O c{} s{} o{} {} {} {} {}\n", client, session, number,
                                        o.begin, o.end, outcomes[static_cast<std::size_t>(o.outcome)], what);
  }

  void write_execution(const planned_execution& e, std::uint64_t session, std::uint64_t number) {
    auto& log = members_[e.owner.member];
    const auto write = [&](char type, time_ns at) {
      log.add(at, "{} {} s{} {} o{} {}\n", type, name_of(e.owner), session, e.epoch, number, at);
    };
    write('B', e.begin);
    if (e.end != for_ever) write('E', e.end);
  }

  options options_;
  random_numbers random_;
  timeline timeline_;
  std::vector<violation> left_;
  std::vector<sorted_log> clients_; ///< several write into one
  std::vector<sorted_log> members_; ///< all incarnations of one
  sorted_log runner_;
  std::uint64_t next_value_ = 1;
  std::uint64_t next_operation_ = 1;
};

} // namespace

std::vector<violation> write_run(const options& o, const std::string& folder) {
  run r(o, folder);
  r.write();
  return r.left();
}

} // namespace limpet::consistency::imaginary
