#pragma once

#include "deploy/demo/service.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <string>
#include <string_view>

namespace limpet::demo {

using request = boost::beast::http::request<boost::beast::http::string_body>;
using response = boost::beast::http::response<boost::beast::http::string_body>;

/// An answer with X-Member. `body` is sent with its length; a HEAD's answer has the length and no body.
response make_response(const service& s, boost::beast::http::status status, std::string body,
                       std::string_view content_type = "text/plain");

/// Answers everything that is read whole and answered whole: /, /healthz, /headers, /kv/KEY, /counter.
response handle(service& s, const request& r);

/// What a WebSocket client is answered to a text message: the commands `whoami`, `counter`, `get KEY` and
/// `put KEY VALUE`; every other message comes back as it was.
std::string handle_text(service& s, std::string_view session, std::string_view message);

} // namespace limpet::demo
