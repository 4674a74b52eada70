#pragma once

#include "proxy/http/client_connection.hpp"
#include "proxy/http/event_follower.hpp"
#include "proxy/http/h1/body.hpp"
#include "proxy/http/h1/head_scanner.hpp"
#include "proxy/http/message.hpp"
#include "proxy/http/refusal.hpp"
#include "proxy/http/worker_state.hpp"
#include "proxy/net/ejection.hpp"
#include "proxy/net/input_buffer.hpp"
#include "routing/placement.hpp"
#include "routing/request_target.hpp"
#include "routing/session_envelopes.hpp"
#include "routing/session_key.hpp"

#include <optional>
#include <string>

namespace limpet::http {

/// One request after another of a connection, from head to answer. Pooled by the worker, so that its buffers
/// serve again and an idle connection has none. Its parts, in the order of a request's life:
///   exchange.cpp      begins, refuses, ends
///   read_head.cpp     the request's head on its way in
///   resolve.cpp       target, route, session key: what the request is about
///   catch_up.cpp      a cookie that knows more of the members than we do
///   admission.cpp     a session that is being handed over: parked, refused or counted
///   dispatch.cpp      attempts: placement, connection, the member's answer head
///   request_body.cpp  content on its way to the member
///   answer.cpp        the answer on its way to the client
///   report_member.cpp what all of that says of the member
///   follow.cpp        its member leaves meanwhile, or its session goes elsewhere
class exchange final : private live_stream {
public:
  enum class end : std::uint8_t {
    keep_open, ///< wait for the next request
    nothing,   ///< the same: no request came
    close,
    linger,    ///< close, but let the client read what it was told
    taken_over ///< a tunnel has the stream
  };

  explicit exchange(worker_state& worker);
  ~exchange() override;
  exchange(const exchange&) = delete;

  /// Serves requests until there are no more bytes in hand.
  net::task<end> serve(client_connection& connection);

  /// Ends an event stream between two events, at some moment within `spread`, so that its clients do not all
  /// come back at once. What ends by itself is left alone.
  void drain(net::milliseconds spread) noexcept;

  /// Ends whatever it waits for of the member. What it waits for of the client is the client's connection's
  /// to end.
  void cut() noexcept;

  /// Forgets the request; keeps buffers of ordinary size.
  void reset();

private:
  /// What a request needs while its content is sent and its answer awaited at the same time.
  class request_body;

  // read_head.cpp
  enum class head_part : std::uint8_t { whole, incomplete, wrong, ended };
  net::task<std::optional<end>> read_head();
  net::task<std::optional<end>> read_rest_of_head();
  net::task<std::optional<end>> refuse_head();
  head_part read_head_part();

  // exchange.cpp
  net::task<end> serve_one();
  net::task<end> refuse(refusal why);
  void lose_waiting_client() noexcept;
  end client_left();
  void begin_request();
  void finish_request();
  net::clock::time_point moment() const;
  net::task<end> open_tunnel();

  // resolve.cpp
  refusal resolve();
  refusal resolve_target();
  refusal resolve_host();
  refusal resolve_upgrade();
  refusal resolve_session();
  refusal open_envelopes();
  std::string_view session_key() const noexcept;
  void build_request_head();

  // catch_up.cpp
  bool is_behind_session() const noexcept {
    using origin = routing::placement_key::origin;
    const bool has_epoch = session_.from == origin::token || session_.from == origin::envelope;
    return has_epoch && key_.token.epoch > pool().view.epoch() && pool().state &&
           !pool().state->known.reaches(key_.token.epoch, snapshot_->number);
  }
  net::task<refusal> catch_up();
  net::task<epoch_outcome> wait_for_members();
  bool may_wait_for_members() const;
  refusal resolve_anew();

  // admission.cpp
  /// Whether it is of a session that is handed over by a barrier.
  bool is_strict() const noexcept {
    return pool().strict && session_.from != routing::placement_key::origin::none;
  }
  std::optional<refusal> look_for_admission();
  net::task<refusal> wait_for_admission();
  net::task<refusal> park(strict_pool& by, ownership::boot_time since);
  /// In the step that has placed it.
  void count_in_flight() noexcept {
    strict_ = admitted_by_;
    strict_->ledger().choose(counted_, session_.hash);
    guard_.stand_at(strict_->fence());
    answer_begun_ = false;
  }
  bool count_again();
  void end_in_flight();
  void give_up_in_flight(strict_pool& by);
  bool reads_on() const noexcept { return strict_ && upstream_ && request_sent_ && !endless_; }
  void limit_reading() noexcept;
  net::task<> drop_answer();
  bool is_answered_whole() const noexcept;

  // dispatch.cpp
  struct attempt_result {
    refusal why = refusal::none;
    bool retry_same = false; ///< the connection was stale: once more on a fresh one
    bool retry_next = false; ///< the member cannot be reached: another may be
    bool stale = false;      ///< the connection may have ended before it was used: nobody's fault
  };
  net::task<refusal> dispatch();
  net::task<refusal> give_up_attempt(attempt_result result);
  net::task<attempt_result> connect(bool fresh);
  net::task<attempt_result> dial();
  net::task<attempt_result> send_request();
  net::task<attempt_result> send_rest(std::span<iovec> pieces);
  attempt_result request_sent();
  net::task<attempt_result> receive_head();
  net::task<refusal> pass_interim();
  bool will_send_again() const;
  bool may_send_again() const;
  attempt_result answer_failed(net::error_code error) const;
  bool place();
  bool skipped(std::uint32_t member) const;

