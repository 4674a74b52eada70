#include "tests/proxy/http/strictness/rig.hpp"

#include "proxy/http/client_connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace limpet::strictness {

namespace {

constexpr std::string_view ok_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view ok_head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
constexpr std::string_view next_answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";

/// Turns of the loop in which none of the proxy's peers hears of anything: then it waits for them. What is
/// due has its turn at once or, deferred, in the next one; the third is in reserve.
constexpr int quiet_turns = 3;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

net::unique_fd listening_at(const sockaddr_un& address) {
  net::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), 64) != 0)
    throw std::runtime_error("cannot listen");
  return fd;
}

std::shared_ptr<const http::pool_snapshot> make_pool(const sockaddr_un& address,
                                                     std::size_t answer_head_bytes_max) {
  auto pool = std::make_shared<http::pool_snapshot>();
  pool->settings.name = "app";
  routing::key_source header;
  header.name = "X-User-Id";
  pool->settings.session.key.push_back(header);
  pool->settings.limits.header_bytes = answer_head_bytes_max;
  routing::member one;
  one.id = "a";
  pool->view = routing::view({one}, 1);
  net::member_target target;
  target.number = 1;
  target.endpoints.emplace_back(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  target.shared = std::make_shared<net::reachability>();
  pool->targets.push_back(target);
  return pool;
}

std::shared_ptr<const http::snapshot> make_snapshot(const sockaddr_un& address,
                                                    std::size_t answer_head_bytes_max) {
  auto s = std::make_shared<http::snapshot>();
  s->number = 1;
  s->table = routing::route_table(std::vector<routing::route_match>{{"", "/"}});
  s->pools.push_back(make_pool(address, answer_head_bytes_max));
  s->routes.push_back({0, {}, s->pools[0]});
  s->limits.request_line_bytes = rig::line_bytes_max;
  s->limits.header_bytes = rig::head_bytes_max;
  s->limits.header_count = rig::fields_max;
  s->limits.body_bytes = rig::body_bytes_max;
  return s;
}

} // namespace

rig::rig(std::size_t answer_head_bytes_max) {
  const auto address = address_of(folder_.file("m"));
  listener_ = listening_at(address);
  worker_.publish(make_snapshot(address, answer_head_bytes_max));
}

rig::client rig::connect() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
    throw std::runtime_error("socketpair");
  http::client_connection::start(
      worker_, net::unique_fd(fds[1]),
      *net::socket_address::parse("127.0.0.1:1", net::socket_address::use::connect));
  return {net::unique_fd(fds[0]), {}};
}

/// What does not fit has no reader any more: the other side has closed.
void rig::write(int fd, std::string_view bytes) {
  net::write_now(fd, bytes);
}

outcome rig::send(std::span<const std::string_view> pieces, std::string_view answer,
                  const table_case& about) {
  first_answer_ = answer;
  auto c = connect();
  for (const auto piece : pieces) {
    write(c.fd.get(), piece);
    settle(c);
  }
  result_.client = told_of(c, about);
  for (const auto& p : peers_)
    if (!p.got.empty()) result_.begun.push_back(p.got);
  c = {};
  forget();
  return std::exchange(result_, {});
}

outcome rig::answer(std::string_view request, std::span<const std::string_view> pieces,
                    const table_case& about) {
  answers_late_ = true;
  auto c = connect();
  write(c.fd.get(), request);
  settle(c);
  if (peers_.empty() || requests_ != 1) throw std::runtime_error(about.name + ": its request is not one");
  answers_late_ = false;
  for (const auto piece : pieces) {
    if (peers_[0].fd) write(peers_[0].fd.get(), piece);
    settle(c);
  }
  if (about.end == member_end::closes) peers_[0].fd = {};
  settle(c);
  result_.client = told_of(c, about);
  if (!result_.client.starts_with("101")) ask_again(c, about);
  c = {};
  forget();
  return std::exchange(result_, {});
}

