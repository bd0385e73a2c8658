// The rules by which browsers may use a bucket from pages of other sites.
#pragma once

#include "aws/service/cors.h"

namespace holm::sql {
class Database;
}

namespace holm::s3 {

// Reads each bucket's rules in a short transaction of its own. Any thread.
class CorsRules final : public aws::BrowserRules {
 public:
  explicit CorsRules(sql::Database& database) : database_(database) {}
  Headers preflight(const aws::BrowserRequest& request) const override;
  Headers actual(const aws::BrowserRequest& request) const override;

 private:
  sql::Database& database_;
};

}  // namespace holm::s3
