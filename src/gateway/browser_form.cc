// Forms that browsers send to S3 to store a file.

#include "gateway/browser_form.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/malformed_xml.h"
#include "aws/signature/canonical.h"
#include "aws/signature/problems.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "formats/form.h"
#include "formats/xml.h"

namespace holm::gateway {

using aws::ServiceError;
using Event = formats::MultipartReader::Event;

namespace {

constexpr size_t kFieldBytesMax = 20 * 1024;  // Of all before the file, as on AWS.
constexpr size_t kFieldsMax = 200;
constexpr size_t kEpilogueBytesMax = 64 * 1024;
// Fields that are headers of PutObject; so are all that begin with x-amz-, but for the signature's.
constexpr std::string_view kHeaders[] = {"cache-control",    "content-disposition", "content-encoding",
                                         "content-language", "content-type",        "expires"};
constexpr std::string_view kTokenField = "x-amz-security-token";
constexpr std::string_view kSignatureFields[] = {"x-amz-signature", "x-amz-credential", "x-amz-algorithm",
                                                 "x-amz-date", kTokenField};

ServiceError malformed() {
  return ServiceError("MalformedPOSTRequest", 400,
                      "The body of your POST request is not well-formed multipart/form-data.");
}

ServiceError missing(std::string_view field) {
  ServiceError error(
      "InvalidArgument", 400,
      fmt::format("Bucket POST must contain a field named '{}'.  If it is specified, please check "
                  "the order of the fields.",
                  field));
  error.with("ArgumentName", std::string(field)).with("ArgumentValue", "");
  return error;
}

bool is_header(std::string_view name) {
  if (std::ranges::find(kSignatureFields, name) != std::end(kSignatureFields)) return false;
  return name.starts_with("x-amz-") || std::ranges::find(kHeaders, name) != std::end(kHeaders);
}

// What would be another header's line is no value.
std::string require_line(const FormField& field) {
  const bool is_line = std::ranges::none_of(
      field.value, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; });
  if (is_line) return field.value;
  throw ServiceError("InvalidArgument", 400, fmt::format("The field {} has control characters.", field.name));
}

// The field "tagging" is a document, the header a query string. A document about something else has no tags.
std::string tagging_header(const std::string& document) {
  const auto root = formats::parse_xml(document);
  if (!root) {
    throw aws::MalformedXml();
  }
  const formats::XmlElement* set = root->find("TagSet");
  formats::Form tags;
  for (const formats::XmlElement& tag : set != nullptr ? set->children : std::vector<formats::XmlElement>()) {
    const formats::XmlElement* key = tag.find("Key");
    const formats::XmlElement* value = tag.find("Value");
    tags.push_back({.name = key ? key->text : "", .value = value ? value->text : ""});
  }
  return formats::write_form(tags);
}

// "AKIA…/20251121/eu-west-1/s3/aws4_request"
FormClaim claim_of_credential(const std::string& credential, const std::string& signature) {
  const auto parts = split(credential, '/');
  if (parts.size() != 5 || parts[3] != "s3" || parts[4] != "aws4_request") {
    throw ServiceError("InvalidArgument", 400,
                       "The X-Amz-Credential field must be access-key/date/region/s3/aws4_request.");
  }
  return {.access_key_id = std::string(parts[0]),
          .token = {},
          .scope = aws::signature::Scope{.date = std::string(parts[1]),
                                         .region = std::string(parts[2]),
                                         .service = std::string(parts[3])},
          .signature = signature};
}

std::string sign(std::string_view policy, const FormClaim& claim, std::string_view secret) {
  if (!claim.scope) return base64_encode(crypto::bytes_of(crypto::hmac_sha1(secret, policy)));
  const auto key = aws::signature::derive_signing_key(secret, *claim.scope);
  return aws::signature::signature_of(key, policy);
}

}  // namespace

void require_form_type(const http::Request& head, std::string_view bucket) {
  const std::string_view path = std::string_view(head.path).substr(1);
  const bool is_of_bucket = bucket.empty() ? !path.empty() && path.find('/') >= path.size() - 1 : path.empty();
  if (head.method != "POST" || !head.query.empty() || !is_of_bucket) return;
  ServiceError error("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold");
  error.with("Condition", "Bucket POST must be of the enclosure-type multipart/form-data");
  throw error;
}

bool is_browser_form(const http::Request& head) {
  return head.method == "POST" && formats::multipart_boundary(head.headers.get("Content-Type")).has_value();
}