/// Whoever asks now gets the answer to that, whatever came before.
void rig::ask_again(client& first, const table_case& about) {
  result_.is_reused = false;
  auto other = connect();
  for (auto* asking : {&other, &first}) {
    if (asking->has_ended || (asking == &first && !result_.client.ends_with("kept"))) continue;
    asking->got.clear();
    write(asking->fd.get(), next_request);
    settle(*asking);
    const auto m = read_answer(asking->got, "GET", false);
    if (m.is != message::state::whole || m.status != 200 || m.body != "next" || m.size != asking->got.size())
      result_.trouble = about.name + ": the next request was answered " + escaped(asking->got);
    if (asking == &other) result_.is_reused = !peers_.empty() && peers_[0].served > 1;
  }
}

/// Until neither the client nor a member hears anything more.
void rig::settle(client& c) {
  for (int quiet = 0; quiet < quiet_turns;) {
    on_.events.run_once(net::milliseconds(0));
    const bool client_heard = read(c), member_heard = serve_members();
    quiet = client_heard || member_heard ? 0 : quiet + 1;
  }
}

bool rig::read(client& c) {
  if (c.has_ended) return false;
  std::array<char, 16384> bytes;
  const auto count = ::recv(c.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return false;
  c.has_ended = count <= 0;
  c.was_reset = count < 0;
  if (count > 0) c.got.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

bool rig::serve_members() {
  bool any = false;
  for (;;) {
    net::unique_fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) break;
    peers_.push_back({std::move(fd), {}});
    any = true;
  }
  for (auto& p : peers_)
    any |= p.fd && serve(p);
  return any;
}

bool rig::serve(peer& p) {
  std::array<char, 16384> bytes;
  const auto count = ::recv(p.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count <= 0) {
    if (count < 0 && errno == EAGAIN) return false;
    p.fd = {};
    return true;
  }
  p.got.append(bytes.data(), static_cast<std::size_t>(count));
  for (auto m = read_request(p.got); m.is != message::state::unfinished; m = read_request(p.got)) {
    if (m.is == message::state::malformed) {
      result_.trouble = "the member got " + m.trouble;
      p.got.clear();
      p.fd = {};
      break;
    }
    p.got.erase(0, m.size);
    ++p.served;
    answer_next(p, m);
  }
  return true;
}

void rig::answer_next(peer& p, const message& request) {
  const bool is_first = requests_++ == 0;
  result_.member.push_back(request);
  if (is_first && answers_late_) return;
  const auto target = arrived(request).target;
  if (is_first && !first_answer_.empty())
    write(p.fd.get(), first_answer_);
  else
    write(p.fd.get(), request.first_line.starts_with("HEAD ") ? ok_head
                      : target == "/next"                     ? next_answer
                                                              : ok_answer);
}

/// Back to the quiet state: no connection, no idle member.
void rig::forget() {
  worker_.upstreams.drop_all();
  peers_.clear();
  first_answer_.clear();
  requests_ = 0;
  const auto is_quiet = [&] { return worker_.connections.empty() && worker_.tunnels.empty(); };
  if (!on_.run_until(is_quiet)) throw std::runtime_error("a connection does not end");
  worker_.upstreams.drop_all();
}

std::string rig::told_of(const client& c, const table_case& about) {
  std::string told;
  std::string_view left = c.got;
  std::size_t answers = 0;
  while (!left.empty()) {
    const auto method = answers < about.member.size() ? about.member[answers].method
                        : answers == 0                ? about.sent.substr(0, about.sent.find(' '))
                                                      : std::string("GET");
    const auto m = read_answer(left, method, c.has_ended && !c.was_reset);
    if (m.is == message::state::malformed) {
      result_.trouble = "the client got " + m.trouble;
      return told + "malformed";
    }
    if (m.is == message::state::unfinished) {
      told += c.has_ended ? "cut " : "unfinished ";
      break;
    }
    told += std::to_string(m.status) + ' ';
    left.remove_prefix(m.size);
    if (m.status == 101) break;
    if (m.status < 200) continue;
    result_.body = m.body;
    result_.answer_lines = m.lines;
    ++answers;
  }
  return told + (c.has_ended ? "closed" : "kept");
}

} // namespace limpet::strictness
