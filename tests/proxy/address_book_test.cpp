#include "proxy/address_book.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace limpet {
namespace {

using namespace std::chrono_literals;

TEST(address_book, forgets_a_name_that_the_last_build_did_not_ask_for_and_keeps_one_that_it_did) {
  boost::asio::io_context io;
  int changes = 0;
  address_book book(
      io, [&] { ++changes; }, 1ms);
  const auto run_until = [&](auto holds) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!holds() && std::chrono::steady_clock::now() < end)
      io.run_one_for(20ms);
    return holds();
  };
  // No address to socket_address, so a name; getaddrinfo knows it without asking anybody.
  book.begin_build();
  book.resolve("127.1:1");
  book.resolve("127.1:2");
  ASSERT_TRUE(run_until([&] { return changes == 2; })) << "both are known";
  book.begin_build();
  ASSERT_FALSE(book.resolve("127.1:2").empty());
  EXPECT_TRUE(run_until([&] { return book.names() == 1; })) << book.names();
  EXPECT_FALSE(book.resolve("127.1:2").empty()) << "without being looked up again";
  book.begin_build();
  EXPECT_TRUE(run_until([&] { return book.names() == 0; })) << book.names();
  book.stop();
}

} // namespace
} // namespace limpet
