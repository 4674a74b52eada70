#pragma once

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <memory>
#include <string>
#include <vector>

namespace limpet::test {

/// Files of a certificate authority, and of a server's and a client's certificate by it, all for 127.0.0.1
/// and localhost.
struct certificates {
  std::string ca;
  std::string server;
  std::string server_key;
  std::string client; ///< without a CommonName, as etcd's gateway wants it where authentication is on
  std::string client_key;
  std::string named_client; ///< with a CommonName
  std::string named_client_key;
};

/// Makes them with the openssl command.
certificates make_certificates(const std::string& folder);

/// A real etcd on free ports of the loopback with a data folder of its own. Every member function throws
/// std::runtime_error where etcd is missing or does not do what it should: a test without its etcd fails.
class etcd_process {
public:
  struct options {
    std::vector<std::string> flags;    ///< more flags, such as --heartbeat-interval=50
    const certificates* tls = nullptr; ///< https for clients, who must show a certificate
  };

  etcd_process() : etcd_process(options()) {}
  explicit etcd_process(options what);

  /// Three of them, as one cluster.
  static std::vector<std::unique_ptr<etcd_process>> make_cluster(std::size_t size);

  /// Starts it (again, on the same ports and data) and waits until it is well.
  void start();
  /// SIGKILL, and waits for its end.
  void kill() { process_.kill(); }
  /// SIGSTOP and SIGCONT.
  void freeze() const;
  void thaw() const;
  void forget_data(); ///< while it does not run

  const std::string& url() const noexcept { return url_; }
  /// Runs etcdctl against it and returns what it prints.
  std::string control(const std::vector<std::string>& words) const;
  std::int64_t revision() const;
  /// Forgets all history before now.
  void compact() const;

private:
  etcd_process(options what, std::string name);
  std::string peer_url() const;
  void launch();
  bool is_healthy() const;

  options options_;
  std::string name_;
  temporary_folder folder_;
  int client_port_ = 0;
  int peer_port_ = 0;
  int metrics_port_ = 0;
  std::string url_;
  std::string cluster_;
  process process_;
};

} // namespace limpet::test
