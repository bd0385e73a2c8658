// Buckets as web sites: what is kept of them and how it applies to requests.
#pragma once

#include "aws/service/websites.h"

namespace holm::sql {
class Database;
}

namespace holm::s3 {

// Reads each bucket's configuration in a short transaction of its own. Any thread.
class Sites final : public aws::Websites {
 public:
  explicit Sites(sql::Database& database) : database_(database) {}
  aws::WebsiteStep begin(const aws::WebsiteRequest& request) const override;
  std::optional<aws::WebsiteStep> instead(const aws::WebsiteRequest& request, int status) const override;
  std::optional<std::string> folder_index(const aws::WebsiteRequest& request) const override;

 private:
  sql::Database& database_;
};

}  // namespace holm::s3
