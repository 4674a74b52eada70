// What a request is about: its target, route, upgrade and session key. No waiting here.

#include "proxy/http/exchange.hpp"
#include "proxy/http/forwarding.hpp"
#include "proxy/http/refusal_page.hpp"
#include "proxy/http/websocket_handshake.hpp"
#include "routing/forwarded.hpp"

#include <algorithm>
#include <ctime>

namespace limpet::http {

namespace {

refusal refusal_of(routing::request_target::status status) noexcept {
  return status == routing::request_target::status::ambiguous_path ? refusal::ambiguous_path
                                                                   : refusal::malformed_target;
}

} // namespace

refusal exchange::resolve() {
  peer_text_ = client_->peer().to_string();
  peer_trusted_ = routing::any_contains(snapshot_->forwarded.trusted, client_->peer());
  request_id_ = request_id_of(head_);
  if (request_id_.empty()) make_request_id(worker_, request_id_);

  if (const auto why = resolve_target(); why != refusal::none) return why;
  const auto found = snapshot_->table.find(host_, target_.path);
  if (!found) return refusal::no_route;
  route_ = &snapshot_->routes[*found];
  const auto body_bytes_max = snapshot_->limits.body_bytes;
  if (body_bytes_max > 0 && head_.body.length > body_bytes_max) return refusal::body_too_large;
  if (const auto why = resolve_upgrade(); why != refusal::none) return why;
  if (const auto why = resolve_session(); why != refusal::none) return why;
  build_request_head();
  return refusal::none;
}

refusal exchange::resolve_target() {
  if (head_.known_method == method::connect || head_.known_method == method::trace)
    return refusal::unsupported_method;
  const auto status = routing::parse_request_target(head_.target, target_, target_scratch_);
  if (status != routing::request_target::status::ok) return refusal_of(status);
  using form = routing::request_target::form;
  if (target_.kind == form::authority) return refusal::malformed_target;
  if (target_.kind == form::asterisk && head_.known_method != method::options)
    return refusal::malformed_target;
  // A malformed Host is refused even where it does not count (RFC 9112 section 3.2).
  const auto why = resolve_host();
  if (why != refusal::none || target_.kind != form::absolute) return why;
  // Absolute form: its authority counts, and is forwarded, whatever Host says (RFC 9112 section 3.2.2).
  head_.host = target_.authority;
  // Without path and query it asks OPTIONS of the server as a whole (section 3.2.4).
  if (head_.known_method == method::options && target_.authority.end() == head_.target.end())
    target_.kind = form::asterisk;
  return resolve_host();
}

/// The host, as routes match it. HTTP/1.0 may come without.
refusal exchange::resolve_host() {
  if (head_.host.empty() && head_.minor_version == 0) return refusal::none;
  if (!known_host_.is(head_.host) && !known_host_.learn(head_.host)) return refusal::malformed_host;
  host_ = known_host_.name;
  return refusal::none;
}

bool exchange::known_host::learn(std::string_view text) {
  authority.clear();
  if (!routing::parse_authority(text, name)) return false;
  authority = text;
  return true;
}

/// An upgrade that the route does not list is not passed on: the request goes as an ordinary one, as RFC 9110
/// section 7.8 allows.
refusal exchange::resolve_upgrade() {
  if (head_.upgrade.empty() || head_.minor_version == 0) return refusal::none;
  const auto& listed = route_->settings.upgrades;
  upgrade_ = std::any_of(listed.begin(), listed.end(),
                         [&](const auto& name) { return iequals(name, head_.upgrade); });
  if (!upgrade_) return refusal::none;
  if (head_.body.has_body()) return refusal::malformed_upgrade;
  if (iequals(head_.upgrade, "websocket") && !is_websocket_request(head_)) return refusal::malformed_upgrade;
  return refusal::none;
}

/// From here on the head has bare values, as its member gets them.
refusal exchange::open_envelopes() {
  routing::open_envelopes(pool().envelopes, head_.fields, pool().settings.session.key_bytes_max,
                          remembering_keys(*snapshot_->keys, snapshot_->number, client_->memo_of_macs()),
                          opened_);
  for (const auto& verdict : opened_.verdicts)
    if (verdict.state == routing::envelope_state::forged)
      worker_.count(metric::tokens_rejected, pool().number,
                    static_cast<std::uint32_t>(routing::token_state::forged));
  using status = routing::opened_envelopes::status;
  if (opened_.outcome == status::ok) return refusal::none;
  return opened_.outcome == status::forged ? refusal::forged_envelope : refusal::malformed_key;
}

refusal exchange::resolve_session() {
  const auto& session = pool().settings.session;
  std::span<const routing::envelope_verdict> opened;
  if (!pool().envelopes.empty() && snapshot_->keys) {
    if (const auto why = open_envelopes(); why != refusal::none) return why;
    opened = opened_.verdicts;
  }
  routing::request_view view{host_, target_.path, target_.query, head_.fields, {}};
  view.client = routing::derive_client(client_->peer(), head_.fields, snapshot_->forwarded.trusted);
  const auto now = std::time(nullptr);
  std::optional<remembering_keys> keys;
  if (session.issued && snapshot_->keys)
    keys.emplace(*snapshot_->keys, snapshot_->number, client_->memo_of_macs());
  key_ = routing::extract_session_key(session.key, view, session.key_bytes_max, keys ? &*keys : nullptr, now,
                                      key_scratch_, opened);
  using status = routing::key_result::status;
  if (key_.token_seen > routing::token_state::valid)
    worker_.count(metric::tokens_rejected, pool().number, static_cast<std::uint32_t>(key_.token_seen));
  if (key_.outcome != status::found && key_.outcome != status::absent) return refusal::malformed_key;

  using routing::placement_key;
  if (key_.outcome == status::found) {
    const auto& source = session.key[key_.source];
    session_ = source.envelope ? placement_key::of_envelope(key_.hash, key_.token)
               : source.issued ? placement_key::of_token(key_.token)
                               : placement_key::of_request(key_.hash);
    record_.key_source = source.envelope ? "envelope" : routing::to_string(source.from);
  } else if (session.issued) {
    worker_.random.secret(key_.token.session_id);
    session_ = placement_key::of_fresh(key_.token.session_id);
    record_.key_source = "issued";
  } else if (session.otherwise == config::no_key_mode::refuse) {
    return refusal::no_session_key;
  }
  return refusal::none;
}

std::string_view exchange::session_key() const noexcept {
  const bool is_fresh = session_.from == routing::placement_key::origin::fresh;
  return is_fresh ? key_.token.key() : key_.bytes;
}

void exchange::build_request_head() {
  forwarding_facts facts;
  facts.peer = peer_text_;
  facts.peer_is_trusted = peer_trusted_;
  facts.mode = snapshot_->forwarded.mode;
  facts.host = head_.host;
  facts.path = target_.path;
  facts.query = target_.query;
  facts.has_query = target_.has_query;
  facts.asterisk = target_.kind == routing::request_target::form::asterisk;
  facts.request_id = request_id_;
  facts.upgrade = upgrade_;
  if (is_strict()) {
    facts.session_fields =
        client_->session_fields().of(pool().number, pool().digest_key, pool().view.epoch(), session_key());
  }
  write_request_head(head_, facts, out_);
}

} // namespace limpet::http
