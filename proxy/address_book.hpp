#pragma once

#include "proxy/net/member_target.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

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
  /// `changed` is called when a name has come to stand for something else.
  address_book(boost::asio::io_context& io, std::function<void()> changed);

  std::vector<net::member_endpoint> resolve(const std::string& address);
  void stop();

private:
  static constexpr std::chrono::seconds interval{30};
  static constexpr std::chrono::seconds retry{2};
  static constexpr std::chrono::minutes forget_after{10};

  struct entry {
    std::vector<net::member_endpoint> endpoints;
    bool under_way = false;
    std::chrono::steady_clock::time_point next{};
    std::chrono::steady_clock::time_point asked{};
  };

  void look_up(const std::string& address, entry& e);
  void tick();

  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  std::function<void()> changed_;
  std::map<std::string, entry> names_;
};

} // namespace limpet
