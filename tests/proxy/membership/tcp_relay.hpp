#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace limpet::test {

/// Stands between a client and a server of the loopback, and can misbehave as a network does.
class tcp_relay {
public:
  tcp_relay(boost::asio::io_context& io, const std::string& server_url)
      : acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}),
        server_(boost::asio::ip::address_v4::loopback(),
                static_cast<std::uint16_t>(std::stoi(server_url.substr(server_url.rfind(':') + 1)))) {
    accept();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  /// How many there have been since the last cut().
  std::size_t connections() const { return pairs_.size(); }
  /// A watch is open, and its server has answered.
  bool has_watch() const {
    return std::ranges::any_of(pairs_, [](const auto& one) { return one->is_watch && one->has_answered; });
  }
  /// Swallows every byte of the watches that are open, and keeps them open.
  void black_hole_watches() {
    for (const auto& one : pairs_) {
      one->is_swallowing = one->is_watch;
    }
  }
  /// Resets all connections and refuses to relay new ones until mend().
  void cut() {
    is_cut_ = true;
    for (const auto& one : pairs_) {
      one->close();
    }
    pairs_.clear();
  }
  void mend() { is_cut_ = false; }

private:
  using tcp = boost::asio::ip::tcp;

  struct pair {
    explicit pair(tcp::socket accepted) : client(std::move(accepted)), server(client.get_executor()) {}
    void close() {
      boost::system::error_code ignored;
      client.close(ignored);
      server.close(ignored);
    }
    void note(bool is_answer, std::string_view bytes) {
      if (is_answer) has_answered = true;
      if (!bytes.starts_with("POST /v3/watch ")) return;
      is_watch = true;
      has_answered = false; // what came before answered another request
    }
    tcp::socket client;
    tcp::socket server;
    std::array<char, 16384> up;
    std::array<char, 16384> down;
    bool is_watch = false;
    bool has_answered = false;
    bool is_swallowing = false;
  };

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code failed, tcp::socket socket) {
      if (failed) return;
      if (!is_cut_) {
        pairs_.push_back(std::make_shared<pair>(std::move(socket)));
        begin(pairs_.back());
      }
      accept();
    });
  }

  void begin(const std::shared_ptr<pair>& both) {
    both->server.async_connect(server_, [both](boost::system::error_code failed) {
      if (failed) return both->close();
      pump(both, both->client, both->server, both->up);
      pump(both, both->server, both->client, both->down);
    });
  }

  static void pump(const std::shared_ptr<pair>& both, tcp::socket& from, tcp::socket& to,
                   std::array<char, 16384>& buffer) {
    from.async_read_some(boost::asio::buffer(buffer),
                         [both, &from, &to, &buffer](boost::system::error_code failed, std::size_t count) {
                           if (failed) return both->close();
                           both->note(&from == &both->server, {buffer.data(), count});
                           boost::system::error_code unsent;
                           if (!both->is_swallowing)
                             boost::asio::write(to, boost::asio::buffer(buffer, count), unsent);
                           if (unsent) return both->close();
                           pump(both, from, to, buffer);
                         });
  }

  tcp::acceptor acceptor_;
  tcp::endpoint server_;
  std::vector<std::shared_ptr<pair>> pairs_;
  bool is_cut_ = false;
};

} // namespace limpet::test
