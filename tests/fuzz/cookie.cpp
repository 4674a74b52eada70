// Cookie fields: the first cookie of a name, as a plain reader finds it; and what was issued is found again.
// The input's first line is the name, each other line one Cookie field.

#include "routing/cookie.hpp"

#include "tests/fuzz/support.hpp"

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace limpet;
using namespace limpet::fuzz;

std::optional<std::string_view> find_plainly(const std::vector<routing::header_field>& fields,
                                             std::string_view name) {
  for (const auto& field : fields) {
    for (const auto pair : cut(field.value, ';')) {
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) continue;
      auto value = trim(pair.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      return value;
    }
  }
  return {};
}

/// A browser sends back what stands before the first semicolon of Set-Cookie.
void check_issued(std::string_view name, std::string_view value,
                  const std::vector<routing::header_field>& others) {
  const routing::cookie_attributes attributes{std::string(name), "/", "example.com", std::chrono::hours(1),
                                              routing::same_site::strict};
  const std::string set = routing::format_set_cookie(attributes, value, true);
  const std::string sent = set.substr(0, set.find(';'));
  std::vector<routing::header_field> fields{{"COOKIE", sent}};
  fields.insert(fields.end(), others.begin(), others.end());
  FUZZ_CHECK(routing::find_cookie(fields, name) == value);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const exact_bytes input({reinterpret_cast<const char*>(data), size});
  std::string_view bytes = input.view();
  const auto name = take_line(bytes);
  std::vector<routing::header_field> fields{{"X-Cookie", "other=1"}};
  while (!bytes.empty())
    fields.push_back({"cookie", take_line(bytes)});
  const auto found = routing::find_cookie(fields, name);
  FUZZ_CHECK(found == find_plainly({fields.begin() + 1, fields.end()}, name));
  const bool usable = !name.empty() && name == trim(name) && name.find_first_of("=;") == name.npos;
  if (usable) check_issued(name, "Zm9v-bar_", fields);
  return 0;
}
