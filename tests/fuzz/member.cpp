// What etcd and the disk hold of members: a record that is accepted is written and read back the same.
// The input's first line is the id, the rest the value; the whole is tried as a snapshot, too.

#include "proxy/membership/member_codec.hpp"
#include "proxy/membership/snapshot.hpp"
#include "tests/fuzz/support.hpp"

#include <set>
#include <string>

namespace {

using namespace limpet;
using namespace limpet::fuzz;

void check_member(const routing::member& member) {
  FUZZ_CHECK(membership::is_member_id(member.id) && !member.address.empty());
  FUZZ_CHECK(member.weight >= 1 && member.weight <= routing::member_weight_max);
  const auto again = membership::decode_member(member.id, membership::encode_member(member));
  FUZZ_CHECK(again && *again == member);
}

void check_record(std::string_view id, std::string_view value) {
  const auto member = membership::decode_member(id, value);
  if (!member) {
    FUZZ_CHECK(!member.error().reason.empty());
    return;
  }
  FUZZ_CHECK(member->id == id);
  check_member(*member);
}

void check_snapshot(std::string_view text) {
  const auto list = membership::decode_snapshot("pool", text);
  if (!list) {
    FUZZ_CHECK(!list.error().reason.empty());
    return;
  }
  FUZZ_CHECK(list->stale);
  std::set<std::string> ids;
  for (const auto& member : list->members) {
    check_member(member);
    FUZZ_CHECK(ids.insert(member.id).second);
  }
  const auto again = membership::decode_snapshot("pool", membership::encode_snapshot("pool", *list));
  FUZZ_CHECK(again && again->members == list->members && again->epoch == list->epoch);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const exact_bytes input({reinterpret_cast<const char*>(data), size});
  std::string_view value = input.view();
  check_snapshot(value);
  check_record("a", value);
  const auto id = take_line(value);
  check_record(id, value);
  return 0;
}
