#include "routing/session_key.hpp"

#include "routing/ascii.hpp"
#include "routing/cookie.hpp"
#include "routing/percent.hpp"
#include "routing/view.hpp"

namespace limpet::routing {
namespace {

using status = key_result::status;

/// A source's answer: found, or why not.
struct raw_key {
  status outcome = status::absent;
  std::string_view bytes;
};

raw_key as_it_stands(std::string_view value) noexcept {
  return value.empty() ? raw_key{} : raw_key{status::found, value};
}

/// Decodes into `scratch` only where there is something to decode.
raw_key percent_decoded(std::string_view value, std::string& scratch) {
  if (value.find('%') == std::string_view::npos) return as_it_stands(value);
  if (!percent_decode(value, scratch)) return {status::malformed, {}};
  return as_it_stands(scratch);
}

raw_key from_header(std::span<const header_field> fields, std::string_view name) noexcept {
  const header_field* found = nullptr;
  for (const header_field& field : fields) {
    if (!ascii_iequal(field.name, name)) continue;
    if (found != nullptr) return {status::repeated, {}};
    found = &field;
  }
  return found == nullptr ? raw_key{} : as_it_stands(found->value);
}

bool is_parameter(std::string_view encoded_name, std::string_view name) noexcept {
  return encoded_name == name ||
         (encoded_name.find('%') != std::string_view::npos && percent_decodes_to(encoded_name, name));
}

raw_key from_query(std::string_view query, std::string_view name, std::string& scratch) {
  bool seen = false;
  std::string_view value;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const std::size_t equals = parameter.find('=');
    if (!is_parameter(parameter.substr(0, equals), name)) continue;
    if (seen) return {status::repeated, {}};
    seen = true;
    if (equals != std::string_view::npos) value = parameter.substr(equals + 1);
  }
  return percent_decoded(value, scratch);
}

raw_key from_path(std::string_view path, unsigned segment, std::string& scratch) {
  std::size_t start = 1;
  for (unsigned i = 1; i < segment; ++i) {
    const std::size_t slash = path.find('/', start);
    if (slash == std::string_view::npos) return {};
    start = slash + 1;
  }
  if (segment == 0 || start > path.size()) return {};
  return percent_decoded(path.substr(start, path.find('/', start) - start), scratch);
}

raw_key from_client(const key_source& source, const ip_address& client, std::string& scratch) {
  const ip_address network = client.network(client.v6 ? source.ipv6_prefix : source.ipv4_prefix);
  scratch = network.network_bytes();
  return {status::found, scratch};
}

raw_key from_issued_cookie(const key_source& source, const request_view& request, const token_keys* keys,
                           std::int64_t now_unix_s, std::string& scratch, key_result& result) {
  const auto text = find_cookie(request.fields, source.name);
  if (!text || text->empty() || keys == nullptr) return {};
  const token_verdict verdict = decode_token(*text, *keys, now_unix_s);
  result.token_seen = verdict.state;
  if (verdict.state != token_state::valid) return {};
  result.token = verdict.token;
  scratch = verdict.token.key();
  return {status::found, scratch};
}

raw_key from_envelope(const envelope_verdict& verdict, key_result& result) noexcept {
  if (verdict.state != envelope_state::valid) return {};
  result.token = {};
  result.token.epoch = verdict.tag.epoch;
  result.token.pin_id_hash = verdict.tag.id_hash;
  result.token.pin_incarnation_hash = verdict.tag.incarnation_hash;
  return as_it_stands(verdict.value);
}

raw_key from_source(const key_source& source, const request_view& request, std::string& scratch) {
  switch (source.from) {
  case key_source::kind::cookie:
    return as_it_stands(find_cookie(request.fields, source.name).value_or(std::string_view{}));
  case key_source::kind::header:
    return from_header(request.fields, source.name);
  case key_source::kind::query:
    return from_query(request.query, source.name, scratch);
  case key_source::kind::path_segment:
    return from_path(request.path, source.segment, scratch);
  case key_source::kind::client_address:
    return from_client(source, request.client, scratch);
  }
  return {};
}

} // namespace

std::string_view to_string(key_source::kind kind) noexcept {
  switch (kind) {
  case key_source::kind::cookie:
    return "cookie";
  case key_source::kind::header:
    return "header";
  case key_source::kind::query:
    return "query";
  case key_source::kind::path_segment:
    return "path";
  case key_source::kind::client_address:
    return "client_address";
  }
  return "unknown";
}

std::vector<envelope_field> envelopes_of(std::string_view pool, std::span<const key_source> sources) {
  std::vector<envelope_field> out;
  for (const key_source& source : sources) {
    const auto what =
        source.from == key_source::kind::cookie ? envelope_field::kind::cookie : envelope_field::kind::header;
    if (source.envelope) out.emplace_back(pool, what, source.name, source.forged);
  }
  return out;
}

key_result extract_session_key(std::span<const key_source> sources, const request_view& request,
                               std::size_t key_bytes_max, const token_keys* keys, std::int64_t now_unix_s,
                               std::string& scratch, std::span<const envelope_verdict> opened) {
  key_result result;
  std::size_t envelopes = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const key_source& source = sources[i];
    raw_key key;
    if (source.envelope)
      key = envelopes < opened.size() ? from_envelope(opened[envelopes++], result) : raw_key{};
    else
      key = source.issued ? from_issued_cookie(source, request, keys, now_unix_s, scratch, result)
                          : from_source(source, request, scratch);
    if (key.outcome == status::absent) continue;
    if (key.outcome == status::found && !source.issued && key.bytes.size() > key_bytes_max)
      key = {status::too_long, {}};
    result.outcome = key.outcome;
    result.source = i;
    result.bytes = key.bytes;
    if (key.outcome == status::found) result.hash = hash_bytes(key.bytes);
    return result;
  }
  return result;
}

} // namespace limpet::routing
