// The region's public API as the command line calls it, and the sites at its edge.
#pragma once

#include <memory>
#include <string>

#include "async/reactor.h"
#include "base/clock.h"
#include "base/result.h"
#include "formats/form.h"
#include "formats/xml.h"
#include "http/client.h"
#include "net/address.h"

namespace holm::cli {

// Why a call did not succeed. `code` is AWS's; empty when no answer came.
struct ApiError {
  std::string code;
  std::string message;
};

template <class T>
using ApiResult = Result<T, ApiError>;

struct ApiAccess {
  net::Address address;
  std::string region;
  std::string access_key_id;
  std::string secret_access_key;
};

// Signs each call and waits for its answer. One thread.
class ApiClient final {
 public:
  ApiClient(const Clock& clock, ApiAccess access);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  // The <…Result> element of the service's answer.
  ApiResult<formats::XmlElement> cloudformation(const std::string& action, formats::Form fields);
  ApiResult<formats::XmlElement> cloudwatch(const std::string& action, formats::Form fields);
  // EC2's answer.
  ApiResult<formats::XmlElement> ec2(const std::string& action, formats::Form fields);
  // Success when the caller owns it already.
  ApiResult<void> make_bucket(const std::string& bucket);
  ApiResult<void> put_object(const std::string& bucket, const std::string& key, std::string body);
  // The status that `GET path` of the site called `host` ("name:8080") has at the edge.
  ApiResult<int> site_status(const net::Address& edge, const std::string& host, const std::string& path);

  // Where this client connects, as "localhost:4566".
  const std::string& host() const { return host_; }
  void pause(async::Duration duration);

 private:
  struct Call {
    std::string method;
    std::string path;
    std::string body;
    std::string service;
    http::Headers headers;
  };
  ApiResult<formats::XmlElement> send(Call call);
  ApiResult<formats::XmlElement> query(const std::string& service, std::string_view version,
                                       const std::string& action, formats::Form fields);
  ApiResult<http::Response> exchange(http::OutgoingRequest request, const net::Address& address,
                                     http::RequestOptions options);

  const Clock& clock_;
  ApiAccess access_;
  std::string host_;
  async::ReactorPool reactors_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace holm::cli