BrowserForm::BrowserForm(Private, std::unique_ptr<async::ByteSource> body, const http::Request& head,
                         std::string bucket, std::string_view boundary)
    : body_(std::move(body)),
      head_(head),
      bucket_(std::move(bucket)),
      style_(bucket_.empty() ? Style::Path : Style::Host),
      reader_(boundary) {}

async::Task<std::shared_ptr<BrowserForm>> BrowserForm::read_start(std::unique_ptr<async::ByteSource> body,
                                                                  const http::Request& head,
                                                                  std::string bucket) {
  const auto boundary = formats::multipart_boundary(head.headers.get("Content-Type"));
  auto form = std::make_shared<BrowserForm>(Private{}, std::move(body), head, std::move(bucket), *boundary);
  std::string_view path = std::string_view(head.path).substr(1);
  if (form->style_ == Style::Path) {
    const auto decoded = percent_decode(path.substr(0, path.find('/')));
    form->bucket_ = decoded.value_or("");
    path.remove_prefix(std::min(path.size(), path.find('/')));
  }
  if (form->bucket_.empty() || path.find_first_not_of('/') != std::string_view::npos) {
    throw ServiceError("MethodNotAllowed", 405, "The specified method is not allowed against this resource.");
  }
  size_t bytes = 0;
  while (true) {
    const Event event = co_await form->next();
    if (event == Event::End)
      throw ServiceError("InvalidArgument", 400, "POST requires exactly one file upload per request.");
    if (event == Event::Part && form->reader_.head().name == "file") break;
    if (event == Event::Part)
      form->fields_.push_back({.name = to_lower(form->reader_.head().name), .value = {}});
    if (event == Event::Data) form->fields_.back().value += form->reader_.data();
    bytes += event == Event::Data ? form->reader_.data().size() : form->reader_.head().name.size();
    if (bytes > kFieldBytesMax || form->fields_.size() > kFieldsMax) {
      throw ServiceError("MaxPostPreDataLengthExceeded", 400,
                         "Your POST request fields preceding the upload file were too large.");
    }
  }
  form->start_file();
  co_return form;
}

async::Task<Event> BrowserForm::next() {
  while (true) {
    const Event event = reader_.next();
    if (event == Event::Malformed) throw malformed();
    if (event != Event::NeedMore) co_return event;
    const std::string_view bytes = co_await body_->read();
    if (bytes.empty()) throw malformed();
    reader_.feed(bytes);
  }
}

// The name that the browser gives a file may be a whole path.
void BrowserForm::start_file() {
  file_type_ = reader_.head().content_type;
  if (!reader_.head().file_name) return;
  file_name_ = *reader_.head().file_name;
  const size_t slash = file_name_.find_last_of("/\\");
  if (slash != std::string::npos) file_name_.erase(0, slash + 1);
  for (FormField& field : fields_) field.value = replace_all(field.value, "${filename}", file_name_);
}

const std::string* BrowserForm::find(std::string_view lower_name) const {
  const auto found = std::ranges::find(fields_, lower_name, &FormField::name);
  return found == fields_.end() ? nullptr : &found->value;
}

