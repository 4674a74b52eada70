#pragma once

#include "routing/function_ref.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::etcd {

/// Reads the fields of a JSON object in protobuf's JSON mapping: a field that is absent or null has its
/// default; one with a wrong type has it too, and sets the flag `good` to false.
class json_fields {
public:
  /// Both must outlive this.
  json_fields(const boost::json::object& object, bool& good) : object_(&object), good_(&good) {}

  bool has(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;  ///< a number, or a string that is one
  std::uint64_t natural(std::string_view name) const; ///< the same, unsigned
  std::string text(std::string_view name) const;
  std::string bytes(std::string_view name) const; ///< base64
  bool flag(std::string_view name) const;
  json_fields object(std::string_view name) const; ///< without fields where absent
  /// Calls `use` with each element of an array of objects.
  void each(std::string_view name, function_ref<void(const json_fields&)> use) const;

private:
  /// The field's value, or null where it is absent or null.
  const boost::json::value* find(std::string_view name) const;

  const boost::json::object* object_;
  bool* good_;
};

} // namespace limpet::etcd
