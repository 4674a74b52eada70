#include "tests/support/etcd_process.hpp"

#include <fstream>

namespace limpet::test {
namespace {

struct key_and_certificate {
  std::string key;
  std::string certificate;
};

key_and_certificate sign(const std::string& folder, const std::string& name, const std::string& subject,
                         const std::string& extensions) {
  const std::string base = folder + "/" + name;
  std::ofstream(base + ".ext") << extensions;
  run({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
       base + ".key", "-out", base + ".csr", "-subj", subject});
  run({"openssl", "x509", "-req", "-in", base + ".csr", "-CA", folder + "/ca.pem", "-CAkey",
       folder + "/ca.key", "-CAcreateserial", "-days", "2", "-extfile", base + ".ext", "-out",
       base + ".pem"});
  return {base + ".key", base + ".pem"};
}

} // namespace

certificates make_certificates(const std::string& folder) {
  run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
       "-days", "2", "-keyout", folder + "/ca.key", "-out", folder + "/ca.pem", "-subj",
       "/CN=test authority"});
  const auto server =
      sign(folder, "server", "/CN=server",
           "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n");
  const auto client = sign(folder, "client", "/O=limpet", "extendedKeyUsage=clientAuth\n");
  const auto named = sign(folder, "named", "/CN=limpet", "extendedKeyUsage=clientAuth\n");
  return {.ca = folder + "/ca.pem",
          .server = server.certificate,
          .server_key = server.key,
          .client = client.certificate,
          .client_key = client.key,
          .named_client = named.certificate,
          .named_client_key = named.key};
}

} // namespace limpet::test
