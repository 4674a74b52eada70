#pragma once

#include "proxy/http/worker_state.hpp"
#include "proxy/http/ws_follower.hpp"
#include "proxy/net/stream.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace limpet::http {

/// A connection after a successful Upgrade: bytes go both ways as they come, with half-close and
/// back-pressure. A state machine on completion handlers: a tunnel that is idle holds two sockets and this
/// struct, no buffer and no coroutine. Owns itself from open() on.
class tunnel final : private live_stream {
public:
  struct opening {
    std::unique_ptr<net::stream> client;
    net::upstream_ptr upstream;
    net::connection_limiter::permit permit;
    std::uint32_t route = 0;
    std::shared_ptr<const pool_snapshot> pool;
    std::uint32_t member = 0;       ///< index into the pool's view
    routing::placement_key session; ///< as its next request will bring it
    std::uint64_t snapshot = 0;     ///< the number of the one that it was placed by
    bool away = false;              ///< it failed over
    bool websocket = false;
    strict_pool* strict = nullptr; ///< in whose ledger it counts, in the place of `counted`
    ownership::in_flight* counted = nullptr;
    std::string client_text, request_id, host, path, route_name;
  };

  /// `from_client` and `from_member` are bytes that came behind the heads already; they are passed on first.
  static void open(worker_state& worker, opening&& opened, std::string_view from_client,
                   std::string_view from_member);
  ~tunnel() override;
  tunnel(const tunnel&) = delete;

  /// Lets go: a WebSocket gets a close frame both ways as soon as each direction stands between two messages,
  /// and is closed when the client has answered, two seconds after both frames, or when `within` is over;
  /// another upgrade is closed then.
  void close(std::uint16_t code, std::string_view reason, net::milliseconds within);
  /// The same after a while.
  void close_after(net::milliseconds delay, std::uint16_t code, std::string_view reason,
                   net::milliseconds within);
  /// Ends it now.
  void cut() noexcept;

  std::uint32_t pool_number() const noexcept { return pool_number_; }

private:
  /// One way through the tunnel.
  struct direction {
    tunnel* owner = nullptr;
    net::stream* from = nullptr;
    net::stream* to = nullptr;
    ws_follower follower;
    std::string pending; ///< read and not yet taken by `to`; empty but where that is slow
    std::uint64_t bytes = 0;
    bool ended = false;     ///< `from` has ended, or nothing more is passed on
    bool shut = false;      ///< `to` was told so
    bool close_due = false; ///< a close frame goes out at the next boundary
    bool closed = false;    ///< it did; what comes after it is dropped
    bool waiting_read = false;
    bool waiting_write = false;
  };

  tunnel(worker_state& worker, opening&& opened);
  void count(const opening& opened);

  void run(direction& way);
  /// One step of reading and passing on. False where the direction has to wait or is over.
  bool step(direction& way);
  bool flush(direction& way);
  void pass(direction& way, std::string_view bytes);
  void send(direction& way, std::string_view bytes);
  void end_of(direction& way);
  void wait_read(direction& way);
  void wait_write(direction& way);
  static void on_readable(void* way);
  static void on_writable(void* way);
  void finish() noexcept;
  void report(access_record::event what) const;
  routing::placement_key session() const noexcept override { return session_; }

  // tunnel_end.cpp
  void send_close(direction& way);
  void end_where_answered(const direction& way) noexcept;
  bool is_told() const noexcept;
  void await_close_handshake() noexcept;
  void let_go(parting why, net::milliseconds within) override;
  bool stay() noexcept override;
  void end_now(parting why) override;
  static void on_idle(void* self) noexcept;
  static void on_lifetime(void* self) noexcept;
  static void on_close_due(void* self) noexcept;
  static void on_close_deadline(void* self) noexcept;

  worker_state& worker_;
  std::unique_ptr<net::stream> client_;
  strict_pool* strict_; ///< in whose ledger it counts
  ownership::in_flight counted_;
  std::shared_ptr<const net::write_fence> fence_;
  net::write_guard guard_{counted_};
  net::upstream_ptr upstream_;
  net::connection_limiter::permit permit_;
  direction up_;   ///< client to member
  direction down_; ///< member to client
  net::deadline idle_;
  net::deadline life_;
  net::milliseconds idle_limit_{0};
  net::milliseconds half_closed_limit_{0};
  net::clock::time_point opened_at_;
  std::uint32_t route_;
  std::uint32_t pool_number_;
  routing::placement_key session_;
  std::uint64_t epoch_;
  std::uint16_t close_code_ = 1001;
  net::milliseconds close_within_{0};
  bool websocket_;
  bool closing_ = false; ///< idle_ is the time for the close handshake
  bool finished_ = false;
  std::optional<parting> parting_; ///< why it was let go
  net::clock::time_point close_until_{};
  std::string why_;
  std::string close_reason_;

  /// Only where an access log will ask.
  struct names {
    std::string client, request_id, host, path, route, pool, member;
  };
  std::unique_ptr<names> names_;
};

} // namespace limpet::http
