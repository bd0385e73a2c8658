// What browsers ask before and after a request from another site: the rules a bucket has.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holm::aws {

struct BrowserRequest {
  std::string_view bucket;
  std::string_view origin;
  std::string_view method;   // Of the request itself, or that a preflight asks for.
  std::string_view headers;  // Access-Control-Request-Headers.
  enum class Resource { Bucket, Object } resource = Resource::Object;
};

// Implemented by S3. Any thread; may read the database, so not on a reactor's thread.
class BrowserRules {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  virtual ~BrowserRules() = default;
  // The headers that allow a preflighted request. Throws a ServiceError in S3's words when no rule does.
  virtual Headers preflight(const BrowserRequest& request) const = 0;
  // What to add to the response of an actual request; empty when no rule matches.
  virtual Headers actual(const BrowserRequest& request) const = 0;
};

}  // namespace holm::aws
