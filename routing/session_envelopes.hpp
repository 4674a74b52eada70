#pragma once

#include "routing/envelope.hpp"
#include "routing/request_view.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::routing {

/// Cookies of one name and request with something like a tag that are looked at; more refuse the request.
inline constexpr std::size_t sealed_cookies_max = 8;

/// What came of a request's envelopes. Kept from request to request, its memory serves again.
struct opened_envelopes {
  enum class status : std::uint8_t {
    ok,
    repeated, ///< a header came more than once, or too many cookies of one name: 400
    too_long, ///< a value with a tag over the limit: 400
    forged,   ///< and the field says that it is refused: 400
  };

  status outcome = status::ok;
  std::size_t field = 0;                  ///< index of the field that was refused
  std::vector<envelope_verdict> verdicts; ///< parallel to the pool's envelope fields

  /// A cookie whose tag is cut off, or that is taken out.
  struct edit {
    const char* pair = nullptr; ///< where its `name=value` begins
    bool drop = false;
  };
  std::vector<edit> edits;
  std::string cookies; ///< the Cookie fields that changed
  std::string scratch;
};

/// Opens all envelopes of a request, and leaves bare values in `fields`. What it leaves points into what it
/// read, or into `out`.
///
/// - header: more than one field of the name is `repeated`.
/// - cookie: of those of the name the first valid one counts; then the others of the name are taken out, so
///   that it is the one that the member reads. With none that is valid, all stay, tags cut off. A Cookie
///   field is otherwise left as it stands, byte by byte.
///
/// The verdict of a field is valid, or else forged where any was, or else bare where there is any value.
/// Where the outcome is not ok, `fields` may be half done. A tag behind a value of more than
/// `value_bytes_max` bytes is not even tried. Never throws on bad input.
void open_envelopes(std::span<const envelope_field> envelopes, std::vector<header_field>& fields,
                    std::size_t value_bytes_max, const token_keys& keys, opened_envelopes& out);

/// How many values of an answer ...
struct sealed_envelopes {
  static constexpr std::size_t nothing = static_cast<std::size_t>(-1);

  unsigned sealed = 0;
  unsigned too_long = 0; ///< went bare: over the limit, or the cookie would be more than browsers take
  unsigned unfit = 0;    ///< went bare: can_be_sealed says no
  // And of those sealed, the one that names the session: of the first envelope that got any, the last.
  std::size_t envelope = nothing; ///< its index
  std::uint64_t key_hash = 0;     ///< hash_bytes() of the bare value
};

/// What is known of an answer.
struct seal_facts {
  envelope_tag tag; ///< of the member that answered
  std::size_t value_bytes_max = 0;
  std::int64_t now_unix_s = 0;
};

/// Puts the values that a member issues into envelopes: those of headers, and in Set-Cookie fields what
/// stands between '=' and the attributes, inside its quotes. Empty values, and cookies that are taken away,
/// go as they are. `fields` then points into `text` where something changed. Needs a key in the ring.
sealed_envelopes seal_envelopes(std::span<const envelope_field> envelopes, std::vector<header_field>& fields,
                                const seal_facts& facts, const token_keys& keys, std::string& text,
                                std::string& scratch);

} // namespace limpet::routing
