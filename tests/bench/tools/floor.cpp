// bench_floor PORT...: what no proxy can go below. Copies bytes between a client's connection and one to a
// member, the members in turn, for the life of both. Nothing is parsed, so it neither keeps sessions together
// nor adds a field. Prints its port.

#include "tests/bench/tools/sockets.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace limpet::bench {

namespace {

struct link;

/// One end of a link; what epoll's data points to.
struct side {
  int fd = -1;
  link* both = nullptr;
  bool has_ended = false; ///< nothing more comes from it
  std::string unsent;     ///< to it: while there is some, the other side is not read
  std::uint32_t events = EPOLLIN;
};

struct link {
  std::array<side, 2> sides;
  bool is_over = false;
  side& other_than(const side& s) { return &s == &sides[0] ? sides[1] : sides[0]; }
};

class copier {
public:
  explicit copier(std::vector<std::uint16_t> members) : members_(std::move(members)) {}
  void run();

private:
  void accept_all();
  void on_ready(side& s, std::uint32_t events);
  void copy_from(side& from);
  void send_rest(side& to);
  void end_of(side& from);
  void update(side& s);
  void close(link& l);

  std::vector<std::uint16_t> members_;
  std::size_t next_member_ = 0;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  side listener_;
  std::vector<std::unique_ptr<link>> over_; ///< freed once no event of the batch can point to them
  std::array<char, 256 * 1024> scratch_;
};

void copier::run() {
  listener_.fd = listen_on_free_port();
  watch(epoll_, EPOLL_CTL_ADD, listener_.fd, EPOLLIN, &listener_);
  std::printf("%u\n", port_of(listener_.fd));
  std::fflush(stdout);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int n = ::epoll_wait(epoll_, events.data(), events.size(), -1);
    for (int i = 0; i < n; ++i) {
      auto& s = *static_cast<side*>(events[i].data.ptr);
      if (&s == &listener_) {
        accept_all();
      } else if (!s.both->is_over) {
        on_ready(s, events[i].events);
      }
    }
    over_.clear();
  }
}

void copier::accept_all() {
  for (int fd; (fd = accept_from(listener_.fd)) >= 0;) {
    auto* l = new link; // freed by close()
    l->sides[0].fd = fd;
    l->sides[1].fd = connect_to(members_[next_member_++ % members_.size()]);
    set_non_blocking(l->sides[1].fd);
    for (auto& s : l->sides) {
      s.both = l;
      watch(epoll_, EPOLL_CTL_ADD, s.fd, s.events, &s);
    }
  }
}

void copier::on_ready(side& s, std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) send_rest(s);
  if (s.both->is_over || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  if ((s.events & EPOLLIN) != 0) return copy_from(s);
  close(*s.both); // reset, and epoll would say so for ever
}

void copier::copy_from(side& from) {
  const auto n = ::recv(from.fd, scratch_.data(), scratch_.size(), 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n < 0) return close(*from.both);
  if (n == 0) return end_of(from);
  auto& to = from.both->other_than(from);
  const auto sent = ::send(to.fd, scratch_.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL);
  if (sent == n) return;
  if (sent < 0 && errno != EAGAIN) return close(*from.both);
  to.unsent.assign(scratch_.data() + (sent < 0 ? 0 : sent),
                   static_cast<std::size_t>(n - (sent < 0 ? 0 : sent)));
  update(to);
  update(from);
}

void copier::send_rest(side& to) {
  const auto n = ::send(to.fd, to.unsent.data(), to.unsent.size(), MSG_NOSIGNAL);
  if (n < 0 && errno == EAGAIN) return;
  if (n < 0) return close(*to.both);
  to.unsent.erase(0, static_cast<std::size_t>(n));
  if (!to.unsent.empty()) return;
  update(to);
  update(to.both->other_than(to));
}

void copier::end_of(side& from) {
  from.has_ended = true;
  auto& to = from.both->other_than(from);
  if (to.has_ended) return close(*from.both);
  ::shutdown(to.fd, SHUT_WR);
  update(from);
}

void copier::update(side& s) {
  std::uint32_t wanted = s.unsent.empty() ? 0U : EPOLLOUT;
  if (!s.has_ended && s.both->other_than(s).unsent.empty()) wanted |= EPOLLIN;
  if (wanted == s.events) return;
  s.events = wanted;
  watch(epoll_, EPOLL_CTL_MOD, s.fd, wanted, &s);
}

void copier::close(link& l) {
  for (auto& s : l.sides)
    ::close(s.fd);
  l.is_over = true;
  over_.emplace_back(&l);
}

} // namespace

} // namespace limpet::bench

int main(int argc, char** argv) {
  std::vector<std::uint16_t> members;
  for (int i = 1; i < argc; ++i)
    members.push_back(static_cast<std::uint16_t>(limpet::bench::number_from(argv[i], 65'535)));
  if (members.empty()) {
    std::fprintf(stderr, "usage: bench_floor MEMBER_PORT...\n");
    return 2;
  }
  const auto c = std::make_unique<limpet::bench::copier>(std::move(members));
  c->run();
}
