// The YAML reader: a document, written and read again, is the same; an error says where and what.

#include "config/yaml.hpp"

#include "config/node.hpp"
#include "tests/fuzz/support.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace limpet;
using namespace limpet::fuzz;
using config::node;

/// Places aside.
bool same(const node& a, const node& b) {
  return a.what == b.what && a.key == b.key && a.text == b.text &&
         std::ranges::equal(a.children, b.children, same);
}

std::size_t depth_of(const node& n) {
  std::size_t deepest = 0;
  for (const auto& child : n.children)
    deepest = std::max(deepest, depth_of(child));
  return deepest + 1;
}

std::size_t nodes_of(const node& n) {
  std::size_t count = 1;
  for (const auto& child : n.children)
    count += nodes_of(child);
  return count;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const exact_bytes input({reinterpret_cast<const char*>(data), size});
  const auto read = config::parse_yaml(input.view());
  FUZZ_CHECK(read.document.has_value() == read.message.empty());
  if (!read.document) {
    const auto lines = static_cast<std::size_t>(std::ranges::count(input.view(), '\n')) + 1;
    FUZZ_CHECK(read.where.line <= lines + 1);
    return 0;
  }
  FUZZ_CHECK(depth_of(*read.document) <= config::document_depth_max + 1);
  FUZZ_CHECK(nodes_of(*read.document) <= config::document_nodes_max);
  const auto again = config::parse_yaml(config::emit_yaml(*read.document));
  FUZZ_CHECK(again.document.has_value() && same(*again.document, *read.document));
  return 0;
}
