#pragma once

#include <boost/asio/io_context.hpp>

namespace limpet::net {

/// An io_context whose pending handlers, coroutine frames among them, can be destroyed while the things that
/// they refer to are still there. A plain io_context does it in its destructor, when what was made after it
/// has gone already.
class context : public boost::asio::io_context {
public:
  context() : boost::asio::io_context(1) {}
  /// Nothing runs any more after this.
  void destroy_handlers() {
    stop();
    shutdown();
  }
};

} // namespace limpet::net
