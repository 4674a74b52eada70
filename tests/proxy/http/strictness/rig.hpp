#pragma once

#include "proxy/http/worker_state.hpp"
#include "tests/proxy/http/strictness/messages.hpp"
#include "tests/proxy/net/support.hpp"

#include <deque>
#include <span>
#include <string>
#include <vector>

namespace limpet::strictness {

/// What came of it, as far as the proxy's peers can tell.
struct outcome {
  std::string client; ///< the statuses in order, "cut" where an answer did not come to its end, then whether
                      ///< the connection was "kept" or "closed"
  std::string body;   ///< of the last whole answer
  std::vector<message> member;           ///< whole requests
  std::vector<std::string> begun;        ///< the beginnings of those that did not come to their end
  std::vector<std::string> answer_lines; ///< the last answer's head
  bool is_reused = false;
  std::string trouble; ///< what no peer may ever see
};

/// A worker with one member, both in this process. Nothing runs beside the test: each step lasts until nobody
/// has anything to do any more, so that an outcome depends on the bytes and their pieces alone.
class rig {
public:
  /// Small enough for heads past them to be tried in every way.
  static constexpr std::size_t line_bytes_max = 512, head_bytes_max = 2048, fields_max = 16,
                               body_bytes_max = 4096;

  explicit rig(std::size_t answer_head_bytes_max = head_bytes_max);

  /// As if so much were held for slow readers.
  void hold(std::size_t bytes) { worker_.blocks.hold(bytes); }

  /// Sends a client's bytes, a piece at a time. The member answers each whole request with 200, or the first
  /// with `answer`, if there is one.
  outcome send(std::span<const std::string_view> pieces, std::string_view answer, const table_case& about);

  /// Sends a client's bytes; the member answers a piece at a time and does what it does at the end. Then
  /// another client asks, and the first one where its connection was kept.
  outcome answer(std::string_view request, std::span<const std::string_view> pieces, const table_case& about);

  /// Requests of which the first client must still get an answer of its own, and no other.
  static constexpr std::string_view next_request = "GET /next HTTP/1.1\r\nHost: next\r\n\r\n";

private:
  struct client {
    net::unique_fd fd;
    std::string got;
    bool has_ended = false;
    bool was_reset = false;
  };
  struct peer {
    net::unique_fd fd;
    std::string got; ///< of the request under way
    std::size_t served = 0;
  };

  client connect();
  void write(int fd, std::string_view bytes);
  void settle(client& c);
  bool read(client& c);
  bool serve_members();
  bool serve(peer& p);
  void answer_next(peer& p, const message& request);
  void forget();
  void ask_again(client& first, const table_case& about);
  std::string told_of(const client& c, const table_case& about);

  net::temporary_folder folder_;
  net::loop on_;
  http::process_state process_;
  http::worker_state worker_{on_.events, process_};
  net::unique_fd listener_;

  // Of one run.
  std::deque<peer> peers_;
  bool answers_late_ = false; ///< the first answer is the run's to send
  std::string first_answer_;
  std::size_t requests_ = 0;
  outcome result_;
};

} // namespace limpet::strictness
