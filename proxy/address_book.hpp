#pragma once

#include "proxy/net/member_target.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace limpet {

/// The members' addresses as endpoints. Numbers and unix paths are known at once; host names are looked up in
/// the background, on the control thread's io_context, again and again: a look-up that fails keeps what was
/// known.
class address_book {
public:
  /// `changed` is called when a name has come to stand for something else. A name that builds no longer ask
  /// for is forgotten after `forget_after`: a member that is back by then finds its addresses known.
  address_book(boost::asio::io_context& io, std::function<void()> changed,
               std::chrono::milliseconds forget_after = std::chrono::minutes(10));

  /// A snapshot is going to be built, which asks for all names that are in use.
  void begin_build() noexcept { ++build_; }

  std::vector<net::member_endpoint> resolve(const std::string& address);
  /// How many names are looked up.
  std::size_t names() const noexcept { return names_.size(); }
  void stop();

private:
  static constexpr std::chrono::seconds interval{30};
  static constexpr std::chrono::seconds retry{2};

  struct entry {
    std::vector<net::member_endpoint> endpoints;
    bool under_way = false;
    std::chrono::steady_clock::time_point next{};
    std::chrono::steady_clock::time_point used{}; ///< when it was last seen to be in use
    std::uint64_t build = 0;                      ///< the last that asked for it
  };

  void look_up(const std::string& address, entry& e);
  void tick();

  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  std::function<void()> changed_;
  std::chrono::milliseconds forget_after_;
  std::uint64_t build_ = 0;
  std::map<std::string, entry> names_;
};

} // namespace limpet
