#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace limpet::bench {

/// What bench_flood was told; flood.cpp says what the keys mean.
struct flood_options {
  std::uint16_t port = 0;
  std::size_t open = 0;
  std::size_t total = 0;
  std::uint32_t sources = 1;
  std::string send, drip;
  std::chrono::milliseconds every{0};
  bool reads_at_once = true;
  std::size_t read_bytes = 0; ///< each time, where it does not read at once
  bool narrow = false;
  bool vanish = false;

  /// Takes one `key=value`; ends the program where that is none.
  void set(std::string_view argument);
};

/// What became of all of them.
struct flood_tally {
  std::size_t connected = 0;
  std::size_t failed = 0; ///< to connect
  std::size_t closed = 0; ///< by the other side, in order
  std::size_t reset = 0;
  std::size_t retry_after = 0; ///< answers that named it
  std::uint64_t bytes = 0;
  std::map<int, std::size_t> answers; ///< by status

  std::string json() const;
};

/// One of them. What it sends and whether it reads is the options' to say.
class flood_connection {
public:
  /// Begins to connect, from the source that is this number's turn.
  void open(const flood_options& options, std::size_t number);
  void on_event(std::uint32_t events, const flood_options& options, flood_tally& tally);
  void on_drip(const flood_options& options, flood_tally& tally);
  void close() noexcept;
  /// Without a word to the other side: the kernel forgets the connection (TCP_REPAIR).
  void vanish() noexcept;

  int fd() const noexcept { return fd_; }
  bool is_connecting() const noexcept { return state_ == state::connecting; }
  bool is_open() const noexcept { return state_ == state::open; }

  /// What epoll is to tell of it.
  std::uint32_t interest() const noexcept { return interest_; }
  bool interest_changed(const flood_options& options) noexcept;

private:
  enum class state : std::uint8_t { none, connecting, open, over };
  void end(bool in_order, flood_tally& tally) noexcept;
  void send_more(std::string_view all, flood_tally& tally);
  void receive(std::size_t most, flood_tally& tally);
  void count(std::string_view bytes, flood_tally& tally);

  int fd_ = -1;
  state state_ = state::none;
  std::uint32_t interest_ = 0;
  std::size_t sent_ = 0; ///< of what is sent at first
  std::string tail_;     ///< of what came: a mark may be in two pieces
};

} // namespace limpet::bench