std::optional<FormClaim> BrowserForm::claim() const {
  const std::string* old_key = find("awsaccesskeyid");
  const std::string* credential = find("x-amz-credential");
  const std::string* signature = credential ? find("x-amz-signature") : find("signature");
  if (find("policy") == nullptr) {
    if (old_key == nullptr && credential == nullptr && signature == nullptr) return std::nullopt;
    throw missing("policy");
  }
  const bool is_version_4 = std::ranges::any_of(
      kSignatureFields, [&](std::string_view name) { return name != kTokenField && find(name) != nullptr; });
  if (is_version_4 && find("x-amz-algorithm") == nullptr) throw missing("X-Amz-Algorithm");
  if (is_version_4 && credential == nullptr) throw missing("X-Amz-Credential");
  if (!is_version_4 && old_key == nullptr && signature == nullptr) {
    throw ServiceError("AccessDenied", 403, "Access Denied");
  }
  if (!is_version_4 && old_key == nullptr) throw missing("AWSAccessKeyId");
  if (signature == nullptr) throw missing(is_version_4 ? "X-Amz-Signature" : "Signature");
  FormClaim claim{
      .access_key_id = old_key ? *old_key : "", .token = {}, .scope = {}, .signature = *signature};
  if (credential != nullptr) {
    if (*find("x-amz-algorithm") != "AWS4-HMAC-SHA256") {
      throw ServiceError("InvalidArgument", 400, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
    }
    claim = claim_of_credential(*credential, *signature);
  }
  if (const std::string* token = find("x-amz-security-token")) claim.token = *token;
  return claim;
}

void BrowserForm::require_valid(const FormClaim& claim, std::string_view secret, Time now) {
  const std::string& policy = *find("policy");
  if (!crypto::constant_time_equals(sign(policy, claim, secret), claim.signature)) {
    ServiceError error(
        "SignatureDoesNotMatch", 403,
        "The request signature we calculated does not match the signature you provided. Check your key and "
        "signing method.");
    error.with("AWSAccessKeyId", claim.access_key_id)
        .with("StringToSign", policy)
        .with("SignatureProvided", claim.signature)
        .with("StringToSignBytes", aws::signature::bytes_text(policy));
    throw error;
  }
  const auto document = base64_decode(policy);
  if (!document) throw ServiceError("InvalidPolicyDocument", 400, "Invalid Policy: Invalid Base64.");
  // A form says which bucket it is for by where it is sent.
  std::vector<FormField> fields = fields_;
  std::erase_if(fields, [](const FormField& field) { return field.name == "bucket"; });
  fields.push_back({.name = "bucket", .value = bucket_});
  auto length = check_policy(*document, fields, now);
  if (!length) throw length.error();
  length_ = *length;
}

std::string BrowserForm::key() const {
  const std::string* key = find("key");
  if (key == nullptr || key->empty()) throw missing("key");
  return *key;
}

http::Request BrowserForm::put_request() const {
  http::Request put = head_;
  put.method = "PUT";
  put.query.clear();
  put.path = style_ == Style::Path ? "/" + percent_encode(bucket_) : std::string();
  put.path += "/" + percent_encode(key(), Slash::Keep);
  put.target = put.path;
  put.headers = http::Headers();
  for (const FormField& field : fields_) {
    if (field.name == "acl") put.headers.set("x-amz-acl", require_line(field));
    if (field.name == "tagging") put.headers.set("x-amz-tagging", tagging_header(field.value));
    if (is_header(field.name)) put.headers.set(field.name, require_line(field));
  }
  return put;
}

http::Response BrowserForm::answer(http::Response stored) const {
  if (stored.status != 200) return stored;
  const std::string etag(stored.headers.get("ETag"));
  const std::string location =
      fmt::format("{}://{}{}/{}", head_.scheme == http::Scheme::Https ? "https" : "http", head_.authority,
                  style_ == Style::Path ? "/" + bucket_ : "", percent_encode(key(), Slash::Keep));
  stored.headers.set("Location", location);
  stored.status = 204;
  const std::string* url = find("success_action_redirect");
  if (url == nullptr) url = find("redirect");
  if (url != nullptr && (url->starts_with("http://") || url->starts_with("https://"))) {
    stored.status = 303;
    stored.headers.set(
        "Location",
        fmt::format("{}{}bucket={}&key={}&etag={}", require_line({.name = "redirect", .value = *url}),
                    url->find('?') == std::string::npos ? "?" : "&", percent_encode(bucket_),
                    percent_encode(key()), percent_encode(etag)));
    return stored;
  }
  const std::string* status = find("success_action_status");
  if (status != nullptr && *status == "200") stored.status = 200;
  if (status == nullptr || *status != "201") return stored;
  stored.status = 201;
  formats::XmlWriter writer(formats::XmlWriter::Declaration::Write);
  writer.open("PostResponse");
  writer.element("Location", location);
  writer.element("Bucket", bucket_);
  writer.element("Key", key());
  writer.element("ETag", etag);
  writer.close();
  stored.body = writer.take();
  stored.headers.set("Content-Type", "application/xml");
  return stored;
}

void BrowserForm::require_size(uint64_t bytes, bool is_end) const {
  if (bytes > length_.maximum) {
    ServiceError error("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size");
    error.with("ProposedSize", std::to_string(bytes)).with("MaxSizeAllowed", std::to_string(length_.maximum));
    throw error;
  }
  if (!is_end || bytes >= length_.minimum) return;
  ServiceError error("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size");
  error.with("ProposedSize", std::to_string(bytes)).with("MinSizeAllowed", std::to_string(length_.minimum));
  throw error;
}

async::Task<std::string_view> BrowserForm::read() {
  if (is_at_end_) co_return std::string_view();
  const Event event = co_await next();
  if (event == Event::Data) {
    bytes_ += reader_.data().size();
    require_size(bytes_, false);
    co_return reader_.data();
  }
  is_at_end_ = true;
  require_size(bytes_, true);
  // Fields behind the file are ignored, and read so that the connection can go on.
  for (size_t left = kEpilogueBytesMax; left > 0;) {
    const std::string_view bytes = co_await body_->read();
    if (bytes.empty()) break;
    left -= std::min(left, bytes.size());
  }
  co_return std::string_view();
}

}  // namespace holm::gateway
