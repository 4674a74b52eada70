#include "tests/consistency/load/outcome.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>

namespace limpet::load {

namespace {

/// Refusals of before a member had the whole of a request without content, by the sentences of
/// proxy/http/refusal.cpp. `fenced` is one: what was written of the head until then is no request. The last
/// is HAProxy's.
constexpr std::array<std::string_view, 6> unsent{
    "The member has no connection to spare.",
    "The proxy cannot tell now who owns the session.",
    "The session is moving, and too many requests wait for it.",
    "The session is moving, and has not arrived in time.",
    "There are too many connections.",
    "No server is available to handle this request.",
};

/// Nothing was sent by the last attempt. An idempotent request may have had one before, whose connection
/// broke.
constexpr std::array<std::string_view, 3> not_reached{
    "No member can take the request.",
    "The session's member cannot be reached.",
    "The member cannot be reached.",
};

bool has_any(std::string_view content, std::span<const std::string_view> sentences) {
  return std::any_of(sentences.begin(), sentences.end(),
                     [&](auto sentence) { return content.find(sentence) != std::string_view::npos; });
}

bool tells_unsent(kind what, std::string_view content) {
  return has_any(content, unsent) || (what == kind::append && has_any(content, not_reached));
}

reply read_reply(std::string_view text) {
  auto values = parse_list(text);
  if (!values) return {outcome::unknown, {}, false, true};
  return {outcome::ok, std::move(*values)};
}

} // namespace

reply reply_of(kind what, unsigned status, std::string_view content) {
  if (status == 200) return what == kind::read ? read_reply(content) : reply{outcome::ok, {}};
  if (status == 503 && tells_unsent(what, content)) return {outcome::no, {}};
  return {outcome::unknown, {}, false, status != 502 && status != 503 && status != 504};
}

reply reply_of(const operation& asked, std::string_view message) {
  const auto head = (asked.what == kind::append ? "ok " : "list ") + asked.name + ' ';
  if (!message.starts_with(head)) return {outcome::unknown, {}, false, true};
  message.remove_prefix(head.size());
  return asked.what == kind::append ? reply{outcome::ok, {}} : read_reply(message);
}

} // namespace limpet::load
