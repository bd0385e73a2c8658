// Which rows a Describe operation reads, so that asking for one of many resources reads one row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "ec2/types.h"
#include "sql/database.h"

namespace holm::ec2 {

// A condition of SQL, beginning with those of the caller's account and region. It lets through all that the
// request asks for, and may let through more: who reads the rows still looks at each.
class Selection final {
 public:
  explicit Selection(const aws::Caller& caller);

  // Those whose `column`, which has an index, is one of `values`; none: all.
  Selection& among(std::string_view column, const std::vector<std::string>& values);
  // Those that a filter called `name` may let through. Filters with wildcards let all through here.
  Selection& filtered(std::string_view column, const std::vector<Filter>& filters, std::string_view name);

  std::string where() const;
  const std::vector<sql::Value>& arguments() const { return arguments_; }

 private:
  std::vector<sql::Value> arguments_;
  std::string narrowed_;
};

}  // namespace holm::ec2
