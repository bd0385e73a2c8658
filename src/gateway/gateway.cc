// The pipeline of a request.

#include "gateway/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "async/placing.h"
#include "aws/protocol/protocol.h"
#include "aws/service/cors.h"
#include "aws/service/error.h"
#include "aws/service/identity.h"
#include "aws/service/request_log.h"
#include "aws/signature/canonical.h"
#include "aws/signature/chunked.h"
#include "aws/signature/presigned.h"
#include "aws/signature/version2.h"
#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "formats/form.h"
#include "gateway/browser_form.h"
#include "gateway/host_name.h"
#include "http/gzip.h"

namespace holm::gateway {

namespace signature = aws::signature;
using aws::ServiceError;

namespace {

// A form is read before it is known whose it is, so little is uncompressed of it.
constexpr size_t kCompressedFormMax = 4 << 20;
constexpr std::string_view kServiceLabels[] = {"autoscaling", "cloudformation",
                                               "ec2",         "elasticloadbalancing",
                                               "iam",         "kms",
                                               "lambda",      "logs",
                                               "monitoring",  "organizations",
                                               "rds",         "sns",
                                               "ssm",         "sts"};

bool is_service_label(std::string_view label) {
  return std::ranges::find(kServiceLabels, label) != std::ranges::end(kServiceLabels);
}

// What a client says that its body has, without the framing of signed chunks; 0 where it says nothing.
uint64_t bytes_of_body(const http::Headers& headers) {
  for (const char* name : {"x-amz-decoded-content-length", "Content-Length"}) {
    const auto bytes = parse_integer(headers.get(name));
    if (bytes && *bytes > 0) return static_cast<uint64_t>(*bytes);
  }
  return 0;
}

std::chrono::milliseconds milliseconds_between(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to - from);
}

signature::Dialect dialect_of(const aws::ServiceModel& model, aws::Protocol protocol) {
  if (model.signing_name == "s3") return signature::Dialect::S3;
  switch (protocol) {
    case aws::Protocol::Ec2: return signature::Dialect::Ec2;
    case aws::Protocol::Query:
    case aws::Protocol::RestXml: return signature::Dialect::Query;
    case aws::Protocol::RestJson: return signature::Dialect::RestJson;
    case aws::Protocol::Json10:
    case aws::Protocol::Json11:
    case aws::Protocol::RpcV2Cbor: return signature::Dialect::Json;
  }
  return signature::Dialect::Query;
}

// s3cmd signs for "US" until it is told what to sign for.
bool is_possible_region(std::string_view region) { return region == to_lower(region); }

// Which of the bytes a visitor wants, and whether at all.
bool is_about_bytes(std::string_view header) {
  constexpr std::string_view kNames[] = {"range", "if-match", "if-none-match", "if-modified-since",
                                         "if-unmodified-since"};
  return std::ranges::find(kNames, to_lower(header)) != std::end(kNames);
}

ServiceError to_error(const signature::Problem& problem) {
  ServiceError error(problem.code, problem.status, problem.message);
  error.members = problem.members;
  return error;
}

[[noreturn]] void refuse(const signature::Problem& problem) { throw to_error(problem); }

// Who signs nothing may send chunks all the same, as SDKs do to have a checksum behind them.
std::optional<signature::Verified> chunks_of_stranger(const http::Request& head) {
  const std::string_view declared = head.headers.get(signature::kContentHash);
  if (!declared.starts_with("STREAMING-")) return std::nullopt;
  const auto mode = signature::PayloadMode::StreamingUnsignedTrailer;
  if (declared == signature::payload_text(mode, {})) return signature::Verified{.payload = mode};
  throw ServiceError("InvalidRequest", 400, "The chunks are said to be signed, and the request is not.");
}

// In the words of the service: the model's own error for it, where it has one.
ServiceError too_large(const aws::Detected* detected, size_t bytes_max) {
  const aws::Operation* operation = detected != nullptr ? detected->operation : nullptr;
  if (operation == nullptr) {
    return ServiceError("RequestEntityTooLarge", 413,
                        fmt::format("The request's body is larger than {} bytes.", bytes_max));
  }
  if (detected->model->signing_name == "s3") {
    return ServiceError("MaxMessageLengthExceeded", 400, "Your request was too big.")
        .with("MaxMessageLengthBytes", std::to_string(bytes_max));
  }
  auto fits = std::ranges::find(operation->errors, 413, &aws::ErrorModel::http_status);
  const bool is_known = fits != operation->errors.end();
  return ServiceError(
      is_known ? fits->code : "RequestEntityTooLargeException", 413,
      fmt::format("Request must be smaller than {} bytes for the {} operation", bytes_max, operation->name));
}

// Clients compress what they send much of, PutMetricData for instance. S3 stores such bodies as they come.
bool is_compressed(const http::Request& head) {
  return equals_ignoring_case(head.headers.get("Content-Encoding"), "gzip");
}

std::string uncompressed(std::string_view body, size_t bytes_max) {
  auto plain = http::gunzip(body, bytes_max);
  if (!plain)
    throw ServiceError("SerializationException", 400, "Content-Encoding: gzip: " + plain.error().message);
  return std::move(*plain);
}

// The body of a request in the forms that its signature allows. The exchange outlives it.
class ExchangeBody final : public async::ByteSource, public async::Placing {
 public:
  explicit ExchangeBody(http::Exchange& exchange) : exchange_(exchange) {}
  async::Task<std::string_view> read() override { return exchange_.body().read(); }
  async::Task<std::string_view> read_to(std::span<char> place) override {
    return async::read_to(exchange_.body(), place);
  }
  std::optional<uint64_t> length() const override { return exchange_.body().length(); }

