// Configurations of which a bucket has many, each with an id: inventories, metrics.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/s3/buckets.h"

namespace holm::s3 {

// All of a kind, in the order of their ids.
std::vector<std::string> find_named(sql::Transaction& transaction, int64_t bucket, std::string_view kind);
// Throws NoSuchConfiguration.
std::string require_named(Call& call, const BucketRow& bucket, std::string_view kind, const std::string& id);
// Throws InvalidArgument unless the id is one and the document's own, TooManyConfigurations above a thousand.
void set_named(Call& call, const BucketRow& bucket, std::string_view kind, const std::string& id,
               const std::string& own_id, const std::string& document);
// Throws NoSuchConfiguration.
void clear_named(Call& call, const BucketRow& bucket, std::string_view kind, const std::string& id);
[[noreturn]] void throw_no_configuration();

// A page of them; `after` and the token that is left are ids.
struct NamedPage {
  std::vector<std::string> documents;
  std::optional<std::string> next_token;
};
NamedPage page_of_named(Call& call, const BucketRow& bucket, std::string_view kind,
                        const std::optional<std::string>& token);

}  // namespace holm::s3
