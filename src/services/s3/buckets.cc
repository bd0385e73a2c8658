// Buckets: creating, finding, listing and deleting them.

#include "services/s3/buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/page_token.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "objects/coding.h"
#include "s3/handlers.h"
#include "services/s3/acls.h"
#include "services/s3/changes.h"
#include "services/s3/encryption.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/listing.h"
#include "services/s3/object_lock.h"
#include "services/s3/object_source.h"
#include "services/s3/public_access.h"
#include "services/s3/record_keys.h"
#include "services/s3/service.h"
#include "services/s3/tags.h"
#include "services/s3/uploads.h"
#include "sql/derived.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kFirstRegion = "us-east-1";
constexpr std::string_view kOldIreland = "EU";
constexpr std::string_view kPlaceKind = "location";  // Kept where it was called so.
constexpr int32_t kBucketsMax = 10'000;

Versioning versioning_from(const std::string& text) {
  if (text == "Enabled") return Versioning::Enabled;
  return text == "Suspended" ? Versioning::Suspended : Versioning::Never;
}

bool is_bucket_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

// Four numbers with dots between.
bool looks_like_address(std::string_view name) {
  const auto parts = split(name, '.');
  return parts.size() == 4 && std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
         });
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
bool is_bucket_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  if (!std::ranges::all_of(name, is_bucket_character)) return false;
  auto is_edge = [](char c) { return c != '-' && c != '.'; };
  if (!is_edge(name.front()) || !is_edge(name.back())) return false;
  if (name.find("..") != std::string_view::npos || looks_like_address(name)) return false;
  if (name.starts_with("xn--") || name.starts_with("sthree-") || name.starts_with("amzn-s3-demo-")) {
    return false;
  }
  return !name.ends_with("-s3alias") && !name.ends_with("--ol-s3") && !name.ends_with(".mrap") &&
         !name.ends_with("--x-s3");
}

// eu-west-1, us-gov-west-1: words between dashes, and a digit.
bool is_region(std::string_view name) {
  const auto parts = split(name, '-');
  return parts.size() >= 3 && parts.front().size() == 2 && parts.back().size() == 1 &&
         parts.back().find_first_not_of("123456789") == std::string_view::npos;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
std::string region_of(const Call& call, const CreateBucketRequest& request) {
  std::string wanted;
  if (request.create_bucket_configuration) {
    const CreateBucketConfiguration& configuration = *request.create_bucket_configuration;
    wanted = configuration.location_constraint.value_or("");
  }
  if (wanted.empty() && call.region == kFirstRegion) return std::string(kFirstRegion);
  const std::string region = wanted == kOldIreland ? "eu-west-1" : wanted;  // As it was called first.
  if (region.empty() || (region != call.region && call.region != kFirstRegion)) {
    throw aws::ServiceError("IllegalLocationConstraintException", 400,
                            fmt::format("The {} location constraint is incompatible for the region "
                                        "specific endpoint this request was sent to.",
                                        wanted.empty() ? "unspecified" : wanted));
  }
  if (region == kFirstRegion || !is_region(region)) {
    aws::ServiceError error("InvalidLocationConstraint", 400,
                            "The specified location-constraint is not valid");
    error.with("LocationConstraint", wanted);
    throw error;
  }
  return region;
}

// Throws unless the name is free; true when the caller has it already and may have it again.
bool is_repeated(Call& call, const CreateBucketRequest& request, const std::string& region) {
  const std::string& name = request.bucket;
  const auto existing = find_bucket(call.transaction, name);
  if (!existing) return false;
  if (existing->account != call.account) {
    throw BucketAlreadyExists(
        "The requested bucket name is not available. The bucket namespace is shared by all users of "
        "the system. Please select a different name and try again.");
  }
  const bool has_tags = request.create_bucket_configuration && !request.create_bucket_configuration->tags.empty();
  if (region == kFirstRegion && existing->region == kFirstRegion && !has_tags) return true;
  BucketAlreadyOwnedByYou error(
      "Your previous request to create the named bucket succeeded and you already own it.");
  error.with("BucketName", name);
  throw error;
}

// Those that somebody has asked about in one snapshot of the database.
struct ShownBuckets {
  static constexpr size_t kMax = 256;
  std::unordered_map<std::string, BucketRow> by_name;
};

BucketRow bucket_from(const sql::Row& row) {
  return {.id = row.integer(0),
          .name = row.text(1),
          .account = row.text(2),
          .region = row.text(3),
          .created = from_milliseconds(row.integer(4)),
          .versioning = versioning_from(row.text(5))};
}

}  // namespace

