#include "proxy/net/event_source.hpp"

#include "proxy/net/event_loop.hpp"

#include <sys/epoll.h>

#include <cassert>

namespace limpet::net {

void event_source::when_readable(waiter who, turn t) noexcept {
  assert(!reader_);
  reader_ = who;
  reader_turn_ = t;
  reader_woken_ = false;
  if (!may_read_) watch(); // else it is tried first: a request may be there with its connection
  take_turn();
}

void event_source::when_writable(waiter who) noexcept {
  assert(!writer_);
  writer_ = who;
  writer_woken_ = false;
  if (!may_write_) watch();
  take_turn();
}

void event_source::watch() noexcept {
  if (is_watched_) return;
  is_watched_ = loop_.watch(*this);
  if (!is_watched_) is_unwatchable_ = may_read_ = may_write_ = true;
}

void event_source::note(std::uint32_t events) noexcept {
  constexpr std::uint32_t over = EPOLLHUP | EPOLLERR;
  if (events & (EPOLLRDHUP | over)) ended_ = true;
  if (events & (EPOLLIN | EPOLLRDHUP | over)) may_read_ = true;
  if (events & (EPOLLOUT | over)) may_write_ = true;
  take_turn();
}

void event_source::wake_reader() noexcept {
  if (!reader_) return;
  reader_woken_ = true;
  take_turn();
}

void event_source::wake_writer() noexcept {
  if (!writer_) return;
  writer_woken_ = true;
  take_turn();
}

void event_source::take_turn() noexcept {
  // Whoever is told that its time is over, or that all is, begins nothing.
  const bool is_fresh = reader_turn_ == turn::fresh && !reader_woken_;
  if (writer_is_due() || (reader_is_due() && !is_fresh))
    loop_.enqueue(*this, turn::at_once);
  else if (reader_is_due())
    loop_.enqueue(*this, turn::fresh);
}

void event_source::close() noexcept {
  unlink();
  reader_ = writer_ = {};
  fd_ = {};
}

void source_list::push_back(event_source& source) noexcept {
  source_link& link = source;
  link.previous = ends_.previous;
  link.next = &ends_;
  ends_.previous->next = &link;
  ends_.previous = &link;
}

event_source& source_list::pop_front() noexcept {
  source_link& first = *ends_.next;
  first.unlink();
  return static_cast<event_source&>(first);
}

void source_list::take_all(source_list& other) noexcept {
  if (other.empty()) return;
  source_link& first = *other.ends_.next;
  source_link& last = *other.ends_.previous;
  other.ends_.next = other.ends_.previous = &other.ends_;
  first.previous = ends_.previous;
  ends_.previous->next = &first;
  last.next = &ends_;
  ends_.previous = &last;
}

} // namespace limpet::net
