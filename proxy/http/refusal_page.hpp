#pragma once

#include "proxy/http/refusal.hpp"

#include <string>
#include <string_view>

namespace limpet::http {

class worker_state;

/// A fresh X-Request-Id: 128 bits in hex.
void make_request_id(worker_state& worker, std::string& out);

struct refusal_page {
  std::string_view request_id;
  std::string_view date;
  bool keep_alive = false;
  bool head_only = false; ///< the answer to a HEAD: no content
  unsigned retry_after_s = 1;
};

/// The proxy's own answer: short plain text that says nothing of the inside. Appends head and content to
/// `out`.
void write_refusal(const refusal_facts& facts, const refusal_page& page, std::string& out);

} // namespace limpet::http
