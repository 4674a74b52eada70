#include "config/forms.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace limpet::config {
namespace {

/// The value that `kind` reads from `text`, written again; empty where it is refused.
template <class T>
std::string read(const type_ptr<T>& kind, const std::string& text) {
  reader r("f", nullptr);
  T value{};
  kind->read(node::scalar(text), value, r);
  return r.take_errors().empty() ? kind->write(value, secrets::shown)->text : "";
}

template <class T>
void expect_accepted(const type_ptr<T>& kind, std::initializer_list<std::string> texts) {
  for (const std::string& text : texts)
    EXPECT_EQ(read(kind, text), text);
}

template <class T>
void expect_refused(const type_ptr<T>& kind, std::initializer_list<std::string> texts) {
  for (const std::string& text : texts)
    EXPECT_EQ(read(kind, text), "") << "accepted: " << text;
}

TEST(name, is_made_of_letters_digits_dots_underscores_and_hyphens) {
  expect_accepted(name(), {"a", "chat-1.eu_west", "0", std::string(128, 'x')});
  expect_refused(name(),
                 {"", "a b", "a/b", "\xc3\xa9", "a\n", std::string("a\0b", 3), std::string(129, 'x')});
}

TEST(label, is_text_without_controls) {
  expect_accepted(label(8), {"a b", "caf\xc3\xa9", "12345678"});
  expect_refused(label(8), {"", "123456789", "a\tb", "\x7f", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82"});
}

TEST(token, is_as_in_rfc_9110) {
  expect_accepted(token("header name"), {"X-User-Id", "a!#$%&'*+-.^_`|~9"});
  expect_refused(token("header name"),
                 {"", "a b", "a:b", "a,b", "\"a\"", "a=b", "\xc3\xa9", std::string(129, 'a')});
}

TEST(upgrade, is_lower_cased_and_never_h2c) {
  EXPECT_EQ(read(upgrade(), "WebSocket"), "websocket");
  expect_refused(upgrade(), {"h2c", "H2C", "", "a b"});
}

TEST(host_pattern, takes_names_suffixes_and_addresses) {
  expect_accepted(host_pattern(), {"chat.example.com", "*.example.com", "localhost", "192.0.2.1",
                                   "[2001:db8::1]", "a_b", "1.example"});
  EXPECT_EQ(read(host_pattern(), "Chat.Example.COM"), "chat.example.com");
  expect_refused(host_pattern(), {"", "*", "*example.com", "a.*.com", "*.", "a..b", ".a", "a.", "-a", "a-",
                                  "a.com:80", "[::1]:80", "[::1", "2001:db8::1", "[1.2.3.4]", "a/b", "a b",
                                  std::string(64, 'a'), "http://a"});
}

TEST(host_pattern, has_at_most_253_bytes) {
  const std::string label63 = std::string(63, 'a');
  const std::string longest = label63 + '.' + label63 + '.' + label63 + '.' + std::string(61, 'b');
  expect_accepted(host_pattern(), {longest});
  expect_refused(host_pattern(), {longest + 'b'});
}

TEST(path_prefix, is_what_a_normalised_request_has) {
  expect_accepted(path_prefix(), {"/", "/shop", "/shop/", "/a%20b", "/-._~!$&'()*+,;=:@", "/..a", "/a..",
                                  "/.well-known", "/[1]"});
  expect_refused(path_prefix(), {"", "shop", "/a?b", "/a?", "/a#b", "/a b", "/..", "/../a", "/a/./b", "/a/..",
                                 "/a%2Fb", "/%2e%2e", "/%zz", "/%2", "/\xc3\xa9", "/a\\b", "*", "http://a/b",
                                 "/" + std::string(1024, 'a')});
}

TEST(cookie_path, cannot_add_attributes) {
  expect_accepted(cookie_path(), {"/", "/shop"});
  expect_refused(cookie_path(), {"", "shop", "/; Secure", "/;", "/a b", "/\r\nX: y"});
}

TEST(domain, cannot_add_attributes) {
  EXPECT_EQ(read(domain(), "Example.COM"), "example.com");
  expect_refused(domain(), {"", ".example.com", "example.com; Secure", "a b", "*.example.com"});
}

TEST(request_path, may_have_a_query) {
  expect_accepted(request_path(), {"/", "/health?deep=1"});
  expect_refused(request_path(), {"", "health", "/a b", "/a#b", "/\r\nX: y"});
}

TEST(log_target, is_off_stdout_or_a_path) {
  expect_accepted(log_target(), {"off", "stdout", "/var/log/limpet.json", "./access.log"});
  expect_refused(log_target(), {"", "stdot", "access.log", "/a\nb"});
}

TEST(member_address, has_a_host_and_a_port) {
  expect_accepted(member_address(),
                  {"127.0.0.1:9001", "chat-1.internal:80", "a_b:1", "[::1]:65535", "unix:/run/a.sock"});
  expect_refused(member_address(), {"10.0.0.256:80",
                                    "10.0.1:80",
                                    "",
                                    "127.0.0.1",
                                    ":80",
                                    "a:0",
                                    "a:65536",
                                    "a:",
                                    "a:x",
                                    "a:-1",
                                    "a:+1",
                                    "a: 1",
                                    "::1:80",
                                    "[::1]",
                                    "[::1]80",
                                    "[::1]:",
                                    "[::1",
                                    "[1.2.3.4]:80",
                                    "[]:80",
                                    "a b:80",
                                    "http://a:80",
                                    "a/b:80",
                                    "unix:a",
                                    "unix:",
                                    "unix:/caf\xc3\xa9",
                                    "unix:/\xff",
                                    "unix:/" + std::string(107, 'a')});
  expect_accepted(member_address(), {"unix:/" + std::string(106, 'a')});
}

TEST(listen_address, may_leave_out_the_host_and_the_choice_of_port) {
  expect_accepted(listen_address(), {"localhost:80", ":8080", "0.0.0.0:8080", "[::]:80", "127.0.0.1:0", ":0",
                                     "unix:/run/limpet.sock"});
  expect_refused(listen_address(),
                 {"chat.example.com:80", "10.0.0.256:80", "", "8080", "0.0.0.0", "::1:80", "a:65536"});
}

TEST(etcd_endpoint, is_a_url_without_a_path) {
  expect_accepted(etcd_endpoint(),
                  {"http://127.0.0.1:2379", "https://etcd-1.internal:2379", "http://[::1]:2379"});
  expect_refused(etcd_endpoint(),
                 {"", "127.0.0.1:2379", "ftp://a:1", "http://a", "http://a:0", "http://a:1/", "http://a:1/v3",
                  "http://u:p@a:1", "http://unix:/a", "http://:2379", "HTTP//a:1"});
}

TEST(etcd_prefix, begins_with_a_slash_and_does_not_end_with_one) {
  expect_accepted(etcd_prefix(), {"/limpet", "/a/b"});
  expect_refused(etcd_prefix(), {"", "/", "limpet", "/limpet/", "/a//b", "/a b"});
}

TEST(ip_network, is_a_block_or_an_address) {
  expect_accepted(ip_network(), {"10.0.0.0/8", "2001:db8::/32"});
  expect_refused(ip_network(), {"", "10.0.0.0/33", "10.0.0", "a", "10.0.0.0/", "10.0.0.0/-1", "::/129"});
}

TEST(secret, has_a_limit) {
  expect_accepted(secret(), {"a", " spaces and $ and \xff", std::string(4096, 'x')});
  expect_refused(secret(), {"", std::string(4097, 'x')});
}

TEST(file_path, has_no_controls) {
  expect_accepted(file_path(), {"/etc/limpet/shop.yaml", "shop.yaml", "/with space"});
  expect_refused(file_path(), {"", "/a\nb", std::string("/a\0b", 4), "/" + std::string(4095, 'a')});
}

} // namespace
} // namespace limpet::config
