#include "routing/envelope.hpp"

#include "routing/ascii.hpp"
#include "routing/base64url.hpp"
#include "routing/constant_time.hpp"
#include "routing/wire_numbers.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace limpet::routing {
namespace {

// version (1), hashes of the member's id and incarnation, epoch (8 each, big-endian), MAC (16).
constexpr std::uint8_t tag_version = 1;
constexpr std::size_t signed_size = 1 + 3 * 8;
constexpr std::size_t mac_size = std::tuple_size_v<mac_bytes>;
constexpr char separator = '~';
static_assert(1 + base64url_size(signed_size + mac_size) == envelope_suffix_size);

using tag_bytes = std::array<std::uint8_t, signed_size + mac_size>;

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// With its length in front, so that no two lists of texts give the same bytes.
void append_text(std::string& out, std::string_view text) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<char>(text.size() >> shift & 0xff));
  out.append(text);
}

/// What a MAC is made of.
std::string_view signed_bytes(const envelope_field& field, const tag_bytes& tag, std::string_view value,
                              std::string& scratch) {
  scratch.assign(field.context).append(text_of(tag.data(), signed_size)).append(value);
  return scratch;
}

/// The tag's bytes, where `text` ends with one.
bool read_suffix(std::string_view text, tag_bytes& bytes) noexcept {
  if (text.size() < envelope_suffix_size) return false;
  text.remove_prefix(text.size() - envelope_suffix_size);
  return text.front() == separator && base64url_decode(text.substr(1), bytes) && bytes[0] == tag_version;
}

bool is_authentic(const tag_bytes& bytes, std::string_view covered, const token_keys& keys) noexcept {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const mac_bytes expected = keys.mac(i, covered);
    if (equal_in_constant_time(text_of(expected.data(), mac_size),
                               text_of(bytes.data() + signed_size, mac_size)))
      return true;
  }
  return false;
}

bool is_cookie_octet(char c) noexcept {
  return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

} // namespace

envelope_field::envelope_field(std::string_view pool, kind what_, std::string name_, forged_envelope forged_)
    : what(what_), name(std::move(name_)), forged(forged_), context("limpet envelope\n") {
  std::string signed_name = name;
  if (what == kind::header) std::ranges::transform(signed_name, signed_name.begin(), ascii_lower);
  context.push_back(what == kind::header ? 'h' : 'c');
  append_text(context, pool);
  append_text(context, signed_name);
}

bool looks_sealed(std::string_view text) noexcept {
  tag_bytes bytes;
  return read_suffix(text, bytes);
}

bool can_be_sealed(envelope_field::kind what, std::string_view value) noexcept {
  const auto is_visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (value.empty()) return false;
  return what == envelope_field::kind::cookie ? std::ranges::all_of(value, is_cookie_octet)
                                              : std::ranges::all_of(value, is_visible);
}

void append_seal(std::string& out, std::string_view value, const envelope_tag& tag,
                 const envelope_field& field, const token_keys& keys, std::string& scratch) {
  tag_bytes bytes;
  std::uint8_t* at = bytes.data();
  *at++ = tag_version;
  put_number(at, tag.id_hash);
  put_number(at, tag.incarnation_hash);
  put_number(at, tag.epoch);
  std::ranges::copy(keys.mac(0, signed_bytes(field, bytes, value, scratch)), at);
  out.push_back(separator);
  out.append(base64url_encode(bytes));
}

envelope_verdict open_envelope(std::string_view text, const envelope_field& field, const token_keys& keys,
                               std::string& scratch) {
  if (text.empty()) return {};
  tag_bytes bytes;
  if (!read_suffix(text, bytes)) return {envelope_state::bare, text, {}};
  const std::string_view value = text.substr(0, text.size() - envelope_suffix_size);
  if (!is_authentic(bytes, signed_bytes(field, bytes, value, scratch), keys))
    return {envelope_state::forged, value, {}};
  const std::uint8_t* at = bytes.data() + 1;
  envelope_tag tag;
  tag.id_hash = take_number(at);
  tag.incarnation_hash = take_number(at);
  tag.epoch = take_number(at);
  return {envelope_state::valid, value, tag};
}

std::string_view to_string(envelope_state state) noexcept {
  switch (state) {
  case envelope_state::none:
    return "none";
  case envelope_state::bare:
    return "bare";
  case envelope_state::valid:
    return "valid";
  case envelope_state::forged:
    return "forged";
  }
  return "unknown";
}

} // namespace limpet::routing
