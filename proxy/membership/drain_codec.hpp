#pragma once

#include <string>
#include <string_view>

/// The value of an operator's drain in etcd: {"by":"admin","at":"2026-01-31T09:30:00Z"}. Only the key counts;
/// its value is for people.
namespace limpet::membership {

/// Who began a drain, and when; printable ASCII of at most 128 bytes each, empty where the value does not
/// say.
struct drain_note {
  std::string by;
  std::string at; ///< RFC 3339
  friend bool operator==(const drain_note&, const drain_note&) = default;
};

/// A drain that stands in the store.
struct operator_drain {
  std::string member;
  drain_note note;
  bool is_there = false; ///< the member is; a drain without is in force once it comes
  friend bool operator==(const operator_drain&, const operator_drain&) = default;
};

std::string encode_drain(const drain_note& note);

/// Whatever the value is: what of it is of no use counts as not said.
drain_note decode_drain(std::string_view value);

} // namespace limpet::membership
