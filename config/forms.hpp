#pragma once

#include "config/config.hpp"
#include "config/type.hpp"

#include <string>

/// The texts that have a form of their own. Each refuses control characters and sets a limit to its length.
namespace limpet::config {

/// Names of pools, members, signing keys and accounts: [A-Za-z0-9._-]{1,128}.
type_ptr<std::string> name();
/// A label for people, metrics and logs: 1 to `bytes_max` bytes.
type_ptr<std::string> label(std::size_t bytes_max);
/// A field or cookie name: token (RFC 9110 section 5.6.2).
type_ptr<std::string> token(std::string what);
/// An Upgrade protocol, lower-cased; never h2c.
type_ptr<std::string> upgrade();
/// 1 byte to 4 KiB, of which people should see nothing.
type_ptr<std::string> secret();

/// A host, lower-cased: "chat.example.com", "*.example.com", "192.0.2.1" or "[2001:db8::1]"; no port.
type_ptr<std::string> host_pattern();
/// A host name, lower-cased, as in a cookie's Domain.
type_ptr<std::string> domain();
/// A path prefix as requests have it once it is normalised: begins with "/", no "." and ".." segments, no
/// query.
type_ptr<std::string> path_prefix();
/// A cookie's Path (RFC 6265 section 4.1.1): begins with "/", no ";".
type_ptr<std::string> cookie_path();
/// The target of a request in origin form: a path and maybe a query.
type_ptr<std::string> request_path();

/// The path of a file or folder; a relative one starts from the working directory.
type_ptr<std::string> file_path();
/// "off", "stdout" or the path of a file; a path has a "/".
type_ptr<std::string> log_target();

/// "host:port", "[v6]:port" or "unix:/path".
type_ptr<std::string> member_address();
type_ptr<endpoint> agent_address();
/// "1.2.3.4:port", "localhost:port", ":port" for every IPv4 address, "[v6]:port" or "unix:/path"; port 0 lets
/// the system choose.
type_ptr<endpoint> listen_address();

/// "http://host:port" or "https://host:port".
type_ptr<std::string> etcd_endpoint();
/// A key prefix: begins with "/" and does not end with one.
type_ptr<std::string> etcd_prefix();
/// "10.0.0.0/8", "::1".
type_ptr<routing::ip_network> ip_network();

} // namespace limpet::config
