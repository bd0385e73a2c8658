// Conditional requests: on what is read and on what is replaced.
#pragma once

#include <optional>
#include <string>

#include "aws/service/error.h"
#include "services/s3/versions.h"

namespace holm::s3 {

struct ReadConditions {
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<Time> if_modified_since;
  std::optional<Time> if_unmodified_since;
};

// PreconditionFailed, or 304 where that is asked for.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
// A time that is still to come is no condition of what was changed since.
void require_conditions(const ReadConditions& conditions, const VersionRow& row, Time now);
// Of a copy's source: PreconditionFailed in every case.
void require_source_conditions(const ReadConditions& conditions, const VersionRow& row, Time now);

// Of an object to be replaced or removed; checked inside the transaction that does so, so of two requests
// with the same condition one fails.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
// Nothing where they hold, else the error. Both conditions at once are NotImplemented, as with AWS.
std::optional<aws::ServiceError> broken_write_condition(Records& records, const BucketRow& bucket,
                                                        const std::string& key,
                                                        const std::optional<std::string>& if_match,
                                                        const std::optional<std::string>& if_none_match);
void require_write_conditions(Records& records, const BucketRow& bucket, const std::string& key,
                              const std::optional<std::string>& if_match,
                              const std::optional<std::string>& if_none_match);

}  // namespace holm::s3
