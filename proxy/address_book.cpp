#include "proxy/address_book.hpp"

#include "proxy/net/socket_address.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace limpet {

namespace {

using steady = std::chrono::steady_clock;

net::member_endpoint endpoint_of(const net::socket_address& a) {
  return {a.data(), a.size()};
}

} // namespace

address_book::address_book(boost::asio::io_context& io, std::function<void()> changed,
                           std::chrono::milliseconds forget_after)
    : resolver_(io), timer_(io), changed_(std::move(changed)), forget_after_(forget_after) {
  tick();
}

std::vector<net::member_endpoint> address_book::resolve(const std::string& address) {
  if (const auto known = net::socket_address::parse(address, net::socket_address::use::connect))
    return {endpoint_of(*known)};
  auto& e = names_[address];
  e.used = steady::now();
  e.build = build_;
  if (e.next == steady::time_point{}) look_up(address, e);
  return e.endpoints;
}

void address_book::look_up(const std::string& address, entry& e) {
  const auto parts = net::split_host_port(address);
  if (!parts || e.under_way) return;
  e.under_way = true;
  e.next = steady::now() + interval;
  resolver_.async_resolve(
      parts->host, std::to_string(parts->port),
      [this, address](boost::system::error_code error, boost::asio::ip::tcp::resolver::results_type results) {
        if (error == boost::asio::error::operation_aborted) return;
        const auto found = names_.find(address);
        if (found == names_.end()) return;
        auto& named = found->second;
        named.under_way = false;
        if (error) {
          spdlog::warn("cannot resolve {}: {}", address, error.message());
          named.next = steady::now() + retry;
          return;
        }
        std::vector<net::member_endpoint> endpoints;
        for (const auto& result : results)
          endpoints.emplace_back(result.endpoint());
        std::sort(endpoints.begin(), endpoints.end());
        if (std::exchange(named.endpoints, endpoints) != endpoints) changed_();
      });
}

void address_book::tick() {
  const auto now = steady::now();
  for (auto& [address, e] : names_)
    if (e.build == build_) e.used = now;
  std::erase_if(names_,
                [&](const auto& n) { return !n.second.under_way && now - n.second.used > forget_after_; });
  for (auto& [address, e] : names_)
    if (now >= e.next) look_up(address, e);
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) tick();
  });
}

void address_book::stop() {
  resolver_.cancel();
  timer_.cancel();
}

} // namespace limpet
