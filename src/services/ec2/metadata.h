// The instance metadata service, version 2 (and 1 where an instance allows it), of one VPC.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/server.h"

namespace holm::aws {
struct TemporaryCredentials;
}

namespace holm::ec2 {

struct Dependencies;

// Knows an instance by the address it asks from, which the network does not let it forge. Any thread.
class Metadata final {
 public:
  Metadata(Dependencies& use, std::string vpc) : use_(use), vpc_(std::move(vpc)) {}

  // An http::Handler.
  async::Task<void> answer(http::Exchange& exchange);

 private:
  struct Token {
    std::string address;
    Time expires{};
  };
  struct Asked;
  http::Response respond_to(const http::Request& request);
  http::Response give_token(const http::Request& request);
  bool token_is_good(const http::Request& request);
  std::optional<std::string> look_up(const Asked& asked);
  std::optional<std::string> credentials(const Asked& asked, std::string_view path);
  std::string own_policy(const Asked& asked);
  std::optional<std::string> own_credentials(const Asked& asked, std::string_view path);
  std::string tell_credentials(const Result<aws::TemporaryCredentials>& issued);
  std::string identity_document(const Asked& asked);

  Dependencies& use_;
  const std::string vpc_;
  std::mutex mutex_;
  std::map<std::string, Token> tokens_;
};

}  // namespace holm::ec2
