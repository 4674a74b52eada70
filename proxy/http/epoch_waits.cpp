#include "proxy/http/epoch_waits.hpp"

#include <utility>

namespace limpet::http {

epoch_waits::wait::wait(epoch_waits& all, epoch_reader& reader, const std::string& pool, std::uint64_t epoch,
                        net::milliseconds limit)
    : all_(all), ticket_(all.next_ticket_++) {
  all_.waiting_.emplace(ticket_, this);
  due_.arm(all_.loop_.wheel(), limit, &on_due, this);
  reader.read_until(pool, epoch, [waits = &all_, ticket = ticket_](epoch_outcome outcome) {
    waits->loop_.post([=] { waits->go_on(ticket, outcome); });
  });
}

epoch_waits::wait::~wait() {
  all_.waiting_.erase(ticket_);
}

void epoch_waits::wait::end() noexcept {
  end_with(epoch_outcome::given_up);
}

void epoch_waits::wait::end_with(epoch_outcome outcome) {
  all_.loop_.defer([waits = &all_, ticket = ticket_, outcome] { waits->go_on(ticket, outcome); });
}

void epoch_waits::wait::on_due(void* self) noexcept {
  static_cast<wait*>(self)->end_with(epoch_outcome::timed_out);
}

/// The first word counts: the others find nobody.
void epoch_waits::go_on(std::uint64_t ticket, epoch_outcome outcome) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return;
  wait& ended = *found->second;
  waiting_.erase(found);
  ended.outcome_ = outcome;
  if (ended.who_) std::exchange(ended.who_, {}).resume();
}

} // namespace limpet::http
