#include "routing/request_target.hpp"

#include <gtest/gtest.h>

#include <string>

namespace limpet::routing {
namespace {

using status = request_target::status;
using form = request_target::form;

struct accepted {
  std::string_view text;
  form kind;
  std::string_view path;
  std::string_view query = {};
  std::string_view authority = {};
};

class accepts : public ::testing::TestWithParam<accepted> {};

TEST_P(accepts, target) {
  const accepted& want = GetParam();
  request_target target;
  std::string scratch;
  ASSERT_EQ(parse_request_target(want.text, target, scratch), status::ok) << want.text;
  EXPECT_EQ(target.kind, want.kind) << want.text;
  EXPECT_EQ(target.path, want.path) << want.text;
  EXPECT_EQ(target.query, want.query) << want.text;
  EXPECT_EQ(target.has_query, want.text.find('?') != std::string_view::npos) << want.text;
  EXPECT_EQ(target.authority, want.authority) << want.text;
}

INSTANTIATE_TEST_SUITE_P(
    forms, accepts,
    ::testing::Values(accepted{"/", form::origin, "/"}, accepted{"/a/b", form::origin, "/a/b"},
                      accepted{"/a?", form::origin, "/a"},
                      accepted{"/a?x=1&y=2", form::origin, "/a", "x=1&y=2"},
                      accepted{"/a?b?c/../d", form::origin, "/a", "b?c/../d"},
                      accepted{"//a//b/", form::origin, "//a//b/"},
                      accepted{"//evil.example/x", form::origin, "//evil.example/x"},
                      accepted{"*", form::asterisk, "/"}, accepted{"http://h", form::absolute, "/", "", "h"},
                      accepted{"http://h:80/a?q", form::absolute, "/a", "q", "h:80"},
                      accepted{"HTTPS://h?q", form::absolute, "/", "q", "h"},
                      accepted{"http://h/../a", form::absolute, "/a", "", "h"},
                      accepted{"http://[::1]:80/", form::absolute, "/", "", "[::1]:80"},
                      accepted{"h.example:443", form::authority, "/", "", "h.example:443"},
                      accepted{"[::1]:443", form::authority, "/", "", "[::1]:443"}));

INSTANTIATE_TEST_SUITE_P(
    what_real_clients_send, accepts,
    ::testing::Values(accepted{"/a?ids[]=1&t={x}|^`\"<>", form::origin, "/a", "ids[]=1&t={x}|^`\"<>"},
                      accepted{"/a?p=C:\\x", form::origin, "/a", "p=C:\\x"},
                      accepted{"/a?bad=%zz%", form::origin, "/a", "bad=%zz%"},
                      accepted{"/a[1]/{b}|c", form::origin, "/a[1]/{b}|c"},
                      accepted{"/caf%C3%A9;v=1/@x:y", form::origin, "/caf%C3%A9;v=1/@x:y"}));

INSTANTIATE_TEST_SUITE_P(
    dot_segments, accepts,
    ::testing::Values(accepted{"/a/b/c/./../../g", form::origin, "/a/g"}, // RFC 3986 section 5.2.4
                      accepted{"/.", form::origin, "/"}, accepted{"/..", form::origin, "/"},
                      accepted{"/./", form::origin, "/"}, accepted{"/../", form::origin, "/"},
                      accepted{"/../../../a", form::origin, "/a"}, accepted{"/a/.", form::origin, "/a/"},
                      accepted{"/a/..", form::origin, "/"}, accepted{"/a/b/..", form::origin, "/a/"},
                      accepted{"/a/../b/", form::origin, "/b/"}, accepted{"/a/./b", form::origin, "/a/b"},
                      accepted{"/a//../b", form::origin, "/a/b"}, accepted{"/...", form::origin, "/..."},
                      accepted{"/.a/..b/c./d..", form::origin, "/.a/..b/c./d.."},
                      accepted{"/a%2eb", form::origin, "/a%2eb"},
                      accepted{"/%2e%2e%2e", form::origin, "/%2e%2e%2e"},
                      accepted{"/a/../b?x=../y", form::origin, "/b", "x=../y"},
                      accepted{"/%252e%252e/a", form::origin, "/%252e%252e/a"}));

struct refused {
  std::string_view text;
  status outcome;
};

class refuses : public ::testing::TestWithParam<refused> {};

TEST_P(refuses, target) {
  request_target target;
  std::string scratch;
  EXPECT_EQ(parse_request_target(GetParam().text, target, scratch), GetParam().outcome)
      << ::testing::PrintToString(GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    malformed, refuses,
    ::testing::Values(refused{"", status::malformed}, refused{"/a b", status::malformed},
                      refused{"/a\tb", status::malformed}, refused{"/a\x7f", status::malformed},
                      refused{std::string_view("/a\0b", 4), status::malformed},
                      refused{"/a\r\n", status::malformed}, refused{"/caf\xc3\xa9", status::malformed},
                      refused{"/a#b", status::malformed}, refused{"/a?b#c", status::malformed},
                      refused{"a", status::malformed}, refused{"a/b", status::malformed},
                      refused{"?x", status::malformed}, refused{"**", status::malformed},
                      refused{"h:", status::malformed}, refused{"h:99999", status::malformed},
                      refused{"ftp://h/", status::malformed}, refused{"http:/h", status::malformed},
                      refused{"http://", status::malformed}, refused{"http:///a", status::malformed},
                      refused{"http://?a", status::malformed}, refused{"http://u@h/", status::malformed},
                      refused{"http://u:p@h/", status::malformed},
                      refused{"http://h\\@e/", status::malformed},
                      refused{"http://[::1/", status::malformed}));

INSTANTIATE_TEST_SUITE_P(
    ambiguous, refuses,
    ::testing::Values(refused{"/a%2fb", status::ambiguous_path}, refused{"/a%2Fb", status::ambiguous_path},
                      refused{"/a%5cb", status::ambiguous_path}, refused{"/a%5Cb", status::ambiguous_path},
                      refused{"/a\\b", status::ambiguous_path}, refused{"/a%00", status::ambiguous_path},
                      refused{"/%2e", status::ambiguous_path}, refused{"/%2e%2e/a", status::ambiguous_path},
                      refused{"/a/.%2E", status::ambiguous_path},
                      refused{"/a/%2e./b", status::ambiguous_path},
                      refused{"/a/../%2e", status::ambiguous_path}, refused{"/%", status::ambiguous_path},
                      refused{"/%4", status::ambiguous_path}, refused{"/%4g", status::ambiguous_path},
                      refused{"/%+1", status::ambiguous_path}, refused{"/%%41", status::ambiguous_path},
                      refused{"http://h/%2e%2e", status::ambiguous_path}));

TEST(request_target, leaves_scratch_alone_where_the_path_is_normal) {
  const std::string_view text = "/a/b";
  request_target target;
  std::string scratch;
  ASSERT_EQ(parse_request_target(text, target, scratch), status::ok);
  EXPECT_EQ(target.path.data(), text.data());
}

TEST(request_target, removal_leaves_no_dot_segment_and_grows_nothing) {
  // All paths of up to six characters from the alphabet that matters.
  constexpr std::string_view alphabet = "/.a";
  for (std::size_t size = 0; size <= 6; ++size) {
    std::size_t count = 1;
    for (std::size_t i = 0; i < size; ++i)
      count *= alphabet.size();
    for (std::size_t n = 0; n < count; ++n) {
      std::string text = "/";
      for (std::size_t i = 0, rest = n; i < size; ++i, rest /= alphabet.size())
        text.push_back(alphabet[rest % alphabet.size()]);
      request_target target;
      std::string scratch;
      ASSERT_EQ(parse_request_target(text, target, scratch), status::ok) << text;
      const std::string path = std::string(target.path) + '/';
      ASSERT_EQ(path.front(), '/') << text;
      ASSERT_EQ(path.find("/./"), std::string::npos) << text << " gives " << path;
      ASSERT_EQ(path.find("/../"), std::string::npos) << text << " gives " << path;
      ASSERT_LE(target.path.size(), text.size()) << text;
    }
  }
}

struct authority_case {
  std::string text;
  std::string host; ///< empty: refused
};

class authority : public ::testing::TestWithParam<authority_case> {};

TEST_P(authority, host) {
  std::string host;
  EXPECT_EQ(parse_authority(GetParam().text, host), !GetParam().host.empty())
      << ::testing::PrintToString(GetParam().text);
  if (!GetParam().host.empty()) {
    EXPECT_EQ(host, GetParam().host);
  }
}

INSTANTIATE_TEST_SUITE_P(accepted, authority,
                         ::testing::Values(authority_case{"example.com", "example.com"},
                                           authority_case{"EXAMPLE.com:80", "example.com"},
                                           authority_case{"example.com:", "example.com"},
                                           authority_case{"example.com.", "example.com"},
                                           authority_case{"example.com.:8080", "example.com"},
                                           authority_case{"a_b-c~1", "a_b-c~1"},
                                           authority_case{"10.0.0.1:65535", "10.0.0.1"},
                                           authority_case{"[::1]", "[::1]"},
                                           authority_case{"[2001:DB8::1]:443", "[2001:db8::1]"},
                                           authority_case{"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"},
                                           authority_case{std::string(255, 'a'), std::string(255, 'a')}));

INSTANTIATE_TEST_SUITE_P(
    refused, authority,
    ::testing::Values(authority_case{"", ""}, authority_case{":80", ""}, authority_case{".", ""},
                      authority_case{"a:65536", ""}, authority_case{"a:-1", ""}, authority_case{"a:1:2", ""},
                      authority_case{"a:8x", ""}, authority_case{"a:000080", ""}, authority_case{"u@a", ""},
                      authority_case{"a b", ""}, authority_case{"a/b", ""}, authority_case{"a\\b", ""},
                      authority_case{"a%41", ""}, authority_case{"a\"", ""},
                      authority_case{"caf\xc3\xa9", ""}, authority_case{"[", ""}, authority_case{"]", ""},
                      authority_case{"[]", ""}, authority_case{"[::1", ""}, authority_case{"[::1]x", ""},
                      authority_case{"[::1]x:80", ""}, authority_case{"[1.2.3.4]", ""},
                      authority_case{"[v1.a]", ""}, authority_case{"[fe80::1%25eth0]", ""},
                      authority_case{"::1", ""}, authority_case{std::string("[::1\0]", 6), ""},
                      authority_case{std::string("a\0b", 3), ""}, authority_case{std::string(256, 'a'), ""}));

} // namespace
} // namespace limpet::routing