 private:
  http::Exchange& exchange_;
};

}  // namespace

// What is known about a request, filled in step by step.
struct Gateway::Request {
  const http::Request* head = nullptr;  // As it came, which is what was signed.
  std::optional<http::Request> lifted;  // With headers that came in the query or a form, if there are any.
  std::shared_ptr<BrowserForm> form;    // The form, then; its file is the body.
  std::string id;
  HostName host;
  std::optional<signature::Scope> scope;
  bool body_is_read = false;
  std::string body;
  aws::Stream body_stream;
  // Known after identify().
  std::optional<aws::Detected> detected;
  const aws::ServiceModel* model = nullptr;  // Also set when the operation is unknown.
  aws::Protocol protocol = aws::Protocol::Json11;
  const Services::Entry* entry = nullptr;
  // Known after authenticate(), and until the operation is given it where nothing else needs it.
  aws::Caller caller;
  bool has_caller = true;
  std::optional<signature::Verified> verified;
  std::string_view signed_with;  // "SigV4", "SigV2"; empty: unsigned.
  SteadyTime since;

  const http::Request& meant() const { return lifted ? *lifted : *head; }
  signature::Dialect dialect() const { return dialect_of(*model, protocol); }
};

// What is known of a response once it is sent.
struct Gateway::Answered {
  int status = 0;
  std::string error_code;
  uint64_t bytes = 0;
  SteadyTime at{};  // When the answer began.
};

Gateway::Gateway(const Services& services, LocalRegion& region, aws::IdentityProvider& identities,
                 const aws::BrowserRules* browser_rules, async::Workers& workers, Clock& clock,
                 Random& random, GatewayOptions options)
    : services_(services),
      directory_(services.models()),
      region_(region),
      identities_(identities),
      browser_rules_(browser_rules),
      workers_(workers),
      clock_(clock),
      random_(random),
      options_(std::move(options)) {}

