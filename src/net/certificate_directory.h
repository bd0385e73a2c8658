// The certificates that data planes serve, by ARN: published by whoever keeps them, found at each handshake.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls.h"

namespace holm::net {

struct ServedCertificate {
  std::shared_ptr<const TlsCertificate> certificate;
  std::vector<std::string> names;  // In lower case: "example.com", "*.example.com".
};

// Whether a certificate for `pattern` is good for `name`, both in lower case: `*` stands for one label.
bool certificate_covers(std::string_view pattern, std::string_view name);

// Any thread. A certificate that is published again (renewed, imported anew) is used from the next handshake on.
class CertificateDirectory final {
 public:
  using Users = std::map<std::string, std::vector<std::string>, std::less<>>;  // Certificate → what serves it.

  void publish(const std::string& arn, ServedCertificate certificate);
  void remove(const std::string& arn);
  // Null when there is none.
  std::shared_ptr<const ServedCertificate> find(std::string_view arn) const;

  // All that `owner` ("elbv2") uses from now on, so that nobody deletes it.
  void set_users(const std::string& owner, Users users);
  std::vector<std::string> users_of(std::string_view arn) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const ServedCertificate>, std::less<>> certificates_;
  std::map<std::string, Users> users_;  // By owner.
};

}  // namespace holm::net
