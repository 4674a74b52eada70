#pragma once

#include "config/config.hpp"
#include "proxy/http/message.hpp"

#include <string>
#include <string_view>

namespace limpet::http {

/// What the proxy knows of a request beyond its head, for the fields that it adds.
struct forwarding_facts {
  std::string_view peer; ///< the connection's other end, as text
  bool peer_is_trusted = false;
  config::forwarded_mode mode = config::forwarded_mode::append;
  std::string_view scheme = "http"; ///< of the client's connection
  std::string_view host;            ///< as it is forwarded
  std::string_view path;            ///< normalised: what is matched is what is forwarded
  std::string_view query;
  bool has_query = false;
  bool asterisk = false;       ///< OPTIONS *
  std::string_view request_id; ///< used where the request has none
  bool upgrade = false;        ///< the route lists it: Connection: upgrade passes
  /// session_fields_memo::of(), where the session is handed over by a barrier.
  std::string_view session_fields;
};

/// Writes the head that the member gets: end-to-end fields as they came, hop-by-hop ones off (RFC 9110
/// section 7.6.1), Via, X-Forwarded-For, -Proto, -Host and X-Request-Id on, names that begin with Limpet-
/// taken off. Appends to `out`.
void write_request_head(const request_head& head, const forwarding_facts& facts, std::string& out);

/// What the client's side asks of an answer's head.
struct answer_facts {
  bool client_is_http10 = false;
  bool keep_alive = true;
  bool upgrade = false;        ///< a 101 that is passed on
  std::string_view set_cookie; ///< the issued cookie; empty: none. Cache-Control: private goes with it
  std::string_view date;       ///< used where the answer has none
};

/// Writes the head that the client gets. `body` is how the content goes out, which need not be how it came
/// in. Appends to `out`.
void write_response_head(const response_head& head, const answer_facts& facts, const framing& body,
                         std::string& out);

/// Writes an interim answer (1xx other than 101) as it came. Appends to `out`.
void write_interim_head(const response_head& head, std::string& out);

/// The value of X-Request-Id, or empty.
std::string_view request_id_of(const request_head& head) noexcept;

} // namespace limpet::http
