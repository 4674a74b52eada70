#include "tests/consistency/load/list_keeper.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace limpet::load {

namespace asio = boost::asio;

list_keeper::list_keeper(asio::any_io_executor executor, settings s, list_file store, line_log& log)
    : executor_(std::move(executor)), settings_(std::move(s)), store_(std::move(store)), log_(log) {}

asio::awaitable<list> list_keeper::execute(operation o, std::uint64_t epoch) {
  auto& s = sessions_[o.session];
  co_await enter(s);
  tell('B', o, epoch);
  timer working(executor_, work());
  co_await working.async_wait(asio::use_awaitable);
  if (!s.is_cached || epoch > s.epoch) {
    s.values = store_.load(o.session);
    s.is_cached = true;
    s.epoch = std::max(s.epoch, epoch);
  }
  if (o.what == kind::append) {
    s.values.push_back(o.value);
    store_.save(o.session, s.values);
  }
  auto result = s.values;
  tell('E', o, epoch);
  leave(s);
  co_return result;
}

asio::awaitable<void> list_keeper::enter(session& s) {
  if (!std::exchange(s.is_busy, true)) co_return;
  timer turn(executor_, timer::time_point::max());
  s.waiting.push_back(&turn);
  boost::system::error_code cancelled;
  co_await turn.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

void list_keeper::leave(session& s) {
  if (s.waiting.empty()) {
    s.is_busy = false;
    return;
  }
  auto* next = s.waiting.front();
  s.waiting.pop_front();
  next->cancel();
}

void list_keeper::tell(char what, const operation& o, std::uint64_t epoch) {
  std::string line{what};
  line += ' ' + settings_.owner + ' ' + o.session + ' ' + std::to_string(epoch) + ' ' + o.name + ' ';
  log_.write(line + std::to_string(now_ns()) + '\n');
}

std::chrono::microseconds list_keeper::work() {
  if (std::bernoulli_distribution(settings_.slow_share)(random_)) return settings_.slow_work;
  std::uniform_int_distribution<std::int64_t> any(0, settings_.work_max.count());
  return std::chrono::microseconds(any(random_));
}

} // namespace limpet::load
