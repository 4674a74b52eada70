#include "proxy/ops/explain.hpp"

#include "proxy/http/message.hpp"
#include "proxy/http/refusal.hpp"
#include "proxy/ops/json_text.hpp"
#include "routing/forwarded.hpp"
#include "routing/placement.hpp"
#include "routing/request_target.hpp"
#include "routing/session_key.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace limpet::ops {

namespace {

namespace json = boost::json;
using http::refusal;
using routing::view;

json::object error_object(std::string_view text) {
  return {{"error", to_utf8(text)}};
}

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

std::string_view why(routing::placement_reason reason) noexcept {
  using enum routing::placement_reason;
  switch (reason) {
  case owner:
    return "It is the first of the key's ranking.";
  case pin:
    return "The session's cookie pins it there.";
  case balanced:
    return "There is no session key: any reachable member takes the request, by weight.";
  case failed_over:
    return "The session's own member is unreachable, and it is the next of the key's ranking.";
  case no_key_refused:
    return "There is no session key, and the pool wants one.";
  case no_members:
    return "The view has no ready member.";
  case owner_unreachable:
    return "The session's member is unreachable and fail-over is off, or no member is reachable.";
  }
  return "";
}

refusal refusal_of(routing::placement_reason reason) noexcept {
  using enum routing::placement_reason;
  if (reason == no_key_refused) return refusal::no_session_key;
  return reason == no_members ? refusal::no_members : refusal::owner_unreachable;
}

bool has_controls(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// Answers one question. Each step either goes on or leaves the answer as it is then: a refusal is an answer
/// too.
class explainer {
public:
  explainer(const http::snapshot& snapshot, const explain_query& query, explain_moment when)
      : snapshot_(snapshot), query_(query), when_(when) {}

  json::object run();

private:
  // What is asked.
  bool read_pool();
  bool read_fields();
  bool read_client();
  bool fail(std::string_view text) {
    out_ = error_object(text);
    return false;
  }

  // The way of a request, as proxy/http/resolve.cpp goes it.
  bool find_route();
  bool resolve_target();
  bool find_key();
  void take_given_key();
  bool choose_session();
  bool refuse(refusal reason, std::string_view sentence);

  // What is told of it.
  void tell_request();
  void tell_pool();
  bool tell_key();
  void tell_token();
  void tell_ranking(std::uint64_t hash);
  void tell_placement();
  json::object source_object() const;
  bool reachable(std::uint32_t member) const;
  std::string_view id_of(std::uint32_t member) const { return pool_->view.members()[member].id; }

  const http::snapshot& snapshot_;
  const explain_query& query_;
  explain_moment when_;
  json::object out_;

  std::string_view host_field_;
  std::vector<routing::header_field> fields_;
  std::optional<routing::ip_address> peer_;
  routing::request_target target_;
  std::string target_scratch_;
  routing::request_view request_;
  std::string host_;
  std::string key_scratch_;
  const http::pool_snapshot* pool_ = nullptr;
  routing::key_result key_;
  routing::placement_key session_;
};

json::object explainer::run() {
  if (!read_pool() || !read_fields() || !read_client()) return out_;
  const bool key_given = query_.key.has_value();
  if (!key_given && !resolve_target()) return out_;
  if (!pool_ && !find_route()) return out_;
  tell_pool();
  if (key_given)
    take_given_key();
  else if (!find_key())
    return out_;
  if (!tell_key()) return out_;
  if (choose_session()) tell_placement();
  return out_;
}

// -- the question -----------------------------------------------------

bool explainer::read_pool() {
  if (query_.key && !query_.pool) return fail("a key needs its pool");
  if (!query_.pool) return true;
  for (const auto& p : snapshot_.pools)
    if (p->settings.name == *query_.pool) pool_ = p.get();
  return pool_ || fail("there is no pool \"" + *query_.pool + "\"");
}

bool explainer::read_fields() {
  host_field_ = query_.host;
  for (const auto& [name, value] : query_.headers) {
    if (!http::is_token(name) || has_controls(value)) return fail("a header that HTTP does not allow");
    if (http::iequals(name, "host")) {
      if (!host_field_.empty()) return fail("the host is given twice");
      host_field_ = value;
    }
    fields_.push_back({name, value});
  }
  for (const auto& cookie : query_.cookies) {
    if (has_controls(cookie)) return fail("a cookie that HTTP does not allow");
    fields_.push_back({"Cookie", cookie});
  }
  return true;
}

bool explainer::read_client() {
  if (query_.client.empty()) return true;
  peer_ = routing::ip_address::parse(query_.client);
  return peer_ || fail("the client is no IP address");
}

// -- the way of a request ---------------------------------------------

bool explainer::refuse(refusal reason, std::string_view sentence) {
  const auto& facts = http::facts_of(reason);
  out_["decision"] = {
      {"member", nullptr}, {"refusal", facts.name}, {"status", facts.status}, {"why", sentence}};
  return false;
}

bool explainer::resolve_target() {
  using status = routing::request_target::status;
  const auto parsed = routing::parse_request_target(query_.url, target_, target_scratch_);
  if (parsed == status::ambiguous_path)
    return refuse(refusal::ambiguous_path, http::facts_of(refusal::ambiguous_path).text);
  if (parsed != status::ok || target_.kind == routing::request_target::form::authority)
    return refuse(refusal::malformed_target, http::facts_of(refusal::malformed_target).text);
  if (target_.kind == routing::request_target::form::absolute) host_field_ = target_.authority;
  if (!host_field_.empty() && !routing::parse_authority(host_field_, host_))
    return refuse(refusal::malformed_host, http::facts_of(refusal::malformed_host).text);
  const auto client =
      routing::derive_client(peer_.value_or(routing::ip_address{}), fields_, snapshot_.forwarded.trusted);
  request_ = {host_, target_.path, target_.query, fields_, client};
  tell_request();
  return true;
}

bool explainer::find_route() {
  out_["route"] = nullptr;
  const auto found = snapshot_.table.find(host_, target_.path);
  if (!found || *found >= snapshot_.routes.size())
    return refuse(refusal::no_route, "No route has this host and path.");
  const auto& route = snapshot_.routes[*found];
  out_["route"] = {{"name", to_utf8(route.settings.name)},
                   {"host", to_utf8(route.settings.host)},
                   {"path", to_utf8(route.settings.path)}};
  pool_ = route.pool.get();
  return true;
}

void explainer::take_given_key() {
  using enum routing::key_result::status;
  key_.bytes = *query_.key;
  key_.outcome = key_.bytes.size() > pool_->settings.session.key_bytes_max ? too_long
                 : key_.bytes.empty()                                      ? absent
                                                                           : found;
  key_.hash = routing::hash_bytes(key_.bytes);
}

bool explainer::find_key() {
  const auto& session = pool_->settings.session;
  key_ = routing::extract_session_key(session.key, request_, session.key_bytes_max, snapshot_.keys.get(),
                                      when_.unix_s, key_scratch_);
  using kind = routing::key_source::kind;
  if (key_.outcome == routing::key_result::status::found &&
      session.key[key_.source].from == kind::client_address && !peer_)
    return fail("the key is the client's address: give a client");
  return true;
}

bool explainer::choose_session() {
  using routing::placement_key;
  const auto& session = pool_->settings.session;
  if (key_.outcome == routing::key_result::status::found) {
    const bool by_token = !query_.key && session.key[key_.source].issued;
    session_ = by_token ? placement_key::of_token(key_.token) : placement_key::of_request(key_.hash);
    tell_ranking(session_.hash);
  } else if (session.issued) {
    session_ = placement_key::of_fresh({});
  } else if (session.otherwise == config::no_key_mode::refuse) {
    return refuse(refusal::no_session_key, why(routing::placement_reason::no_key_refused));
  }
  return true;
}

bool explainer::reachable(std::uint32_t member) const {
  if (member >= pool_->targets.size()) return true; // a snapshot that nobody dials from
  const auto& shared = pool_->targets[member].shared;
  return !shared || shared->reachable(when_.steady);
}

// -- the answer -------------------------------------------------------

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

void explainer::tell_token() {
  json::object told{{"state", to_string(key_.token_seen)}};
  if (key_.token_seen == routing::token_state::valid) {
    told["expires_unix_seconds"] = key_.token.expires_unix_s;
    told["epoch"] = key_.token.epoch;
  }
  if (key_.token.pinned()) {
    const auto m = pool_->view.find_by_id_hash(key_.token.pin_id_hash);
    const bool known = m != view::npos;
    const bool same = known && pool_->view.hashes(m).incarnation == key_.token.pin_incarnation_hash;
    told["pin"] = {{"member", known ? json::value(to_utf8(id_of(m))) : json::value(nullptr)},
                   {"state", same    ? "there"
                             : known ? "another_incarnation"
                                     : "gone"}};
  }
  out_["token"] = std::move(told);
}

void explainer::tell_ranking(std::uint64_t hash) {
  const auto members = pool_->view.members();
  json::array ranked;
  for (const auto& [member, score] : routing::ranking(pool_->view, hash)) {
    json::object row{
        {"member", to_utf8(id_of(member))}, {"score", hex(score)}, {"weight", members[member].weight}};
    if (!reachable(member)) row["why_not"] = "unreachable";
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
  const auto p = routing::place(pool_->view, session_, pool_->placement, 0,
                                [this](std::uint32_t member) { return !reachable(member); });
  if (p.member == view::npos) {
    refuse(refusal_of(p.reason), why(p.reason));
    out_["decision"].as_object()["reason"] = to_string(p.reason);
    out_["decision"].as_object()["sticky"] = to_string(p.sticky);
    return;
  }
  using origin = routing::placement_key::origin;
  json::object told;
  // Where chance decides, a member named here would be one of many.
  const bool by_chance = session_.from == origin::none || session_.from == origin::fresh;
  told["member"] = by_chance ? json::value(nullptr) : json::value(to_utf8(id_of(p.member)));
  if (session_.from != origin::fresh) told["reason"] = to_string(p.reason);
  told["sticky"] = to_string(p.sticky);
  told["issues_cookie"] = p.issue;
  told["why"] = session_.from == origin::fresh
                    ? "A new session: its id is drawn at random, and the id decides the member."
                    : why(p.reason);
  out_["decision"] = std::move(told);
}

} // namespace

json::object explain(const http::snapshot& snapshot, const explain_query& query, explain_moment when) {
  return explainer(snapshot, query, when).run();
}

} // namespace limpet::ops
