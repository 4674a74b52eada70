#pragma once

#include "routing/token.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::routing {

/// What the tag of an envelope says: who issued the value, and what was known then.
struct envelope_tag {
  std::uint64_t id_hash = 0;          ///< hash_bytes(member::id)
  std::uint64_t incarnation_hash = 0; ///< hash_bytes(member::incarnation)
  std::uint64_t epoch = 0;            ///< the view's
  friend bool operator==(const envelope_tag&, const envelope_tag&) = default;
};

/// What becomes of a request with a tag that no key of the ring made.
enum class forged_envelope : std::uint8_t {
  refuse, ///< 400
  place,  ///< as a new session; its member gets the bare value
};

/// A field whose values travel in envelopes.
struct envelope_field {
  enum class kind : std::uint8_t { header, cookie };

  /// `pool` is part of what is signed.
  envelope_field(std::string_view pool, kind what, std::string name, forged_envelope forged);

  kind what;
  std::string name; ///< of the header, without regard to case, or of the cookie
  forged_envelope forged;
  std::string context; ///< what each MAC covers first: label, pool, kind and name
};

/// Characters that an envelope adds at the end of its value.
inline constexpr std::size_t envelope_suffix_size = 56;

enum class envelope_state : std::uint8_t {
  none,   ///< there is no value
  bare,   ///< a value without a tag of a version that we know
  valid,  ///< a value with its tag
  forged, ///< well formed, but no key of the ring made this tag for this value in this field of this pool
};

struct envelope_verdict {
  envelope_state state = envelope_state::none;
  std::string_view value; ///< the bare one, where there is one; a part of what was read
  envelope_tag tag;       ///< where valid
};

/// Whether `text` ends as an envelope does; says nothing of whether it is one of ours.
bool looks_sealed(std::string_view text) noexcept;

/// Whether a value may get a tag behind it: it is not empty and has visible ASCII characters alone, in a
/// cookie only those of RFC 6265 section 4.1.1, so that nobody on the way takes it apart or quotes it.
bool can_be_sealed(envelope_field::kind what, std::string_view value) noexcept;

/// Appends '~' and the tag: base64url (RFC 4648 section 5, no padding) of version, tag and MAC, made with the
/// first key of the ring, which needs one. `scratch` is room to work in.
void append_seal(std::string& out, std::string_view value, const envelope_tag& tag,
                 const envelope_field& field, const token_keys& keys, std::string& scratch);

/// Reads from the end and verifies, as decode_token does: how long that takes tells nothing of how much of
/// the MAC was right, and one tag has one text. Never throws on bad input.
envelope_verdict open_envelope(std::string_view text, const envelope_field& field, const token_keys& keys,
                               std::string& scratch);

/// As in explain: "none", "bare", "valid" or "forged".
std::string_view to_string(envelope_state state) noexcept;

} // namespace limpet::routing
