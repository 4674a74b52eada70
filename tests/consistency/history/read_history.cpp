#include "tests/consistency/history/read_history.hpp"

#include "tests/consistency/history/line_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace limpet::consistency {
namespace {

constexpr const char* malformed = "malformed";

bool outcome_of(std::string_view word, outcome& out) {
  if (word == "ok")
    out = outcome::ok;
  else if (word == "no")
    out = outcome::no;
  else if (word == "unknown")
    out = outcome::unknown;
  else
    return false;
  return true;
}

/// <member id>/<incarnation>
bool is_owner(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < name.size();
}

struct execution_fields {
  std::string_view owner, session, operation;
  std::uint64_t epoch = 0;
  time_ns at = 0;

  bool take(std::string_view line) {
    line_fields fields(line);
    std::string_view type;
    return fields.word(type) && fields.word(owner) && fields.word(session) && fields.number(epoch) &&
           fields.word(operation) && fields.number(at) && fields.are_over() && is_owner(owner);
  }
};

} // namespace

template <class Read>
void history_reader::each_line(std::string_view text, std::string_view file, Read read) {
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    if (end == std::string_view::npos) return; // its writer was killed
    ++number;
    if (const char* const wrong = read(text.substr(at, end - at)))
      errors_.add(fmt::format("{}:{}: {}", file, number, wrong));
    at = end + 1;
  }
}

// -- clients ----------------------------------------------------------

void history_reader::read_client(std::string_view text, std::string_view file) {
  each_line(text, file, [this](std::string_view line) { return client_line(line); });
}

const char* history_reader::client_line(std::string_view line) {
  line_fields fields(line);
  operation o;
  std::string_view type, client, session, ended, done;
  if (!fields.word(type) || type != "O" || !fields.word(client) || !fields.word(session) ||
      !fields.word(o.name) || !fields.number(o.begin) || !fields.number(o.end) || !fields.word(ended) ||
      !outcome_of(ended, o.outcome) || !fields.word(done))
    return malformed;
  if (o.end < o.begin) return "ends before it begins";
  if (done == "append") {
    if (!fields.number(o.value)) return malformed;
  } else if (done == "read") {
    o.action = action::read;
    o.value = history_.values.size();
    const auto take = [this](std::uint64_t value) { history_.values.push_back(value); };
    if (!fields.numbers(take)) return malformed;
    const auto size = history_.values.size() - o.value;
    if (size >= name_table::none) return "a list too long to be counted";
    o.list_size = static_cast<std::uint32_t>(size);
    if (o.list_size > 0 && o.outcome != outcome::ok) return "a list, though the read is not ok";
  } else {
    return malformed;
  }
  if (!fields.are_over()) return malformed;
  if (history_.operations.size() >= name_table::none) return "too many operations";
  o.client = history_.clients.number_of(client);
  o.session = history_.sessions.number_of(session);
  history_.operations.push_back(o);
  return nullptr;
}

// -- members ----------------------------------------------------------

void history_reader::read_member(std::string_view text, std::string_view file) {
  open_executions open;
  each_line(text, file, [&](std::string_view line) {
    if (line.starts_with("B ")) return begin_line(line, open);
    if (line.starts_with("E ")) return end_line(line, open);
    return malformed;
  });
  history_.unfinished += open.size();
}

const char* history_reader::begin_line(std::string_view line, open_executions& open) {
  execution_fields fields;
  if (!fields.take(line)) return malformed;
  if (history_.executions.size() >= name_table::none) return "too many executions";
  open.emplace(fields.operation, history_.executions.size());
  auto& e = history_.executions.emplace_back();
  e.operation = fields.operation;
  e.begin = fields.at;
  e.epoch = fields.epoch;
  e.session = history_.sessions.number_of(fields.session);
  e.owner = history_.owners.number_of(fields.owner);
  return nullptr;
}

const char* history_reader::end_line(std::string_view line, open_executions& open) {
  execution_fields fields;
  if (!fields.take(line)) return malformed;
  // Whoever sends an operation twice may have it executed twice; what began first ends first.
  auto ended = open.end();
  const auto [first, last] = open.equal_range(fields.operation);
  for (auto at = first; at != last; ++at) {
    const auto& e = history_.executions[at->second];
    if (history_.owners.name_of(e.owner) == fields.owner &&
        history_.sessions.name_of(e.session) == fields.session && e.epoch == fields.epoch &&
        (ended == open.end() || at->second < ended->second))
      ended = at;
  }
  if (ended == open.end()) return "the end of nothing that began";
  auto& e = history_.executions[ended->second];
  if (fields.at < e.begin) return "ends before it begins";
  e.end = fields.at;
  open.erase(ended);
  return nullptr;
}

// -- runner -----------------------------------------------------------

void history_reader::read_runner(std::string_view text, std::string_view file) {
  each_line(text, file, [this](std::string_view line) { return runner_line(line); });
}

const char* history_reader::runner_line(std::string_view line) {
  line_fields fields(line);
  std::string_view type, owner;
  time_ns from = 0, to = 0;
  if (!fields.word(type) || !fields.word(owner) || !is_owner(owner) || !fields.number(from)) return malformed;
  if (type == "D" && fields.are_over()) {
    const auto [at, is_new] = deaths_.try_emplace(history_.owners.number_of(owner), from);
    if (!is_new) return "an owner that died already";
    return nullptr;
  }
  if (type != "F" || !fields.number(to) || !fields.are_over()) return malformed;
  if (to < from) return "ends before it begins";
  history_.freezes.push_back({history_.owners.number_of(owner), from, to});
  return nullptr;
}

void history_reader::finish() {
  if (deaths_.empty()) return;
  for (auto& e : history_.executions) {
    const auto death = deaths_.find(e.owner);
    if (death == deaths_.end()) continue;
    if (e.end == for_ever) e.end = std::max(e.begin, death->second);
    if (e.end > death->second)
      errors_.add(fmt::format("operation {} was executed at {} after its death at {}", e.operation,
                              history_.owners.name_of(e.owner), death->second));
  }
}

// -- files ------------------------------------------------------------

void read_history(const std::string& folder, history& into, bad_input& errors) {
  std::vector<std::string> clients, members, runners;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (!name.ends_with(".log")) continue;
    if (name.starts_with("client-")) clients.push_back(name);
    if (name.starts_with("member-")) members.push_back(name);
    if (name == "runner.log") runners.push_back(name);
  }
  if (error) return errors.add(fmt::format("{}: {}", folder, error.message()));
  if (clients.empty()) errors.add(folder + ": no client-*.log");
  if (members.empty()) errors.add(folder + ": no member-*.log");

  history_reader reader(into, errors);
  const auto read_each = [&](std::vector<std::string>& names, auto read) {
    std::ranges::sort(names); // whatever order the file system has them in, the report is the same
    for (const auto& name : names) {
      std::error_code failed;
      mapped_file file(folder + "/" + name, failed);
      if (failed) {
        errors.add(fmt::format("{}: {}", name, failed.message()));
        continue;
      }
      into.files.push_back(std::move(file));
      (reader.*read)(into.files.back().bytes(), name);
    }
  };
  read_each(clients, &history_reader::read_client);
  read_each(members, &history_reader::read_member);
  read_each(runners, &history_reader::read_runner);
  reader.finish();
}

} // namespace limpet::consistency
