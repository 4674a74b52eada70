#include "proxy/ops/explain.hpp"

#include "proxy/http/message.hpp"
#include "proxy/ops/explainer.hpp"
#include "proxy/ops/json_text.hpp"
#include "routing/forwarded.hpp"

#include <algorithm>

namespace limpet::ops {

namespace {

namespace json = boost::json;
using http::refusal;

} // namespace

bool has_controls(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return (c < 0x20 && c != 0x09) || c == 0x7f; });
}

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

bool explainer::fail(std::string_view text) {
  out_ = {{"error", to_utf8(text)}};
  return false;
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

/// As the data plane does; fields_ have bare values afterwards.
bool explainer::open_envelopes() {
  if (pool_->envelopes.empty() || !snapshot_.keys) return true;
  using status = routing::opened_envelopes::status;
  routing::open_envelopes(pool_->envelopes, fields_, pool_->settings.session.key_bytes_max, *snapshot_.keys,
                          opened_);
  request_.fields = fields_;
  tell_envelopes();
  if (opened_.outcome == status::ok) return true;
  const auto why = opened_.outcome == status::forged ? refusal::forged_envelope : refusal::malformed_key;
  return refuse(why, http::facts_of(why).text);
}

bool explainer::find_key() {
  if (!open_envelopes()) return false;
  const auto& session = pool_->settings.session;
  key_ = routing::extract_session_key(session.key, request_, session.key_bytes_max, snapshot_.keys.get(),
                                      when_.unix_s, key_scratch_, opened_.verdicts);
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
    const auto* source = query_.key ? nullptr : &session.key[key_.source];
    session_ = source && source->envelope ? placement_key::of_envelope(key_.hash, key_.token)
               : source && source->issued ? placement_key::of_token(key_.token)
                                          : placement_key::of_request(key_.hash);
    tell_ranking(session_.hash);
  } else if (session.issued) {
    session_ = placement_key::of_fresh({});
  } else if (session.otherwise == config::no_key_mode::refuse) {
    return refuse(refusal::no_session_key, why(routing::placement_reason::no_key_refused));
  }
  return true;
}

net::left_out explainer::why_left_out(std::uint32_t member) const {
  if (member >= pool_->targets.size()) return net::left_out::no; // a snapshot that nobody dials from
  const auto& shared = pool_->targets[member].shared;
  return shared ? shared->why_left_out(when_.steady) : net::left_out::no;
}

std::uint32_t explainer::busy(std::uint32_t member) const {
  if (member >= pool_->targets.size() || !pool_->targets[member].shared) return 0;
  return pool_->targets[member].shared->busy.load(std::memory_order_relaxed);
}

json::object explain(const http::snapshot& snapshot, const explain_query& query, explain_moment when) {
  return explainer(snapshot, query, when).run();
}

} // namespace limpet::ops
