#pragma once

#include "proxy/membership/member_codec.hpp"
#include "routing/ownership/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::membership {

/// What all proxies of a pool have to agree on before they may share its records.
struct ownership_terms {
  std::string cluster;     ///< whose proxies these are: two clusters under one prefix are noticed
  std::string placement;   ///< routing::placement_name
  std::string keys_digest; ///< of how session keys are taken from requests
  std::string limits;      ///< window/work_max/margin/drift: a grace rests on what the others have
  friend bool operator==(const ownership_terms&, const ownership_terms&) = default;
};

/// Most bytes of a `view` that is read; etcd's default for a request is 1.5 MiB.
inline constexpr std::size_t view_bytes_max = 1'572'864;

/// The value of `view`: JSON with a line of arrays [id, incarnation, address, weight, zone, state] for the
/// members, and of a PREPARE the base as a difference to them. What the store adds, revision and a PREPARE's
/// epoch, is left out.
std::string encode_record(const ownership::record& r, const ownership_terms& terms);
/// `mod_revision` is the key's. Refuses, with the reason, whatever this version would not have written for
/// these terms: a pool that cannot read its record stops, and never guesses.
value_or_reason<ownership::record> decode_record(std::string_view value, std::uint64_t mod_revision,
                                                 const ownership_terms& terms);
/// Whether `value` is of proxies of the same cluster that had agreed on something else.
bool is_of_other_terms(std::string_view value, const ownership_terms& terms);

/// The value of `routers/` and `alive/`.
std::string encode_router(const ownership_terms& terms);
/// Empty, or why it is not of a proxy with these terms.
std::string complaint_of_router(std::string_view value, const ownership_terms& terms);

/// The value of `acks/`: the revision of the record, in decimal digits.
std::string encode_acknowledgement(std::uint64_t revision);
value_or_reason<std::uint64_t> decode_acknowledgement(std::string_view value);

} // namespace limpet::membership
