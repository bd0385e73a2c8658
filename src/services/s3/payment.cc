// Who pays for requests.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html

#include "services/s3/payment.h"

#include "aws/service/error.h"
#include "s3/handlers.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kKind = "payer";
constexpr std::string_view kRequester = "Requester";
constexpr std::string_view kOwner = "BucketOwner";

}  // namespace

void require_payer(Call& call, const BucketRow& bucket, const std::optional<std::string>& payer) {
  const aws::Principal& who = call.principal;
  const bool is_owner = who.account == bucket.account && who.kind != aws::Principal::Kind::Anonymous;
  if (is_owner || find_configuration(call.transaction, bucket.id, kKind) != kRequester) return;
  const bool pays = payer == "requester" && who.kind != aws::Principal::Kind::Anonymous;
  if (!pays) throw aws::AccessDenied("Access Denied");
}

GetBucketRequestPaymentOutput get_bucket_request_payment(Service&, Call& call,
                                                         const GetBucketRequestPaymentRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  return {.payer = find_configuration(call.transaction, bucket.id, kKind).value_or(std::string(kOwner))};
}

Nothing put_bucket_request_payment(Service&, Call& call, const PutBucketRequestPaymentRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  set_configuration(call, bucket.id, kKind, request.request_payment_configuration.payer);
  return {};
}

}  // namespace holm::s3