async::Task<void> Gateway::handle(http::Exchange& exchange) {
  Request request;
  request.head = &exchange.request();
  request.id = random_.uuid();
  request.since = clock_.steady();
  http::Response response;
  std::optional<ServiceError> error;
  try {
    response = co_await answer(exchange, request);
  } catch (const signature::PayloadError& failure) {
    error = to_error(failure.problem);
  } catch (const ServiceError& failure) {
    error = failure;
  } catch (const async::QueueFull&) {
    error = ServiceError("ServiceUnavailable", 503, "The region has too much to do; try again soon.");
  } catch (const sql::StorageFull&) {
    error = ServiceError("ServiceUnavailable", 503,
                         "The region's disk is full, so nothing can be written until space is made.");
  } catch (const async::StreamError& failure) {
    error = ServiceError("IncompleteBody", 400, failure.what());
  } catch (const std::exception& failure) {
    log::error(fmt::format("request {}: {}", request.id, failure.what()));
    error =
        ServiceError("InternalFailure", 500, "The region failed; its log says why under this request's id.");
  }
  if (error) {
    const aws::Operation* operation = request.detected ? request.detected->operation : nullptr;
    const aws::ProtocolCodec& codec = aws::protocol_for(request.protocol);
    response = codec.write_error(request.model, operation, *error, request.id);
  }
  if (browser_rules_ != nullptr && request.head->headers.has("Origin")) {
    std::function<void()> on_worker = [&] { add_browser_headers(request, response); };
    co_await workers_.run(exchange.reactor(), on_worker);
  }
  Answered answered{
      .status = response.status, .error_code = error ? error->code : "", .bytes = response.body.size()};
  if (response.body_stream) answered.bytes = response.body_stream->length().value_or(0);
  answered.at = clock_.steady();
  co_await exchange.respond(std::move(response));
  if (request.has_caller && is_logged(request)) co_await log(exchange, request, answered);
}

bool Gateway::is_logged(const Request& request) const {
  return options_.request_log != nullptr && request.model != nullptr && request.model->signing_name == "s3" &&
         options_.request_log->is_wanted();
}

async::Task<void> Gateway::log(http::Exchange& exchange, const Request& request, const Answered& answered) {
  using Placement = aws::RequestRecord::Placement;
  const bool is_in_query = !request.head->headers.has("Authorization");
  const aws::RequestRecord record{
      .caller = request.caller,
      .operation = request.detected ? request.detected->operation->name : std::string_view(),
      .method = request.head->method,
      .target = request.head->target,
      .path =
          request.detected ? std::string_view(request.detected->path) : std::string_view(request.head->path),
      .query = request.head->query,
      .status = answered.status,
      .error_code = answered.error_code,
      .bytes_sent = answered.bytes,
      .bytes_received = bytes_of_body(request.head->headers),
      .signature = request.signed_with,
      .placement = is_in_query ? Placement::Query : Placement::Header,
      .duration = milliseconds_between(request.since, clock_.steady()),
      .until_first_byte = milliseconds_between(request.since, answered.at)};
  std::function<void()> on_worker = [&] { options_.request_log->record(record); };
  co_await workers_.run(exchange.reactor(), on_worker);
}

async::Task<http::Response> Gateway::answer(http::Exchange& exchange, Request& request) {
  request.host = parse_host(request.head->authority, is_service_label);
  request.scope = signature::find_scope(signature::view_of(*request.head));
  if (request.head->method == "OPTIONS" && browser_rules_ != nullptr) {
    request.protocol = aws::Protocol::RestXml;
    std::function<http::Response()> on_worker = [&] { return preflight(request); };
    co_return co_await workers_.run(exchange.reactor(), on_worker);
  }
  if (request.host.is_website && options_.websites != nullptr) {
    co_return co_await answer_visitor(exchange, request);
  }
  if (!request.scope || request.scope->service == "s3") {
    request.lifted = signature::lift_headers(*request.head);
  }
  if (!request.scope && is_browser_form(*request.head)) co_await read_form(exchange, request);
  if (aws::is_form_post(*request.head)) {
    request.protocol = aws::Protocol::Query;
    co_await read_body(exchange, request);
  }
  identify(request);
  if (!request.body_is_read && !aws::takes_stream(*request.detected->operation)) {
    if (request.detected->operation->body_bytes_max > options_.body_bytes_max) require_known_key(request);
    co_await read_body(exchange, request);
  }
  authenticate(request);
  if (request.form) {
    request.body_stream = request.form;
    http::Response stored = co_await invoke(exchange, request);
    co_return request.form->answer(std::move(stored));
  }
  if (!request.body_is_read) {
    auto raw = std::make_unique<ExchangeBody>(exchange);
    if (!request.verified) request.verified = chunks_of_stranger(*request.head);
    if (request.verified) {
      auto payload =
          signature::open_payload(*request.verified, signature::view_of(*request.head), std::move(raw));
      if (!payload) refuse(payload.error());
      request.body_stream = std::move(*payload);
    } else {
      request.body_stream = std::move(raw);
    }
  }
  co_return co_await invoke(exchange, request);
}

