#pragma once

#include "proxy/http/message.hpp"
#include "proxy/http/refusal.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace limpet::http {

/// What is told of one request, or of one tunnel at its open and at its close, to the access log. Views live
/// for the call.
struct access_record {
  enum class event : std::uint8_t { request, tunnel_open, tunnel_close };
  using seconds = std::chrono::duration<double>;

  event what = event::request;
  std::chrono::system_clock::time_point at{}; ///< when the request began
  std::string_view client;
  std::string_view request_id;
  std::string_view method;
  std::string_view host;
  std::string_view path;
  std::string_view route;
  std::string_view pool;
  std::string_view member;
  unsigned status = 0;
  std::string_view why; ///< why it ended as it did: a refusal's name, client_gone, client_timeout,
                        ///< answer_cut, drain; empty where all went well
  std::string_view key_source;
  std::string_view placement; ///< why this member
  std::string_view sticky;
  std::uint64_t epoch = 0;
  std::uint64_t received_bytes = 0; ///< from the client: content, or the tunnel's bytes
  std::uint64_t sent_bytes = 0;     ///< to the client
  unsigned attempts = 0;
  bool reused_connection = false;
  // The phases, as HAProxy's timers have them; negative where the request did not get that far.
  seconds head{-1};       ///< from the first byte to the whole head
  seconds epoch_wait{-1}; ///< waiting for members to be read again, since the cookie knew more
  seconds parked{-1};     ///< waiting for its session to have moved, each time that it did
  seconds connect{-1};    ///< to the member's connection
  seconds answer{-1};     ///< from the request's dispatch to the answer's head
  seconds total{-1};
  unsigned close_code = 0; ///< a tunnel's, where its WebSocket said one
};

/// Where records go. Called on a worker's thread, never blocks.
class record_sink {
public:
  virtual ~record_sink() = default;
  virtual void write(const access_record& record) = 0;
};

} // namespace limpet::http
