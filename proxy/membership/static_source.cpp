#include "proxy/membership/static_source.hpp"

namespace limpet::membership {

void static_source::start(publish_function publish) {
  is_published_ = true;
  publish({.members = members_, .epoch = 1, .stale = false});
}

source_status static_source::status() const {
  source_status status;
  status.kind = "static";
  status.ready = is_published_;
  status.revision = is_published_ ? 1 : 0;
  return status;
}

} // namespace limpet::membership
