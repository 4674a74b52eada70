#include "routing/forwarded.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limpet::routing {
namespace {

struct hop_case {
  const char* peer;
  std::vector<std::string_view> fields; ///< values of X-Forwarded-For, in order
  const char* client;
};

class derive : public ::testing::TestWithParam<hop_case> {};

TEST_P(derive, client) {
  const std::vector<ip_network> trusted{*ip_network::parse("10.0.0.0/8"), *ip_network::parse("fd00::/8")};
  std::vector<header_field> fields{{"Forwarded", "for=6.6.6.6"}, {"X-Real-IP", "6.6.6.6"}};
  for (const std::string_view value : GetParam().fields)
    fields.push_back({"x-forwarded-FOR", value});
  EXPECT_EQ(derive_client(*ip_address::parse(GetParam().peer), fields, trusted).to_string(),
            GetParam().client)
      << GetParam().peer << ' ' << ::testing::PrintToString(GetParam().fields);
}

INSTANTIATE_TEST_SUITE_P(
    chains, derive,
    ::testing::Values(hop_case{"1.1.1.1", {}, "1.1.1.1"},
                      hop_case{"1.1.1.1", {"2.2.2.2"}, "1.1.1.1"}, // an untrusted peer says nothing
                      hop_case{"10.0.0.1", {}, "10.0.0.1"}, hop_case{"10.0.0.1", {"2.2.2.2"}, "2.2.2.2"},
                      hop_case{"10.0.0.1", {"6.6.6.6, 2.2.2.2"}, "2.2.2.2"}, // what the client made up
                      hop_case{"10.0.0.1", {"6.6.6.6, 2.2.2.2, 10.0.0.2"}, "2.2.2.2"},
                      hop_case{"10.0.0.1", {"6.6.6.6", "2.2.2.2", "10.0.0.2,10.0.0.3"}, "2.2.2.2"},
                      hop_case{"10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
                      hop_case{"fd00::1", {"2001:db8::1"}, "2001:db8::1"},
                      hop_case{"::ffff:10.0.0.1", {"::ffff:2.2.2.2"}, "2.2.2.2"}));

INSTANTIATE_TEST_SUITE_P(forms, derive,
                         ::testing::Values(hop_case{"10.0.0.1", {"2.2.2.2:5678"}, "2.2.2.2"},
                                           hop_case{"10.0.0.1", {"[::2]:80"}, "::2"},
                                           hop_case{"10.0.0.1", {"[::2]"}, "::2"},
                                           hop_case{"10.0.0.1", {"::2"}, "::2"},
                                           hop_case{"10.0.0.1", {" \t2.2.2.2\t "}, "2.2.2.2"},
                                           hop_case{"10.0.0.1", {",2.2.2.2, ,,"}, "2.2.2.2"},
                                           hop_case{"10.0.0.1", {""}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"2.2.2.2", ""}, "2.2.2.2"}));

INSTANTIATE_TEST_SUITE_P(unparsable, derive,
                         ::testing::Values(hop_case{"10.0.0.1", {"unknown"}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"2.2.2.2, unknown, 10.0.0.2"}, "10.0.0.2"},
                                           hop_case{"10.0.0.1", {"2.2.2.2", "_hidden"}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"2.2.2.2:"}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"2.2.2.2:x"}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"2.2.2.2:123456"}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"[::2"}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"[::2]80"}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"[::2]:"}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"[2.2.2.2]"}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"[]"}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"\"2.2.2.2\""}, "10.0.0.1"},
                                           hop_case{"10.0.0.1", {"2.2.2.2;x"}, "10.0.0.1"}));

TEST(derive_client, trusts_nobody_by_default) {
  const std::vector<header_field> fields{{"X-Forwarded-For", "2.2.2.2"}};
  EXPECT_EQ(derive_client(*ip_address::parse("10.0.0.1"), fields, {}).to_string(), "10.0.0.1");
}

} // namespace
} // namespace limpet::routing
