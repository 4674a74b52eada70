#include "proxy/membership/etcd/client.hpp"
#include "tests/proxy/membership/etcd_test_io.hpp"
#include "tests/support/etcd_process.hpp"

#include <gtest/gtest.h>

namespace limpet::etcd {
namespace {

using namespace std::chrono_literals;
using test::etcd_process;

/// Users root and limpet; limpet may read and write under /limpet/ only.
void switch_authentication_on(const etcd_process& server) {
  server.control({"user", "add", "root:secret"});
  server.control({"user", "grant-role", "root", "root"});
  server.control({"role", "add", "limpet"});
  server.control({"role", "grant-permission", "limpet", "--prefix=true", "readwrite", "/limpet/"});
  server.control({"user", "add", "limpet:pass\"word"});
  server.control({"user", "grant-role", "limpet", "limpet"});
  server.control({"auth", "enable"});
}

client_options as(const etcd_process& server, const std::string& user, const std::string& password) {
  client_options options;
  options.endpoints = {server.url()};
  options.username = user;
  options.password = password;
  return options;
}

const range_request mine{.key = "/limpet/a", .range_end = {}};
const range_request foreign{.key = "/other/a", .range_end = {}};

TEST(client_authentication, a_user_with_a_password_gets_in_and_only_where_it_may) {
  test::test_io io;
  const etcd_process server;
  client user(as(server, "limpet", "pass\"word"));
  EXPECT_TRUE(io.await(user.range(mine))) << "a password does no harm while authentication is off";
  switch_authentication_on(server);
  EXPECT_TRUE(io.await(user.range(mine))) << "logs in by itself once it is on";
  EXPECT_TRUE(io.await(user.put({.key = "/limpet/a", .value = "1", .lease = 0})));
  EXPECT_EQ(io.await(user.range(foreign)).error().code, errc::denied);
  auto stream = io.await(user.watch({.key = "/limpet/a", .range_end = {}}));
  ASSERT_TRUE(stream);
  const auto created = io.await((*stream)->next(30s));
  ASSERT_TRUE(created);
  EXPECT_TRUE(created->created);
  EXPECT_FALSE(created->canceled);
}

TEST(client_authentication, a_wrong_password_or_none_is_told) {
  test::test_io io;
  const etcd_process server;
  switch_authentication_on(server);
  client wrong(as(server, "limpet", "guess"));
  const auto denied = io.await(wrong.range(mine));
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, errc::denied);
  EXPECT_NE(denied.error().message.find("authentication failed"), std::string::npos)
      << denied.error().message;

  client nobody(as(server, "", ""));
  EXPECT_EQ(io.await(nobody.range(mine)).error().code, errc::unauthenticated);
}

TEST(client_authentication, a_token_that_the_server_forgot_is_replaced) {
  test::test_io io;
  etcd_process server;
  switch_authentication_on(server);
  client user(as(server, "limpet", "pass\"word"));
  ASSERT_TRUE(io.await(user.range(mine)));
  server.kill();
  server.start();
  EXPECT_TRUE(io.await(user.range(mine))) << "tokens do not survive a restart";
  server.control({"--user=root:secret", "user", "add", "another:x"});
  EXPECT_TRUE(io.await(user.put({.key = "/limpet/a", .value = "2", .lease = 0})))
      << "nor a change of the users, and a write that was refused may be sent again";
}

class client_tls : public testing::Test {
protected:
  client_options with(const std::string& certificate, const std::string& key) const {
    client_options options;
    options.endpoints = {server.url()};
    options.tls_ca = files.ca;
    options.tls_certificate = certificate;
    options.tls_key = key;
    return options;
  }

  test::test_io io;
  test::temporary_folder folder;
  test::certificates files = test::make_certificates(folder.path());
  etcd_process server{{.flags = {}, .tls = &files}};
};

TEST_F(client_tls, a_certificate_of_the_authority_gets_in) {
  client trusted(with(files.client, files.client_key));
  const auto found = io.await(trusted.range(mine));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(io.await(trusted.put({.key = "/limpet/a", .value = "1", .lease = 0})));
  auto stream = io.await(trusted.watch({.key = "/limpet/a", .range_end = {}, .start_revision = 2}));
  ASSERT_TRUE(stream);
  EXPECT_TRUE(io.await((*stream)->next(30s))->created);
  EXPECT_EQ(io.await((*stream)->next(30s))->events.at(0).kv.value, "1");
  EXPECT_EQ(io.await((*stream)->next(20ms)).error().code, errc::timed_out);
}

TEST_F(client_tls, no_certificate_no_answer) {
  client anonymous(with("", ""));
  EXPECT_FALSE(io.await(anonymous.range(mine)));
}

TEST_F(client_tls, a_server_of_another_authority_or_name_is_not_trusted) {
  const test::temporary_folder elsewhere;
  const auto foreign_files = test::make_certificates(elsewhere.path());
  auto options = with(files.client, files.client_key);
  options.tls_ca = foreign_files.ca;
  client distrustful(options);
  const auto refused = io.await(distrustful.range(mine));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::unreachable);
  EXPECT_NE(refused.error().message.find("verify"), std::string::npos) << refused.error().message;

  options = with(files.client, files.client_key);
  options.endpoints = {"https://127.0.0.2:" + server.url().substr(server.url().rfind(':') + 1)};
  client misled(options);
  EXPECT_FALSE(io.await(misled.range(mine))) << "the certificate is for 127.0.0.1";
}

TEST_F(client_tls,
       a_certificate_with_a_common_name_is_refused_with_authentication_on_and_the_error_says_what_to_do) {
  switch_authentication_on(server);
  auto options = with(files.named_client, files.named_client_key);
  options.username = "limpet";
  options.password = "pass\"word";
  client named(options);
  const auto refused = io.await(named.range(mine));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::denied);
  EXPECT_NE(refused.error().message.find("certificate without a CN"), std::string::npos)
      << refused.error().message;

  options = with(files.client, files.client_key);
  options.username = "limpet";
  options.password = "pass\"word";
  client unnamed(options);
  const auto found = io.await(unnamed.range(mine));
  EXPECT_TRUE(found) << found.error().message;
}

} // namespace
} // namespace limpet::etcd
