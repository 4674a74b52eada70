#include "tests/consistency/history/report.hpp"

#include <fmt/format.h>

#include <set>
#include <string_view>

namespace limpet::consistency {
namespace {

struct numbers {
  std::uint64_t of_outcome[3] = {};
  std::uint64_t appends = 0;
  std::uint64_t reads = 0;
  std::uint64_t members = 0;
};

numbers count(const history& h) {
  numbers n;
  for (const auto& o : h.operations) {
    ++n.of_outcome[static_cast<std::size_t>(o.outcome)];
    ++(o.action == action::append ? n.appends : n.reads);
  }
  std::set<std::string_view> members;
  for (name_number owner = 0; owner < h.owners.size(); ++owner) {
    const auto name = h.owners.name_of(owner);
    members.insert(name.substr(0, name.rfind('/')));
  }
  n.members = members.size();
  return n;
}

std::string words(const history& h, const execution& e) {
  const auto end = e.end == for_ever ? std::string("no end") : fmt::to_string(e.end);
  return fmt::format("{} at {} with epoch {} ({} to {})", e.operation, h.owners.name_of(e.owner), e.epoch,
                     e.begin, end);
}

std::string words(const history& h, const operation& o) {
  return fmt::format("{} of {} ({} to {})", o.name, h.clients.name_of(o.client), o.begin, o.end);
}

} // namespace

std::string in_words(const history& h, const finding& f) {
  const auto session = h.sessions.name_of(f.second ? f.second->session : f.seen_by->session);
  const auto read = f.seen_by ? words(h, *f.seen_by) : std::string();
  const auto what = [&]() -> std::string {
    switch (f.what) {
    case violation::overlap:
      return fmt::format("{} begins while {} is executed", words(h, *f.second), words(h, *f.first));
    case violation::epoch:
      return fmt::format("{} comes by a move, and is not above {}", words(h, *f.second), words(h, *f.first));
    case violation::read_your_writes:
      return fmt::format("read {} lacks its client's own {}", read, f.value);
    case violation::monotonic_reads:
      return fmt::format("read {} lacks {}, which its client has read before", read, f.value);
    case violation::monotonic_writes:
      return fmt::format("read {} has {}, and not before it the same client's earlier {}", read, f.because,
                         f.value);
    case violation::writes_follow_reads:
      return fmt::format("read {} has {}, and not before it {}, which its client had read", read, f.because,
                         f.value);
    case violation::phantom:
      if (f.first) return fmt::format("{}: {}, as {}", read, f.detail, words(h, *f.first));
      return fmt::format("read {} has {}: {}", read, f.value, f.detail);
    case violation::lost:
      return fmt::format("append {} of {} is not in the longest list read later, {}", read, f.value,
                         words(h, *f.other));
    case violation::fork:
      return fmt::format("read {} is no prefix of read {}", read, words(h, *f.other));
    }
    return {};
  }();
  return fmt::format("session {}: {}", session, what);
}

std::string report(const history& h, const execution_summary& executions, const findings& found) {
  const auto n = count(h);
  std::string out;
  const auto row = [&out](std::string_view name, std::uint64_t value) {
    out += fmt::format("{:<22}{:>14}\n", name, value);
  };
  row("operations", h.operations.size());
  row("  ok", n.of_outcome[0]);
  row("  no", n.of_outcome[1]);
  row("  unknown", n.of_outcome[2]);
  row("appends", n.appends);
  row("reads", n.reads);
  row("values read", h.values.size());
  row("clients", h.clients.size());
  row("sessions", h.sessions.size());
  row("members", n.members);
  row("owners", h.owners.size());
  row("executions", h.executions.size());
  row("  without an end", h.unfinished);
  row("changes of owner", executions.owner_changes);
  row("freezes", h.freezes.size());
  row("violations", found.total());
  for (std::size_t kind = 0; kind < violation_names.size(); ++kind)
    row(fmt::format("  {}", violation_names[kind]), found.count(static_cast<violation>(kind)));
  if (!executions.are_epochs_checked) out += "no execution carries an epoch: epochs are not checked\n";
  for (std::size_t kind = 0; kind < violation_names.size(); ++kind) {
    const auto& first = found.first(static_cast<violation>(kind));
    if (!first.empty()) out += fmt::format("\n{}\n", violation_names[kind]);
    for (const auto& f : first)
      out += fmt::format("  {}\n", in_words(h, f));
  }
  return out;
}

std::string report_json(const history& h, const execution_summary& executions, const findings& found) {
  const auto n = count(h);
  std::string kinds;
  for (std::size_t kind = 0; kind < violation_names.size(); ++kind)
    kinds += fmt::format("{}\"{}\":{}", kind == 0 ? "" : ",", violation_names[kind],
                         found.count(static_cast<violation>(kind)));
  return fmt::format(
      R"({{"operations":{},"ok":{},"no":{},"unknown":{},"appends":{},"reads":{},"values":{},)"
      R"("clients":{},"sessions":{},"members":{},"owners":{},"executions":{},"unfinished":{},)"
      R"("owner_changes":{},"freezes":{},"epochs_checked":{},"violations":{{{}}},"total":{}}})",
      h.operations.size(), n.of_outcome[0], n.of_outcome[1], n.of_outcome[2], n.appends, n.reads,
      h.values.size(), h.clients.size(), h.sessions.size(), n.members, h.owners.size(), h.executions.size(),
      h.unfinished, executions.owner_changes, h.freezes.size(), executions.are_epochs_checked, kinds,
      found.total());
}

} // namespace limpet::consistency