async::Task<void> Gateway::read_body(http::Exchange& exchange, Request& request) {
  request.body_is_read = exchange.body().length() == 0;
  if (request.body_is_read) co_return;
  const size_t bytes_max = body_bytes_max(request);
  std::expected<std::string, async::TooLarge> body = co_await async::read_all(exchange.body(), bytes_max);
  if (!body) throw too_large(request.detected ? &*request.detected : nullptr, bytes_max);
  request.body = std::move(*body);
  request.body_is_read = true;
}

// What follows is about the PutObject that a form amounts to.
async::Task<void> Gateway::read_form(http::Exchange& exchange, Request& request) {
  request.protocol = aws::Protocol::RestXml;
  auto body = std::make_unique<ExchangeBody>(exchange);
  request.form = co_await BrowserForm::read_start(std::move(body), *request.head, request.host.bucket);
  request.lifted = request.form->put_request();
  request.scope = signature::Scope{.date = {}, .region = {}, .service = "s3"};
}

void Gateway::authenticate_form(Request& request) {
  request.caller.carrier = aws::Caller::Carrier::Form;
  const auto claim = request.form->claim();
  if (!claim) return;
  const auto credentials = require_credentials(request, claim->access_key_id, claim->token);
  request.form->require_valid(*claim, credentials->secret_access_key, request.caller.now);
  become(request, *credentials);
  if (claim->scope) request.caller.region = claim->scope->region;
}

size_t Gateway::body_bytes_max(const Request& request) const {
  const size_t of_operation = request.detected ? request.detected->operation->body_bytes_max : 0;
  return std::max(of_operation, options_.body_bytes_max);
}

void Gateway::identify(Request& request) {
  const bool is_form = request.body_is_read;
  std::string form;
  if (is_form && is_compressed(*request.head)) form = uncompressed(request.body, kCompressedFormMax);
  const std::string scope_service = request.scope ? request.scope->service : request.host.service;
  // A first label is a bucket only where S3 is meant; other services' hosts may look the same.
  const bool may_be_bucket = scope_service.empty() || scope_service == "s3";
  aws::DetectHints hints{.signing_service = scope_service,
                         .virtual_bucket = may_be_bucket ? std::string_view(request.host.bucket) : "",
                         .form_body = !form.empty() ? form
                                      : is_form     ? std::string_view(request.body)
                                                    : ""};
  auto detected = aws::detect(directory_, request.meant(), hints);
  if (!detected) {
    request.model = detected.error().model;
    request.protocol = detected.error().protocol;
    if (request.model != nullptr && request.dialect() == signature::Dialect::S3)
      require_form_type(request.meant(), request.host.bucket);
    throw detected.error().error;
  }
  request.detected = std::move(*detected);
  request.model = request.detected->model;
  request.protocol = request.detected->protocol;
  request.entry = services_.find(request.model->name);
  CHECK(request.entry != nullptr);
}

