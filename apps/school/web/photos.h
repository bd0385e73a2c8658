// A portrait's way: a URL to upload to, the upload's arrival, the function's report.
#pragma once

#include <cstdint>
#include <string>

#include "kit/mysql.h"
#include "kit/s3.h"
#include "web/photo_keys.h"
#include "web/yearbook.h"

namespace school {

struct UploadRequest {
  std::int64_t year = 0;
  std::int64_t student = 0;
  std::string content_type;
  std::int64_t content_bytes = 0;
};

struct UploadPermit {
  std::string url;
  std::string key;
  std::int64_t expires_at = 0;  // Seconds since 1970.
};

// What the function reports. `state` is ready or rejected.
struct PhotoReport {
  std::string key;
  std::string etag;
  std::string state;
  std::string reason;
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;
  std::int64_t milliseconds = 0;
};

class Photos final {
 public:
  Photos(kit::Database& database, Yearbooks& yearbooks, kit::S3& s3, std::string bucket);

  // Throws 400, 403, 404, 409 (published), 413, 415, 503 (no credentials to sign with).
  UploadPermit permit(const Viewer& viewer, const UploadRequest& request,
                      std::int64_t now_milliseconds);
  // The browser says that its upload has ended: the entry is being processed from now on, unless
  // the report was faster. Throws 400, 403, 404.
  void uploaded(const Viewer& viewer, std::int64_t year, std::int64_t student,
                const std::string& key);
  // Repeated and late reports change nothing. Throws 400 for a report of another shape, 404.
  void done(const PhotoReport& report);

  // Where a browser gets a copy ("web" or "thumb"). Throws 404 when the viewer may not see it.
  std::string address(const Viewer& viewer, std::int64_t year, std::int64_t student,
                      const std::string& copy, std::int64_t now);

 private:
  kit::Database& database_;
  Yearbooks& yearbooks_;
  kit::S3& s3_;
  std::string bucket_;
};

}  // namespace school
