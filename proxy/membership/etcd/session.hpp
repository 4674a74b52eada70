#pragma once

#include "proxy/membership/etcd/channel.hpp"
#include "proxy/membership/etcd/client.hpp"
#include "proxy/membership/etcd/http_response.hpp"
#include "proxy/membership/etcd/rotation.hpp"

#include <optional>

namespace limpet::etcd {

/// Whether a request may be sent again when it is not known if it was done.
enum class repeat : bool { no, yes };

/// An answer with status 200: read to the end or, of a stream, read up to the end of its head at least.
struct open_answer {
  std::unique_ptr<channel> over;
  std::unique_ptr<http_response> response;
  std::size_t endpoint = 0;
};

/// What all requests of a client share: endpoints, TLS, the token, and one idle connection.
class session {
public:
  template <class T>
  using awaitable = client::awaitable<T>;

  explicit session(client_options options);

  const client_options& options() const noexcept { return options_; }

  /// Does one request to the end and gives the body of its answer; authenticates first where that is called
  /// for.
  awaitable<std::string> post(std::string_view path, std::string body, repeat may_repeat);
  /// Does one request up to the head of its answer, for an answer that is a stream.
  awaitable<open_answer> open(std::string_view path, std::string body);
  /// An answer was broken off.
  void endpoint_failed(std::size_t endpoint) noexcept { rotation_.failed(endpoint); }

private:
  struct outgoing {
    std::string_view path;
    std::string body;
    repeat may_repeat = repeat::yes;
    bool is_stream = false;
  };

  // These take references that the caller's frame keeps alive while it awaits them.
  awaitable<open_answer> run(const outgoing& request);
  awaitable<open_answer> run_anywhere(const outgoing& request);
  awaitable<open_answer> run_at(std::size_t endpoint, const outgoing& request, bool& sent);
  awaitable<void> read_answer(open_answer& answer, bool is_stream);
  awaitable<std::unique_ptr<channel>> channel_to(std::size_t endpoint, channel::clock::time_point deadline);
  awaitable<void> log_in();
  std::string head_for(const outgoing& request, const endpoint& target) const;

  client_options options_;
  std::vector<endpoint> endpoints_;
  std::optional<boost::asio::ssl::context> tls_;
  endpoint_rotation rotation_;
  std::string token_;
  bool needs_log_in_;
  std::unique_ptr<channel> idle_;
  std::size_t idle_endpoint_ = 0;
};

} // namespace limpet::etcd
