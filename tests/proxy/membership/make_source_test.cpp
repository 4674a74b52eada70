#include "proxy/membership/make_source.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <stdexcept>

namespace limpet::membership {
namespace {

struct make_source_test : testing::Test {
  boost::asio::io_context io;
  config::pool pool;
  config::etcd_settings etcd;

  std::string kind_of(config::source_kind kind) {
    pool.name = "chat";
    pool.members.source = kind;
    return make_source(io, pool, etcd)->status().kind;
  }
};

TEST_F(make_source_test, makes_what_the_settings_name) {
  EXPECT_EQ(kind_of(config::source_kind::static_), "static");
  EXPECT_EQ(kind_of(config::source_kind::file), "file");
  EXPECT_EQ(kind_of(config::source_kind::etcd), "etcd");
  EXPECT_EQ(kind_of(config::source_kind::none), "static");
}

TEST_F(make_source_test, a_static_source_publishes_before_start_returns) {
  pool.members.source = config::source_kind::static_;
  pool.members.static_members = {{.id = "a", .incarnation = "", .address = "a:1", .zone = ""}};
  const auto source = make_source(io, pool, etcd);
  EXPECT_FALSE(source->status().ready);
  member_list published;
  source->start([&](member_list list) { published = std::move(list); });
  EXPECT_EQ(published.members, pool.members.static_members);
  EXPECT_EQ(published.epoch, 1u);
  EXPECT_FALSE(published.stale);
  EXPECT_TRUE(source->status().ready);
}

TEST_F(make_source_test, all_but_static_members_have_rails) {
  const auto kind_behind_rails = [&](config::source_kind kind) {
    pool.name = "chat";
    pool.members.source = kind;
    const auto railed = make_railed_source(io, pool, etcd);
    return railed ? railed->status().kind : "none";
  };
  EXPECT_EQ(kind_behind_rails(config::source_kind::file), "file");
  EXPECT_EQ(kind_behind_rails(config::source_kind::etcd), "etcd");
  EXPECT_EQ(kind_behind_rails(config::source_kind::static_), "none");
  EXPECT_EQ(kind_behind_rails(config::source_kind::none), "none");
}

TEST_F(make_source_test, etcd_settings_that_cannot_be_used_are_refused) {
  etcd.endpoints = {"https://127.0.0.1:1"};
  etcd.tls.ca = "/nonexistent";
  EXPECT_THROW(kind_of(config::source_kind::etcd), std::runtime_error);
}

} // namespace
} // namespace limpet::membership
