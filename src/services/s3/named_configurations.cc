// Configurations with ids, under the kind "inventory:list" and the like.

#include "services/s3/named_configurations.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "aws/service/malformed_xml.h"
#include "base/page_token.h"
#include "base/strings.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/listing.h"

namespace holm::s3 {

namespace {

constexpr size_t kIdMax = 64;
constexpr int64_t kConfigurationsMax = 1000;
constexpr int64_t kPageSize = 100;

std::string kind_of(std::string_view kind, const std::string& id) { return fmt::format("{}:{}", kind, id); }

bool is_id(const std::string& id) {
  return !id.empty() && id.size() <= kIdMax &&
         id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
             std::string::npos;
}

// The document names another configuration than the URL.
[[noreturn]] void throw_other_id(std::string_view kind) {
  if (kind == "inventory") {
    throw aws::ServiceError("IdMismatch", 400,
                            "Document ID does not match the specified configuration ID.");
  }
  throw aws::MalformedXml();
}

std::vector<sql::Row> rows_behind(sql::Transaction& transaction, int64_t bucket, std::string_view kind,
                                  const std::string& id, int64_t count_max) {
  return transaction.run(
      "SELECT kind, document FROM s3_configuration WHERE bucket = ?1 AND kind > ?2 AND kind < ?3"
      " ORDER BY kind LIMIT ?4",
      {bucket, kind_of(kind, id), end_of_prefix(kind_of(kind, "")), count_max});
}

}  // namespace

std::vector<std::string> find_named(sql::Transaction& transaction, int64_t bucket, std::string_view kind) {
  std::vector<std::string> documents;
  for (const sql::Row& row : rows_behind(transaction, bucket, kind, "", kConfigurationsMax)) {
    documents.push_back(row.text(1));
  }
  return documents;
}

std::string require_named(Call& call, const BucketRow& bucket, std::string_view kind, const std::string& id) {
  auto document = find_configuration(call.transaction, bucket.id, kind_of(kind, id));
  if (!document) throw_no_configuration();
  return *document;
}

void set_named(Call& call, const BucketRow& bucket, std::string_view kind, const std::string& id,
               const std::string& own_id, const std::string& document) {
  if (own_id != id) throw_other_id(kind);
  if (!is_id(id)) throw_invalid_argument("The Id of the configuration is not valid.");
  const bool is_new = !find_configuration(call.transaction, bucket.id, kind_of(kind, id));
  if (is_new &&
      find_named(call.transaction, bucket.id, kind).size() >= static_cast<size_t>(kConfigurationsMax)) {
    throw aws::ServiceError("TooManyConfigurations", 400,
                            "You are attempting to create a new configuration but have already reached the "
                            "1,000-configuration limit.");
  }
  set_configuration(call, bucket.id, kind_of(kind, id), document);
}

void clear_named(Call& call, const BucketRow& bucket, std::string_view kind, const std::string& id) {
  require_named(call, bucket, kind, id);
  clear_configuration(call, bucket.id, kind_of(kind, id));
}

void throw_no_configuration() {
  aws::ServiceError error("NoSuchConfiguration", 404, "The specified configuration does not exist.");
  throw error;
}

NamedPage page_of_named(Call& call, const BucketRow& bucket, std::string_view kind,
                        const std::optional<std::string>& token) {
  const std::string after = token ? require_position(*token) : std::string();
  NamedPage page;
  std::string last;
  for (const sql::Row& row : rows_behind(call.transaction, bucket.id, kind, after, kPageSize + 1)) {
    if (page.documents.size() == static_cast<size_t>(kPageSize)) {
      page.next_token = make_page_token(last);
      break;
    }
    last = row.text(0).substr(kind.size() + 1);
    page.documents.push_back(row.text(1));
  }
  return page;
}

}  // namespace holm::s3
