#pragma once

#include "routing/request_view.hpp"

#include <cstdint>
#include <string_view>

namespace limpet::http {

/// The fields that the proxy itself looks at, drops or writes; header_field::known has one of these.
enum class field_name : std::uint16_t {
  other,
  connection,
  content_length,
  content_type,
  date,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  sec_websocket_accept,
  sec_websocket_key,
  sec_websocket_version,
  te,
  transfer_encoding,
  upgrade,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_request_id,
};

/// Without regard to case.
field_name field_name_of(std::string_view text) noexcept;

/// Of a field that the parser has read.
inline field_name name_of(const routing::header_field& f) noexcept {
  return static_cast<field_name>(f.known);
}

} // namespace limpet::http
