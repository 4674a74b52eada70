#pragma once

#include "routing/member.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

/// A member's value in etcd:
/// {"address":"10.0.0.7:9001","incarnation":"…","weight":1,"zone":"a","state":"ready","metadata":{}}. What
/// the agent writes and the proxies read.
namespace limpet::membership {

inline constexpr std::size_t member_value_bytes_max = 64 * 1024;

/// Why a text is of no use, in words for the log.
struct bad_value {
  std::string reason;
};

template <class T>
using value_or_reason = boost::system::result<T, bad_value>;

/// [A-Za-z0-9._-]{1,128}
bool is_member_id(std::string_view id) noexcept;

/// Whether a member's address is a host's name and a port: each proxy looks that up for itself.
bool is_host_name(std::string_view address);

std::string encode_member(const routing::member& member);

/// The member, or what is wrong with its value. Only the address is required; unknown
/// fields are ignored, a wrong type or a value out of its range is an error. Never throws on bad input.
value_or_reason<routing::member> decode_member(std::string_view id, std::string_view value);

} // namespace limpet::membership