  // report_member.cpp
  void report_connect(const net::error_code& error);
  void report_failure(refusal why);
  bool is_error_to_blame() const noexcept;
  void report_status();
  void report_answer(refusal cut);
  void blame(net::misconduct what);
  const std::string& member_id() const { return pool().view.members()[placed_.member].id; }

  // follow.cpp
  routing::placement_key session() const noexcept override;
  void let_go(parting why, net::milliseconds within) override;
  bool stay() noexcept override;
  void end_now(parting why) override;
  void adopt_issued(const routing::sealed_envelopes& sealed) noexcept;
  void join_member();
  void leave_member() noexcept {
    if (is_listed()) worker_.streams.remove(*this);
  }
  bool is_away() const noexcept { return placed_.reason == routing::placement_reason::failed_over; }
  static void on_overdue(void* self) noexcept;

  // answer.cpp
  framing begin_answer();
  end end_answer(refusal cut, const framing& shown, bool content_unread);
  void lose_client(const net::error_code& why) noexcept;
  void tell_of_lost_client();
  struct content_part {
    bool malformed = false;
    bool last = false;
    std::span<iovec> pieces; ///< for the client
  };
  content_part take_content(std::string_view head);
  net::task<refusal> relay_content();
  net::task<refusal> relay_rest(bool last, net::task<net::error_code> first_write);
  net::task<net::error_code> more_content();
  framing plan_answer();
  bool prepare_cookie();
  void seal_answer();
  std::string_view trailers_of(h1::body_decoder& content) const;
  bool client_is_secure() const;
  static void on_end_due(void* self) noexcept;
  net::task<net::error_code> read_answer();
  bool widen_block();
  net::io_result read_answer_part();
  net::task<net::error_code> write_client(std::span<iovec> pieces);
  std::span<iovec> joined(std::span<iovec> pieces);
  bool keep_client() const;

  // A client that goes away while the answer is awaited.
  void watch_client();
  void stop_watching() noexcept;
  static void on_watch_due(void* self) noexcept;
  static void on_client_readable(void* self) noexcept;

  const pool_snapshot& pool() const { return *route_->pool; }
  const net::member_target& target() const { return pool().targets[placed_.member]; }

  /// The last authority that was well-formed. Most requests have the one of the request before, be it another
  /// connection's.
  struct known_host {
    std::string authority;
    std::string name;
    bool is(std::string_view text) const noexcept { return !text.empty() && text == authority; }
    bool learn(std::string_view text);
  };

  worker_state& worker_;
  client_connection* client_ = nullptr;
  local_snapshot::reference snapshot_;

  // The request.
  net::input_buffer in_;
  std::string carry_; ///< read past the content's end: the next request's beginning
  h1::head_scanner scanner_;
  refusal head_refusal_ = refusal::none;
  std::size_t head_size_ = 0;
  request_head head_;
  routing::request_target target_;
  std::string target_scratch_;
  known_host known_host_;
  std::string_view host_; ///< as routes match it; in known_host_
  std::string peer_text_;
  bool peer_trusted_ = false;
  bool upgrade_ = false;
  std::string request_id_;
  std::string key_scratch_;
  routing::key_result key_;
  routing::placement_key session_;
  routing::opened_envelopes opened_; ///< of a pool with envelopes
  const route_snapshot* route_ = nullptr;
  epoch_waits::wait* waiting_for_members_ = nullptr;
  strict_pool::wait* parked_ = nullptr;

  // The attempts.
  routing::placement placed_;
  std::vector<std::uint32_t> tried_;
  unsigned attempts_ = 0;
  net::clock::time_point attempt_began_;
  strict_pool* admitted_by_ = nullptr; ///< good until something is awaited
  strict_pool* strict_ = nullptr;      ///< in whose ledger it counts
  ownership::in_flight counted_;
  net::write_guard guard_{counted_};
  net::upstream_ptr upstream_;
  std::string out_; ///< the request's head to the member, kept for a retry
  std::array<iovec, 1> out_piece_{};
  std::unique_ptr<request_body> body_;

  // The answer.
  net::buffer_pool::block block_;
  std::size_t block_begin_ = 0; ///< unread bytes of block_
  std::size_t block_end_ = 0;
  bool streams_fast_ = false; ///< a block's worth came at once, and the client took it at once
  response_head answer_;
  std::string answer_head_; ///< and what is written with it at once
  std::array<iovec, 1> answer_piece_{};
  std::string cookie_;
  std::string sealed_;                           ///< the answer's fields with envelopes
  std::optional<routing::placement_key> issued_; ///< the session that one of them begins
  h1::body_decoder answer_decoder_;
  h1::body_encoder answer_encoder_;
  bool request_sent_ = false; ///< whole, with its content
  bool answer_begun_ = false; ///< its head was read
  bool endless_ = false;      ///< an event stream is being relayed, which can be ended at any event
  bool end_due_ = false;      ///< and it shall
  event_follower events_;
  net::deadline end_;              ///< when an event stream shall end, or, let go, has to have ended
  std::optional<parting> parting_; ///< why it was let go or ended before its time
  bool lost_ = false;              ///< its member is not waited for any more
  bool client_keeps_ = true;
  bool client_gone_ = false;
  bool client_late_ = false; ///< gone because it did not take what was written to it
  net::deadline watch_;
  bool watching_ = false; ///< a wait on the client is under way

  // What is told of it.
  net::clock::time_point began_;
  std::chrono::system_clock::time_point began_at_;
  access_record record_;
};

} // namespace limpet::http
