#pragma once

#include "proxy/membership/source.hpp"

namespace limpet::membership {

/// The members as they stand in the configuration; never changes.
class static_source : public source {
public:
  explicit static_source(std::vector<routing::member> members) : members_(std::move(members)) {}

  void start(publish_function publish) override;
  void stop() override {}
  source_status status() const override;

private:
  std::vector<routing::member> members_;
  bool is_published_ = false;
};

} // namespace limpet::membership
