// A small S3 client: objects in and out, and URLs for browsers. Blocking; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "kit/fetch.h"
#include "kit/metadata.h"

namespace kit {

struct S3Options {
  std::string region;
  std::string endpoint;         // Empty: AWS's own, virtual-hosted. Else path style.
  std::string public_endpoint;  // The same for URLs a browser opens.
};

struct PresignedPut {
  std::string bucket;
  std::string key;
  std::string content_type;
  std::int64_t content_bytes = 0;
  int seconds = 0;
};

class S3 final {
 public:
  S3(S3Options options, CredentialSource& credentials);

  // The error is a sentence with S3's status or the reason there was no answer.
  std::expected<std::string, std::string> get(const std::string& bucket, const std::string& key);
  std::expected<void, std::string> put(const std::string& bucket, const std::string& key,
                                       const std::string& content_type, std::string body);
  std::expected<void, std::string> remove(const std::string& bucket, const std::string& key);

  // A URL that takes exactly that many bytes of exactly that type.
  std::expected<std::string, std::string> presign_put(const PresignedPut& put, std::int64_t now);

  // The same URL for about five minutes at a time, so that a browser may keep the picture.
  std::expected<std::string, std::string> presign_get(const std::string& bucket,
                                                      const std::string& key, std::int64_t now);

  // scheme://host[:port] of a presigned URL's bucket, for a content security policy.
  std::string public_origin(const std::string& bucket) const;

 private:
  struct Address {
    std::string origin;
    std::string host;
    std::string path;
  };
  Address address(const std::string& endpoint, const std::string& bucket,
                  const std::string& key) const;
  std::expected<FetchResponse, std::string> send(const std::string& method,
                                                 const std::string& bucket, const std::string& key,
                                                 const std::string& content_type,
                                                 std::string body);
  std::expected<std::string, std::string> presign(SignableRequest request,
                                                  const std::string& bucket,
                                                  const std::string& key, std::int64_t now,
                                                  int seconds);

  S3Options options_;
  CredentialSource& credentials_;
};

}  // namespace kit
