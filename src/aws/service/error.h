// An error the caller of an operation gets to see.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holm::aws {

// Thrown by handlers; every error of a service's model is a generated subclass. Ends the request: its
// transaction is rolled back and the gateway writes it in the protocol's envelope.
class ServiceError : public std::runtime_error {
 public:
  ServiceError(std::string_view code, int http_status, const std::string& message)
      : std::runtime_error(message), code(code), http_status(http_status) {}

  std::string code;  // As on the wire: "NoSuchBucket", "InvalidVpcID.NotFound".
  int http_status;   // 4xx is the sender's fault, 5xx ours.
  // Further members the error's document has, in order ("BucketName", "Resource" …).
  std::vector<std::pair<std::string, std::string>> members;
  // Further response headers (Allow, Retry-After, x-amz-delete-marker …).
  std::vector<std::pair<std::string, std::string>> headers;

  ServiceError& with(std::string name, std::string value) {
    members.emplace_back(std::move(name), std::move(value));
    return *this;
  }
};

// What is accepted by AWS but not built here. 501, naming the operation or property.
class NotImplemented : public ServiceError {
 public:
  explicit NotImplemented(const std::string& what)
      : ServiceError("NotImplemented", 501, what + " is not implemented by holm.") {}
};

class AccessDenied : public ServiceError {
 public:
  explicit AccessDenied(const std::string& message) : ServiceError("AccessDenied", 403, message) {}
};

}  // namespace holm::aws
