// Buckets as web sites: what S3 decides about a request, for the gateway, which carries it out.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holm::aws {

struct WebsiteRequest {
  std::string bucket;
  std::string key;        // Of the path, decoded, without its first slash.
  std::string authority;  // "photos.s3-website-us-east-1.localhost:8080"
  std::string_view scheme = "http";
};

// Either an object to answer with or another place to go to.
struct WebsiteStep {
  std::string key;
  std::string location;  // Not empty: a redirect, with this status.
  int status = 200;      // Of the answer that has the object.
};

// Implemented by S3. Any thread; reads the database, so not on a reactor's thread.
class Websites {
 public:
  virtual ~Websites() = default;
  // Throws a ServiceError when the bucket is not there or is no site.
  virtual WebsiteStep begin(const WebsiteRequest& request) const = 0;
  // After the object of begin() could not be had, for which the answer would be `status`: what to do instead;
  // nothing when the site does not say.
  virtual std::optional<WebsiteStep> instead(const WebsiteRequest& request, int status) const = 0;
  // The object that stands for the request's as a folder ("a/index.html" for "a"): if strangers may read it,
  // they are sent there. Nothing where the key ends in a slash already.
  virtual std::optional<std::string> folder_index(const WebsiteRequest& request) const = 0;
};

}  // namespace holm::aws
