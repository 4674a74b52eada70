#include "tests/support/etcd_process.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>

namespace limpet::test {
namespace {

std::string loopback(const std::string& scheme, int port) {
  return scheme + "://127.0.0.1:" + std::to_string(port);
}

/// The answer to a plain GET, or nothing where nobody answers.
std::string get(int port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  std::string answer;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const timeval limit{5, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    ssize_t count = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    char buffer[4096];
    while (count > 0 && (count = ::recv(fd, buffer, sizeof buffer, 0)) > 0) {
      answer.append(buffer, static_cast<std::size_t>(count));
    }
  }
  ::close(fd);
  return answer;
}

} // namespace

etcd_process::etcd_process(options what) : etcd_process(std::move(what), "one") {
  cluster_ = name_ + "=" + peer_url();
  start();
}

etcd_process::etcd_process(options what, std::string name)
    : options_(std::move(what)), name_(std::move(name)) {
  client_port_ = free_port();
  peer_port_ = free_port();
  metrics_port_ = free_port();
  url_ = loopback(options_.tls != nullptr ? "https" : "http", client_port_);
}

std::vector<std::unique_ptr<etcd_process>> etcd_process::make_cluster(std::size_t size) {
  std::vector<std::unique_ptr<etcd_process>> members;
  std::string cluster;
  for (std::size_t i = 0; i < size; ++i) {
    members.push_back(std::unique_ptr<etcd_process>(new etcd_process(options(), "etcd" + std::to_string(i))));
    cluster += (i == 0 ? "" : ",") + members.back()->name_ + "=" + members.back()->peer_url();
  }
  for (auto& member : members) {
    member->cluster_ = cluster;
    member->launch();
  }
  for (auto& member : members) {
    wait_until([&] { return member->is_healthy(); }, "a healthy etcd cluster");
  }
  return members;
}

std::string etcd_process::peer_url() const {
  return loopback("http", peer_port_);
}

void etcd_process::launch() {
  std::vector<std::string> argv{"etcd",
                                "--name=" + name_,
                                "--data-dir=" + folder_.path() + "/data",
                                "--listen-client-urls=" + url_,
                                "--advertise-client-urls=" + url_,
                                "--listen-peer-urls=" + peer_url(),
                                "--initial-advertise-peer-urls=" + peer_url(),
                                "--initial-cluster=" + cluster_,
                                "--listen-metrics-urls=" + loopback("http", metrics_port_),
                                "--unsafe-no-fsync",
                                "--logger=zap",
                                "--log-level=warn"};
  if (options_.tls != nullptr) {
    for (const std::string& flag :
         {"--cert-file=" + options_.tls->server, "--key-file=" + options_.tls->server_key,
          "--trusted-ca-file=" + options_.tls->ca, std::string("--client-cert-auth")}) {
      argv.push_back(flag);
    }
  }
  argv.insert(argv.end(), options_.flags.begin(), options_.flags.end());
  process_ = process(argv, folder_.path() + "/log");
}

void etcd_process::start() {
  launch();
  wait_until(
      [this] {
        if (process_.poll()) throw std::runtime_error("etcd ended: " + read_text(folder_.path() + "/log"));
        return is_healthy();
      },
      "a healthy etcd");
}

bool etcd_process::is_healthy() const {
  return get(metrics_port_, "/health").find("\"health\":\"true\"") != std::string::npos;
}

void etcd_process::freeze() const {
  process_.freeze();
}
void etcd_process::thaw() const {
  process_.signal(SIGCONT);
}
void etcd_process::forget_data() {
  std::filesystem::remove_all(folder_.path() + "/data");
}

std::string etcd_process::control(const std::vector<std::string>& words) const {
  std::vector<std::string> argv{"etcdctl", "--endpoints=" + url_};
  if (options_.tls != nullptr) {
    for (const std::string& flag : {"--cacert=" + options_.tls->ca, "--cert=" + options_.tls->client,
                                    "--key=" + options_.tls->client_key}) {
      argv.push_back(flag);
    }
  }
  argv.insert(argv.end(), words.begin(), words.end());
  return run(argv);
}

std::int64_t etcd_process::revision() const {
  const std::string answer = control({"get", "nothing", "-w", "json"});
  const std::string name = "\"revision\":";
  return std::stoll(answer.substr(answer.find(name) + name.size()));
}

void etcd_process::compact() const {
  control({"compact", std::to_string(revision())});
}

} // namespace limpet::test