std::optional<BucketRow> find_bucket(sql::Transaction& transaction, const std::string& name) {
  sql::Derived* derived = sql::find_derived(transaction);
  auto* known = derived != nullptr ? &derived->get<ShownBuckets>().by_name : nullptr;
  if (known != nullptr) {
    const auto found = known->find(name);
    if (found != known->end()) return found->second;
  }
  auto row = transaction.find(
      "SELECT id, name, account, region, created, versioning FROM s3_bucket WHERE name = ?1", {name});
  if (!row) return std::nullopt;
  BucketRow bucket = bucket_from(*row);
  if (known != nullptr) {
    if (known->size() >= ShownBuckets::kMax) known->clear();
    known->emplace(name, bucket);
  }
  return bucket;
}

BucketRow require_bucket(Call& call, const std::string& name) {
  if (auto bucket = find_bucket(call.transaction, name)) return *bucket;
  NoSuchBucket error("The specified bucket does not exist");
  error.with("BucketName", name);
  throw error;
}

void keep_bucket_record(Service& service, const BucketRow& bucket) {
  objects::Batch batch;
  batch.changes.push_back(
      {bucket_key(bucket.name), objects::ordered_bytes(static_cast<uint64_t>(bucket.id))});
  const auto done = objects::commit_and_wait(service.objects().metadata(), std::move(batch));
  if (!done) throw_not_stored(done.error().refusal == objects::Refusal::Full);
}

std::optional<int64_t> read_bucket_id(const std::string& record) {
  if (record.size() != sizeof(int64_t)) return std::nullopt;
  return static_cast<int64_t>(objects::number_of(record));
}

std::string canonical_id(const std::string& account) {
  return hex_encode(crypto::bytes_of(crypto::sha256("canonical user " + account)));
}

std::string bucket_arn(const std::string& bucket) { return "arn:aws:s3:::" + bucket; }

