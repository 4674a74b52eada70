// An explanation for people. The object may come from another process, so nothing in it is taken for granted.

#include "proxy/ops/explain.hpp"
#include "proxy/ops/told_object.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace limpet::ops {

namespace {

namespace json = boost::json;

/// Members shown of a ranking; the rest is counted.
constexpr std::size_t ranks_shown = 10;

/// " value", or " name value", where there is a value.
std::string spaced(const std::string& value) {
  return value.empty() ? std::string{} : " " + value;
}
std::string spaced(std::string_view name, const std::string& value) {
  return value.empty() ? std::string{} : fmt::format(" {} {}", name, value);
}

class text_writer {
public:
  void line(std::string_view title, std::string_view text) {
    if (!text.empty()) fmt::format_to(std::back_inserter(out_), "{:<10}{}\n", title, text);
  }
  std::string take() { return std::move(out_); }

private:
  std::string out_;
};

std::string request_text(const json::object& request) {
  const auto query = text_of(request, "query");
  return text_of(request, "host") + text_of(request, "path") + (query.empty() ? "" : "?" + query) +
         spaced("from", text_of(request, "client"));
}

std::string route_text(const json::object& explanation) {
  const auto* route = explanation.if_contains("route");
  if (!route) return {};
  if (!route->is_object()) return "none";
  const auto& r = route->get_object();
  const auto host = text_of(r, "host");
  return fmt::format("{} (host {}, path {})", text_of(r, "name"), host.empty() ? "any" : host,
                     text_of(r, "path"));
}

std::string pool_text(const json::object& explanation) {
  const auto pool = text_of(explanation, "pool");
  if (pool.empty()) return {};
  return fmt::format("{}, epoch {}, checksum {}, placement {}", pool, text_of(explanation, "epoch"),
                     text_of(explanation, "checksum"), text_of(explanation, "placement"));
}

std::string source_text(const json::object& source) {
  if (source.empty()) return {};
  return fmt::format(
      " from {}{}{}{}{} (source {} of {})",
      find(source, "envelope") ? "envelope of "
      : find(source, "issued") ? "issued "
                               : "",
      text_of(source, "kind"), spaced(text_of(source, "name")), spaced("segment", text_of(source, "segment")),
      spaced("prefix", text_of(source, "prefix")), text_of(source, "place"), text_of(source, "of"));
}

std::string key_text(const json::object& key) {
  if (key.empty()) return {};
  const auto text = text_of(key, "text");
  const auto hash = text_of(key, "hash");
  std::string out = hash.empty()   ? text_of(key, "state")
                    : text.empty() ? "0x" + text_of(key, "hex")
                                   : '"' + text + '"';
  out += source_text(object_of(key, "source"));
  return hash.empty() ? out : out + ", hash " + hash;
}

/// "a (there)": which member it names, and what became of that.
std::string pin_text(const json::object& pin) {
  if (pin.empty()) return {};
  const auto member = text_of(pin, "member");
  return (member.empty() ? "a member" : member) + " (" + text_of(pin, "state") + ")";
}

std::string_view ahead_text(const json::object& token) {
  return find(token, "ahead") ? " (ahead: a request has the members read again first)" : "";
}

std::string token_text(const json::object& token) {
  if (token.empty()) return {};
  auto out = text_of(token, "state");
  if (const auto expires = text_of(token, "expires_unix_seconds"); !expires.empty())
    out += ", expires " + expires + ", issued in epoch " + text_of(token, "epoch") + std::string(ahead_text(token));
  const auto pin = pin_text(object_of(token, "pin"));
  return pin.empty() ? out : out + ", pinned to " + pin;
}

void write_envelopes(text_writer& out, const json::object& explanation) {
  for (const auto& one : array_of(explanation, "envelopes")) {
    if (!one.is_object()) continue;
    const auto& envelope = one.get_object();
    const auto pin = pin_text(object_of(envelope, "pin"));
    auto text = fmt::format("{} {}: {}", text_of(envelope, "kind"), text_of(envelope, "name"),
                            text_of(envelope, "state"));
    if (!pin.empty())
      text += fmt::format(", issued by {} in epoch {}{}", pin, text_of(envelope, "epoch"), ahead_text(envelope));
    out.line("Envelope", text);
  }
}

void write_load(text_writer& out, const json::object& explanation) {
  const auto& load = object_of(explanation, "load");
  const auto& members = array_of(load, "members");
  std::string text;
  for (std::size_t i = 0; i < std::min(members.size(), ranks_shown); ++i) {
    if (!members[i].is_object()) continue;
    const auto& row = members[i].get_object();
    text += fmt::format("{}{} {}/{}", text.empty() ? "" : ", ", text_of(row, "member"), text_of(row, "busy"),
                        text_of(row, "bound"));
  }
  if (members.size() > ranks_shown) text += fmt::format(" and {} more", members.size() - ranks_shown);
  out.line("Load", text.empty() ? text : text + " (busy/bound of new sessions)");
}

void write_ranking(text_writer& out, const json::object& explanation) {
  const auto& ranking = array_of(explanation, "ranking");
  for (std::size_t i = 0; i < std::min(ranking.size(), ranks_shown); ++i) {
    if (!ranking[i].is_object()) continue;
    const auto& row = ranking[i].get_object();
    const auto why_not = text_of(row, "why_not");
    out.line(i == 0 ? "Ranking" : "",
             fmt::format("{:>2}  {}  score {}  weight {}{}", i + 1, text_of(row, "member"),
                         text_of(row, "score"), text_of(row, "weight"),
                         why_not.empty() ? "" : "  " + why_not));
  }
  if (ranking.size() > ranks_shown)
    out.line("", fmt::format("    and {} more", ranking.size() - ranks_shown));
  for (const auto& row : array_of(explanation, "left_out"))
    if (row.is_object())
      out.line("", fmt::format(" -  {}  {}", text_of(row.get_object(), "member"),
                               text_of(row.get_object(), "why_not")));
}

std::string decision_text(const json::object& decision) {
  if (decision.empty()) return {};
  const auto refusal = text_of(decision, "refusal");
  const auto member = text_of(decision, "member");
  auto out = !refusal.empty() ? "refused with " + text_of(decision, "status") + " (" + refusal + ")"
             : member.empty() ? std::string("no one member")
                              : member;
  if (const auto reason = text_of(decision, "reason"); !reason.empty()) out += ", " + reason;
  if (const auto sticky = text_of(decision, "sticky"); !sticky.empty()) out += ", sticky " + sticky;
  if (const auto* issues = find(decision, "issues_cookie"); issues && issues->is_bool() && issues->get_bool())
    out += ", a cookie is issued";
  return out;
}

} // namespace

std::string explanation_text(const json::object& explanation) {
  if (const auto error = text_of(explanation, "error"); !error.empty()) return error + "\n";
  text_writer out;
  const auto& decision = object_of(explanation, "decision");
  out.line("Request", request_text(object_of(explanation, "request")));
  out.line("Route", route_text(explanation));
  out.line("Pool", pool_text(explanation));
  out.line("Key", key_text(object_of(explanation, "key")));
  out.line("Token", token_text(object_of(explanation, "token")));
  write_envelopes(out, explanation);
  write_ranking(out, explanation);
  write_load(out, explanation);
  out.line("Owner", text_of(explanation, "owner"));
  out.line("Goes to", decision_text(decision));
  out.line("", text_of(decision, "why"));
  return out.take();
}

} // namespace limpet::ops
