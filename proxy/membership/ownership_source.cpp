#include "proxy/membership/ownership_source.hpp"

#include "proxy/membership/ownership_runner.hpp"

#include <utility>

namespace limpet::membership {

ownership_source::ownership_source(boost::asio::any_io_executor executor,
                                   std::shared_ptr<etcd::client> client, options what)
    : runner_(std::make_shared<runner>(std::move(executor), std::move(client), std::move(what))) {}
ownership_source::~ownership_source() {
  stop();
}
void ownership_source::start(publish_function publish) {
  runner_->start(std::move(publish));
}
void ownership_source::stop() {
  runner_->stop();
}
source_status ownership_source::status() const {
  return runner_->status();
}
std::vector<operator_drain> ownership_source::drains() const {
  return runner_->drains();
}
handoff_status ownership_source::handoff() const {
  return runner_->handoff();
}
void ownership_source::configure(const config::barrier_settings& barrier) {
  runner_->configure(barrier);
}
void ownership_source::leave(std::function<void()> left, ownership::duration within) {
  runner_->leave(std::move(left), within);
}
void ownership_source::leave_within(ownership::duration limit) {
  runner_->leave_within(limit);
}
void ownership_source::on_word(const net::strict_word& word) {
  runner_->on_word(word);
}

} // namespace limpet::membership