aws::Caller Gateway::stranger(const Request& request) const {
  return {.account = options_.default_account,
          .region = !request.host.region.empty() ? request.host.region : options_.default_region,
          .request_id = request.id,
          .now = clock_.now(),
          .principal = {},
          .source_ip = request.head->peer.ip(),
          .referer = std::string(request.head->headers.get("Referer")),
          .user_agent = std::string(request.head->headers.get("User-Agent")),
          .host = request.head->authority,
          .transport = request.head->scheme == http::Scheme::Https ? aws::Caller::Transport::Tls
                                                                   : aws::Caller::Transport::Plain};
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
void Gateway::authenticate(Request& request) {
  const signature::Dialect dialect = request.dialect();
  request.caller = stranger(request);
  if (request.form) return authenticate_form(request);
  auto parsed = signature::parse(signature::view_of(*request.head), dialect);
  if (auto* problem = std::get_if<signature::Problem>(&parsed)) refuse(*problem);
  if (std::holds_alternative<signature::Anonymous>(parsed)) {
    // Only a bucket's policy can let strangers in; S3 says so by its own access check.
    if (dialect == signature::Dialect::S3 || request.detected->operation->is_unauthenticated) return;
    refuse(signature::missing_authentication(dialect));
  }
  if (auto* current = std::get_if<signature::Signed>(&parsed)) return verify(request, std::move(*current));
  verify(request, std::get<signature::SignedVersion2>(parsed));
}

std::shared_ptr<const aws::Credentials> Gateway::require_credentials(const Request& request,
                                                                     const std::string& access_key_id,
                                                                     const std::string& token) {
  auto credentials = identities_.find_credentials(access_key_id, token);
  if (credentials) return *credentials;
  switch (credentials.error()) {
    case aws::CredentialProblem::UnknownKey:
      refuse(signature::unknown_access_key(request.dialect(), access_key_id));
    case aws::CredentialProblem::InvalidToken: refuse(signature::invalid_token(request.dialect()));
    case aws::CredentialProblem::ExpiredToken: break;
  }
  refuse(signature::expired_token(request.dialect()));
}

// Before the signature, which needs the whole body: strangers do not fill the memory.
void Gateway::require_known_key(const Request& request) {
  const auto parsed = signature::parse(signature::view_of(*request.head), request.dialect());
  if (auto* problem = std::get_if<signature::Problem>(&parsed)) refuse(*problem);
  auto* claim = std::get_if<signature::Signed>(&parsed);
  if (claim == nullptr) refuse(signature::missing_authentication(request.dialect()));
  (void)require_credentials(request, claim->access_key_id, claim->security_token);
}

void Gateway::verify(Request& request, signature::Signed claim) {
  const auto credentials = require_credentials(request, claim.access_key_id, claim.security_token);
  const signature::Key key =
      signing_keys_.key_for(claim.access_key_id, credentials->secret_access_key, claim.scope);
  std::string body_sha256;
  if (request.body_is_read && signature::needs_body_hash(claim.dialect))
    body_sha256 = signature::sha256_hex(request.body);
  const std::string region = claim.scope.region;
  auto verified = signature::verify(
      std::move(claim), key, signature::view_of(*request.head),
      {.now = request.caller.now,
       .service = request.model->signing_name,
       .region =
           is_possible_region(region) ? std::string_view() : std::string_view(options_.default_region),
       .body_sha256 = body_sha256});
  if (!verified) refuse(verified.error());
  request.verified = std::move(*verified);
  become(request, *credentials);
  request.caller.region = region;
  request.signed_with = "SigV4";
}

void Gateway::verify(Request& request, const signature::SignedVersion2& claim) {
  const auto credentials = require_credentials(request, claim.access_key_id, claim.security_token);
  auto verified = signature::verify(claim, signature::view_of(*request.head),
                                    {.now = request.caller.now,
                                     .secret_access_key = credentials->secret_access_key,
                                     .bucket = request.host.bucket});
  if (!verified) refuse(verified.error());
  request.verified = std::move(*verified);
  become(request, *credentials);
  request.signed_with = "SigV2";
}

void Gateway::become(Request& request, const aws::Credentials& credentials) {
  request.caller.principal = credentials.principal;
  request.caller.account = credentials.principal.account;
}

// A body that was read becomes what its mode makes of it.
async::Task<void> Gateway::open_body(Request& request) {
  if (signature::is_whole(request.verified->payload)) {
    const auto checked = signature::check_whole(*request.verified, request.body);
    if (!checked) refuse(checked.error());
    co_return;
  }
  auto raw = std::make_unique<async::StringSource>(std::move(request.body));
  auto payload =
      signature::open_payload(*request.verified, signature::view_of(*request.head), std::move(raw));
  if (!payload) refuse(payload.error());
  std::expected<std::string, async::TooLarge> body =
      co_await async::read_all(**payload, body_bytes_max(request));
  CHECK(body.has_value());
  request.body = std::move(*body);
}

async::Task<http::Response> Gateway::invoke(http::Exchange& exchange, Request& request) {
  const aws::Operation& operation = *request.detected->operation;
  const aws::ProtocolCodec& codec = aws::protocol_for(request.protocol);
  // S3's bodies have modes: a whole one is checked like one that streams. Others were hashed by verify().
  if (request.body_is_read && request.verified && !signature::needs_body_hash(request.dialect())) {
    co_await open_body(request);
  }
  if (request.body_is_read && is_compressed(*request.head) && request.protocol != aws::Protocol::RestXml) {
    request.body = uncompressed(request.body, body_bytes_max(request));
  }
  aws::WireRequest wire{.head = &request.meant(),
                        .path = request.detected->path,
                        .body = std::move(request.body),
                        .body_stream = std::move(request.body_stream)};
  auto input = codec.read(operation, std::move(wire));
  if (!input) throw input.error();

  aws::Box output(nullptr, [](void*) {});
  request.has_caller = is_logged(request);
  aws::Caller caller = request.has_caller ? request.caller : std::move(request.caller);
  if (operation.mode == aws::Mode::Waits) {
    output = co_await region_.run_waiting(exchange.reactor(), *request.entry, operation, std::move(caller),
                                          std::move(*input));
  } else {
    output = co_await region_.run_alone(exchange.reactor(), *request.entry, operation, std::move(caller),
                                        input->get());
  }
  co_return codec.write(operation, output.get(), request.id);
}

bool Gateway::is_website(std::string_view authority) {
  return parse_host(authority, is_service_label).is_website;
}

async::Task<http::Response> Gateway::answer_visitor(http::Exchange& exchange, Request& request) {
  request.protocol = aws::Protocol::RestXml;
  request.scope.reset();  // Whatever is signed, it is about an object, and nobody in particular asks.
  WebsiteVisit::Fetch fetch = [this, &exchange, &request](WebsiteVisit::Wanted wanted) {
    return fetch_as_stranger(exchange, request, std::move(wanted));
  };
  WebsiteVisit visit(*options_.websites, workers_, exchange.reactor(), *request.head, request.host.bucket,
                     request.id, std::move(fetch));
  co_return co_await visit.answer();
}

// An object of the host's bucket, as S3 gives it to somebody unknown.
async::Task<http::Response> Gateway::fetch_as_stranger(http::Exchange& exchange, Request& request,
                                                       WebsiteVisit::Wanted wanted) {
  CHECK(!wanted.key.empty());  // That would be the bucket's list.
  http::Request get = *request.head;
  get.method = std::move(wanted.method);
  get.path = "/" + percent_encode(wanted.key, Slash::Keep);
  get.target = get.path;
  get.query.clear();
  get.headers = http::Headers();
  const bool takes_headers = wanted.headers == WebsiteVisit::Wanted::Headers::All;
  for (const http::Header& header : request.head->headers) {
    if (takes_headers && is_about_bytes(header.name)) get.headers.add(header.name, header.value);
  }
  request.lifted = std::move(get);
  identify(request);
  request.caller = stranger(request);
  co_return co_await invoke(exchange, request);
}

http::Response Gateway::preflight(const Request& request) {
  const http::Headers& headers = request.head->headers;
  const std::string_view path = std::string_view(request.head->path).substr(1);
  std::string bucket = request.host.bucket;
  std::string_view key = path;
  if (bucket.empty()) {
    bucket = std::string(split(path, '/')[0]);
    key = path.substr(std::min(path.size(), bucket.size() + 1));
  }
  using Resource = aws::BrowserRequest::Resource;
  const auto allowed =
      browser_rules_->preflight({.bucket = bucket,
                                 .origin = headers.get("Origin"),
                                 .method = headers.get("Access-Control-Request-Method"),
                                 .headers = headers.get("Access-Control-Request-Headers"),
                                 .resource = key.empty() ? Resource::Bucket : Resource::Object});
  http::Response response;
  for (const auto& [name, value] : allowed) response.headers.add(name, value);
  return response;
}

void Gateway::add_browser_headers(const Request& request, http::Response& response) {
  if (request.model == nullptr || request.model->signing_name != "s3") return;
  const std::string path = request.detected ? request.detected->path : request.head->path;
  const std::string bucket(split(std::string_view(path).substr(1), '/')[0]);
  // Whoever announces a method asks for that one's rule, as on AWS.
  const std::string_view announced = request.head->headers.get("Access-Control-Request-Method");
  for (auto& [name, value] :
       browser_rules_->actual({.bucket = bucket,
                               .origin = request.head->headers.get("Origin"),
                               .method = announced.empty() ? request.head->method : announced,
                               .headers = request.head->headers.get("Access-Control-Request-Headers")})) {
    response.headers.add(name, value);
  }
}

}  // namespace holm::gateway
