// What an explanation tells: the JSON of pool, key, token, ranking and decision.

#include "proxy/ops/explainer.hpp"
#include "proxy/ops/json_text.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <iterator>

namespace limpet::ops {

namespace {

namespace json = boost::json;
using http::refusal;
using routing::view;

std::string hex(std::uint64_t number) {
  return fmt::format("{:016x}", number);
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes)
    fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string_view to_string(routing::key_result::status status) noexcept {
  using enum routing::key_result::status;
  switch (status) {
  case found:
    return "found";
  case absent:
    return "absent";
  case repeated:
    return "repeated";
  case too_long:
    return "too_long";
  case malformed:
    return "malformed";
  }
  return "unknown";
}

refusal refusal_of(routing::placement_reason reason, bool is_behind) noexcept {
  using enum routing::placement_reason;
  if (reason == no_key_refused) return refusal::no_session_key;
  if (reason == member_gone) return is_behind ? refusal::member_unknown : refusal::member_gone;
  return reason == no_members ? refusal::no_members : refusal::owner_unreachable;
}

} // namespace

std::string_view why(routing::placement_reason reason) noexcept {
  using enum routing::placement_reason;
  switch (reason) {
  case owner:
    return "It is the first of the key's ranking.";
  case pin:
    return "The session's cookie or envelope names it.";
  case balanced:
    return "There is no session key: any member that is not left out takes the request, by weight.";
  case failed_over:
    return "The session's own member is left out, and it is the next of the key's ranking.";
  case spilled:
    return "The session is new, and those before it in its ranking have more than their share: bounded load.";
  case no_key_refused:
    return "There is no session key, and the pool wants one.";
  case no_members:
    return "The view has no ready member.";
  case owner_unreachable:
    return "The session's member is left out and fail-over is off, or all members are left out.";
  case member_gone:
    return "The member that issued the envelope is not in the view, and fail-over is off.";
  }
  return "";
}

void explainer::tell_request() {
  out_["request"] = {
      {"host", to_utf8(host_)}, {"path", to_utf8(target_.path)}, {"query", to_utf8(target_.query)}};
  if (peer_) out_["request"].as_object()["client"] = request_.client.to_string();
}

void explainer::tell_pool() {
  out_["pool"] = to_utf8(pool_->settings.name);
  out_["epoch"] = pool_->view.epoch();
  out_["checksum"] = pool_->view.checksum();
  out_["placement"] = routing::placement_name;
}

json::object explainer::source_object() const {
  using kind = routing::key_source::kind;
  const auto& sources = pool_->settings.session.key;
  const auto& source = sources[key_.source];
  json::object told{{"kind", to_string(source.from)}, {"place", key_.source + 1}, {"of", sources.size()}};
  if (!source.name.empty()) told["name"] = to_utf8(source.name);
  if (source.from == kind::path_segment) told["segment"] = source.segment;
  if (source.from == kind::client_address)
    told["prefix"] = request_.client.v6 ? source.ipv6_prefix : source.ipv4_prefix;
  if (source.envelope) told["envelope"] = true;
  if (source.issued) told["issued"] = true;
  if (source.pin) told["pin"] = true;
  return told;
}

/// False where the key makes the request malformed.
bool explainer::tell_key() {
  using status = routing::key_result::status;
  using kind = routing::key_source::kind;
  json::object told{{"state", to_string(key_.outcome)}};
  const bool from_request = !query_.key && key_.outcome != status::absent;
  if (from_request) told["source"] = source_object();
  if (key_.outcome == status::found) {
    told["hash"] = hex(key_.hash);
    told["hex"] = hex(key_.bytes);
    if (from_request && pool_->settings.session.key[key_.source].from == kind::client_address)
      told["text"] = request_.client.to_string();
    else if (is_utf8(key_.bytes) && !has_controls(key_.bytes))
      told["text"] = key_.bytes;
  }
  out_["key"] = std::move(told);
  if (key_.token_seen != routing::token_state::none) tell_token();
  return !key_.refused() || refuse(refusal::malformed_key, http::facts_of(refusal::malformed_key).text);
}

/// Of what this proxy knows: a request would have the members read again first.
bool explainer::is_ahead(std::uint64_t epoch) const noexcept {
  return epoch > pool_->view.epoch() && pool_->state &&
         !pool_->state->known.reaches(epoch, snapshot_.number);
}

void explainer::tell_token() {
  json::object told{{"state", to_string(key_.token_seen)}};
  if (key_.token_seen == routing::token_state::valid) {
    told["expires_unix_seconds"] = key_.token.expires_unix_s;
    told["epoch"] = key_.token.epoch;
    if (is_ahead(key_.token.epoch)) told["ahead"] = true;
  }
  if (key_.token.pinned()) told["pin"] = pin_object(key_.token.pin_id_hash, key_.token.pin_incarnation_hash);
  out_["token"] = std::move(told);
}

/// Which member a token or an envelope names.
json::object explainer::pin_object(std::uint64_t id_hash, std::uint64_t incarnation_hash) const {
  const auto m = pool_->view.find_by_id_hash(id_hash);
  const bool known = m != view::npos;
  const bool same = known && pool_->view.hashes(m).incarnation == incarnation_hash;
  return {{"member", known ? json::value(to_utf8(id_of(m))) : json::value(nullptr)},
          {"state", same    ? "there"
                    : known ? "another_incarnation"
                            : "gone"}};
}

/// All of the pool's; which of them is the key is told elsewhere.
void explainer::tell_envelopes() {
  json::array told;
  for (std::size_t i = 0; i < opened_.verdicts.size(); ++i) {
    const auto& field = pool_->envelopes[i];
    const auto& verdict = opened_.verdicts[i];
    const bool is_cookie = field.what == routing::envelope_field::kind::cookie;
    json::object one{{"kind", is_cookie ? "cookie" : "header"},
                     {"name", to_utf8(field.name)},
                     {"state", to_string(verdict.state)}};
    if (verdict.state == routing::envelope_state::valid) {
      one["epoch"] = verdict.tag.epoch;
      if (is_ahead(verdict.tag.epoch)) one["ahead"] = true;
      one["pin"] = pin_object(verdict.tag.id_hash, verdict.tag.incarnation_hash);
    }
    told.emplace_back(std::move(one));
  }
  out_["envelopes"] = std::move(told);
}

/// What a new session would find, of each ready member: the bound is the most that it may have with that one.
void explainer::tell_load() {
  const auto thousandths = pool_->placement.bounded_load_thousandths;
  if (thousandths == 0) return;
  const auto load = [this](std::uint32_t m) { return busy(m); };
  const routing::load_bound bound(
      pool_->view, thousandths, [this](std::uint32_t m) { return is_left_out(m); }, load);
  const auto members = pool_->view.members();
  json::array told;
  for (std::uint32_t m = 0; m < members.size(); ++m)
    if (members[m].state == routing::member_state::ready && !is_left_out(m))
      told.push_back({{"member", to_utf8(id_of(m))},
                      {"busy", busy(m)},
                      {"bound", bound.most(members[m].weight)},
                      {"has_room", bound.has_room(busy(m), members[m].weight)}});
  out_["load"] = {{"factor", thousandths / 1000.0}, {"members", std::move(told)}};
}

void explainer::tell_ranking(std::uint64_t hash) {
  const auto members = pool_->view.members();
  json::array ranked;
  for (const auto& [member, score] : routing::ranking(pool_->view, hash)) {
    json::object row{
        {"member", to_utf8(id_of(member))}, {"score", hex(score)}, {"weight", members[member].weight}};
    if (const auto why_not = why_left_out(member); why_not != net::left_out::no)
      row["why_not"] = net::to_string(why_not);
    ranked.emplace_back(std::move(row));
  }
  json::array left_out;
  for (const auto& m : members)
    if (m.state == routing::member_state::draining)
      left_out.push_back({{"member", to_utf8(m.id)}, {"why_not", "draining"}});
  const auto owner = routing::owner(pool_->view, hash);
  out_["owner"] = owner == view::npos ? json::value(nullptr) : json::value(to_utf8(id_of(owner)));
  out_["ranking"] = std::move(ranked);
  out_["left_out"] = std::move(left_out);
}

void explainer::tell_placement() {
  using origin = routing::placement_key::origin;
  // Where chance decides, a member named here would be one of many.
  const bool by_chance = session_.from == origin::none || session_.from == origin::fresh;
  tell_load();
  const auto p = routing::place(
      pool_->view, session_, pool_->placement, 0,
      [this](std::uint32_t member) { return is_left_out(member); },
      [&](std::uint32_t member) { return by_chance ? 0 : busy(member); });
  if (p.member == view::npos) {
    refuse(refusal_of(p.reason, is_ahead(key_.token.epoch)), why(p.reason));
    out_["decision"].as_object()["reason"] = to_string(p.reason);
    out_["decision"].as_object()["sticky"] = to_string(p.sticky);
    return;
  }
  json::object told;
  told["member"] = by_chance ? json::value(nullptr) : json::value(to_utf8(id_of(p.member)));
  if (session_.from != origin::fresh) told["reason"] = to_string(p.reason);
  told["sticky"] = to_string(p.sticky);
  told["issues_cookie"] = p.issue;
  told["why"] = session_.from == origin::fresh
                    ? "A new session: its id is drawn at random, and the id decides the member."
                    : why(p.reason);
  out_["decision"] = std::move(told);
}

} // namespace limpet::ops