namespace {

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
void require_list_allowed(Call& call, const BucketRow& bucket, const AskedList& asked) {
  const bool is_private = asked.headers.empty() && asked.canned.value_or("private") == "private";
  if (is_private) return;
  if (ownership_of({call.transaction, bucket.id}) == Ownership::Enforced) {
    throw aws::ServiceError("InvalidBucketAclWithObjectOwnership", 400,
                            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
  }
  const bool is_public =
      asked.canned && (asked.canned->starts_with("public-") || *asked.canned == "authenticated-read");
  if (is_public && access_block_of({call.transaction, bucket.id}).block_public_acls.value_or(false)) {
    throw aws::ServiceError("InvalidBucketAclWithBlockPublicAccessError", 400,
                            "Bucket cannot have public ACLs set with BlockPublicAccess enabled");
  }
}

// What the request says about a bucket that is just made, in place of what all have.
void configure(Service& service, Call& call, const BucketRow& bucket, const CreateBucketRequest& request) {
  const bool is_classic = service.new_buckets() == NewBuckets::Classic;
  if (is_classic) block_nothing(call, bucket.id);
  if (!is_classic) encrypt_by_default(call, bucket.id);
  if (request.object_ownership || !is_classic) {
    set_configuration(call, bucket.id, "ownership", request.object_ownership.value_or("BucketOwnerEnforced"));
  }
  AskedList asked = asked_list(request);
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
  // Those that are about the owner of an object's bucket are ignored for a bucket.
  if (asked.canned && asked.canned->starts_with("bucket-owner-")) asked.canned.reset();
  require_list_allowed(call, bucket, asked);
  if (ownership_of({call.transaction, bucket.id}) != Ownership::Enforced)
    keep_bucket_list(service, call, bucket, asked);
  if (request.object_lock_enabled_for_bucket.value_or(false)) enable_object_lock(call, bucket.id);
  if (!request.create_bucket_configuration) return;
  const CreateBucketConfiguration& asked_for = *request.create_bucket_configuration;
  if (asked_for.location_constraint == kOldIreland)
    set_configuration(call, bucket.id, kPlaceKind, std::string(kOldIreland));
  if (asked_for.tags.empty()) return;
  require_tags_of_new_bucket(call, asked_for.tags);
  set_configuration(call, bucket.id, "tags", write_tags(asked_for.tags));
}

}  // namespace

CreateBucketOutput create_bucket(Service& service, Call& call, const CreateBucketRequest& request) {
  if (!is_bucket_name(request.bucket)) {
    aws::ServiceError error("InvalidBucketName", 400, "The specified bucket is not valid.");
    error.with("BucketName", request.bucket);
    throw error;
  }
  if (request.bucket_namespace.value_or("global") != "global") {
    throw aws::NotImplemented("CreateBucket: BucketNamespace " + *request.bucket_namespace);
  }
  if (request.object_ownership && !is_ownership(*request.object_ownership)) {
    throw_invalid_argument("Invalid x-amz-object-ownership header: " + *request.object_ownership,
                           {"x-amz-object-ownership"});
  }
  const std::string region = region_of(call, request);
  CreateBucketOutput output{.location = "/" + request.bucket, .bucket_arn = bucket_arn(request.bucket)};
  if (is_repeated(call, request, region)) return output;
  call.transaction.run("INSERT INTO s3_bucket (name, account, region, created) VALUES (?1, ?2, ?3, ?4)",
                       {request.bucket, call.account, region, to_milliseconds(call.now)});
  const BucketRow bucket = require_bucket(call, request.bucket);
  configure(service, call, bucket, request);
  keep_bucket_record(service, bucket);
  return output;
}

namespace {

[[noreturn]] void throw_not_empty(const BucketRow& bucket) {
  aws::ServiceError error("BucketNotEmpty", 409,
                          bucket.versioning == Versioning::Never
                              ? "The bucket you tried to delete is not empty"
                              : "The bucket you tried to delete is not empty. You must delete all "
                                "versions in the bucket.");
  error.with("BucketName", bucket.name);
  throw error;
}

}  // namespace

HeadBucketOutput head_bucket(Service&, Call& call, const HeadBucketRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  return {.bucket_arn = bucket_arn(bucket.name),
          .bucket_region = bucket.region,
          .access_point_alias = false,
          .content_type = "application/xml"};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html
// Unfinished uploads do not keep a bucket; they end with it.
Nothing delete_bucket(Service& service, Call& call, const DeleteBucketRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  change(service, call, [&](Records& records) {
    const objects::Range versions = current_range(bucket.id, "", "");
    if (!records.scan(versions, 1).empty()) throw_not_empty(bucket);
    records.require_empty(versions);
    records.erase(bucket_key(bucket.name));
  });
  end_uploads(service, call, bucket.id);
  call.transaction.run("DELETE FROM s3_bucket WHERE id = ?1", {bucket.id});
  return {};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
ListBucketsOutput list_buckets(Service& service, Call& call, const ListBucketsRequest& request) {
  const bool is_paged = request.max_buckets || request.continuation_token;
  // As AWS: who asks for a page or a choice of them is told more about each.
  const bool is_asked = is_paged || request.prefix || request.bucket_region;
  if (request.bucket_region && !is_region(*request.bucket_region)) {
    throw_invalid_argument(
        fmt::format("Argument value {} is not a valid AWS Region", *request.bucket_region),
        {"bucket-region", *request.bucket_region});
  }
  const int32_t count = std::min(request.max_buckets.value_or(kBucketsMax), kBucketsMax);
  std::string after;
  if (!request.continuation_token.value_or("").empty()) after = require_position(*request.continuation_token);
  ListBucketsOutput output{.owner = Owners(service).of(call.account), .prefix = request.prefix};
  for (const sql::Row& row : call.transaction.run(
           "SELECT id, name, account, region, created, versioning FROM s3_bucket WHERE account = ?1"
           " AND name > ?2 ORDER BY name",
           {call.account, after})) {
    const BucketRow bucket = bucket_from(row);
    if (request.prefix && !bucket.name.starts_with(*request.prefix)) continue;
    if (request.bucket_region && bucket.region != *request.bucket_region) continue;
    if (is_paged && output.buckets.size() == static_cast<size_t>(count)) {
      output.continuation_token = make_page_token(*output.buckets.back().name);
      break;
    }
    Bucket item{.name = bucket.name, .creation_date = time_text(bucket.created)};
    if (is_asked) {
      item.bucket_region = bucket.region;
      item.bucket_arn = bucket_arn(bucket.name);
    }
    output.buckets.push_back(std::move(item));
  }
  return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
// The element is empty for us-east-1, and the answer is the element itself (models/patches/s3.json).
GetBucketLocationOutput get_bucket_location(Service&, Call& call, const GetBucketLocationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  constexpr std::string_view kOpen =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
  std::string document(kOpen);
  const auto place = find_configuration(call.transaction, bucket.id, kPlaceKind);
  document += bucket.region == kFirstRegion ? "/>" : ">" + place.value_or(bucket.region) + "</LocationConstraint>";
  return {.document = std::move(document), .content_type = "application/xml"};
}

}  // namespace holm::s3
