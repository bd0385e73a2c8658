// Signed calls over HTTP.

#include "cli/up/api_client.h"

#include <fmt/format.h>

#include "async/sync_wait.h"
#include "aws/signature/sign.h"
#include "base/strings.h"
#include "crypto/hash.h"

namespace holm::cli {

namespace {

namespace signature = aws::signature;

constexpr std::string_view kCloudFormationVersion = "2010-05-15";
constexpr std::string_view kCloudWatchVersion = "2010-08-01";
constexpr std::string_view kEc2Version = "2016-11-15";
constexpr async::Duration kSiteTimeout{5000};
constexpr size_t kSiteBytesMax = 1 << 20;

// The query protocol wraps <Error> in an <ErrorResponse>, EC2 in <Response><Errors>, S3 in nothing.
ApiError error_of(const http::Response& response) {
  auto document = formats::parse_xml(response.body);
  if (document) {
    const formats::XmlElement* error = document->name == "Error" ? &*document : document->find("Error");
    if (const formats::XmlElement* errors = document->find("Errors")) error = errors->find("Error");
    const formats::XmlElement* code = error ? error->find("Code") : nullptr;
    const formats::XmlElement* message = error ? error->find("Message") : nullptr;
    if (code) return {code->text, message ? message->text : code->text};
  }
  return {std::to_string(response.status), fmt::format("the region answered with HTTP {} {}", response.status,
                                                       http::reason_phrase(response.status))};
}

ApiResult<formats::XmlElement> result_in(ApiResult<formats::XmlElement> answer, const std::string& action) {
  if (!answer) return answer;
  const formats::XmlElement* result = answer->find(action + "Result");
  return result ? *result : formats::XmlElement{};
}

}  // namespace

ApiClient::ApiClient(const Clock& clock, ApiAccess access)
    : clock_(clock),
      access_(std::move(access)),
      host_(fmt::format("localhost:{}", access_.address.port())),
      reactors_(1, clock) {
  async::Reactor& reactor = reactors_.at(0);
  reactor.call([&] { client_ = std::make_unique<http::Client>(reactor); });
}

ApiClient::~ApiClient() {
  reactors_.at(0).call([this] { client_.reset(); });
}

void ApiClient::pause(async::Duration duration) {
  async::Reactor& reactor = reactors_.at(0);
  async::sync_wait(reactor, reactor.sleep(duration));
}

ApiResult<http::Response> ApiClient::exchange(http::OutgoingRequest request, const net::Address& address,
                                              http::RequestOptions options) {
  http::Target target{.address = address, .where = {}, .tls = nullptr, .server_name = {}};
  auto response =
      async::sync_wait(reactors_.at(0), client_->request(std::move(request), std::move(target), options));
  if (!response) return std::unexpected(ApiError{"", response.error().message});
  return std::move(*response);
}

ApiResult<formats::XmlElement> ApiClient::send(Call call) {
  call.headers.set("Host", host_);
  const std::string hash = hex_encode(crypto::bytes_of(crypto::sha256(call.body)));
  signature::sign(call.headers, call.method, call.path, "", hash,
                  {.dialect = call.service == "s3" ? signature::Dialect::S3 : signature::Dialect::Query,
                   .region = access_.region,
                   .service = call.service},
                  {.access_key_id = access_.access_key_id,
                   .secret_access_key = access_.secret_access_key,
                   .session_token = {}},
                  clock_.now());
  http::OutgoingRequest request{.method = std::move(call.method),
                                .target = std::move(call.path),
                                .headers = std::move(call.headers),
                                .body = std::move(call.body),
                                .body_stream = nullptr};
  auto response = exchange(std::move(request), access_.address, {});
  if (!response) {
    return std::unexpected(
        ApiError{"", fmt::format("the region at {} does not answer: {}", host_, response.error().message)});
  }
  if (response->status / 100 != 2) return std::unexpected(error_of(*response));
  if (response->body.empty()) return formats::XmlElement{};
  auto document = formats::parse_xml(response->body);
  if (!document) return std::unexpected(ApiError{"", "the region's answer is no XML"});
  return std::move(*document);
}

ApiResult<formats::XmlElement> ApiClient::query(const std::string& service, std::string_view version,
                                                const std::string& action, formats::Form fields) {
  fields.push_back({"Action", action});
  fields.push_back({"Version", std::string(version)});
  return send({.method = "POST",
               .path = "/",
               .body = formats::write_form(fields),
               .service = service,
               .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}});
}

ApiResult<formats::XmlElement> ApiClient::cloudformation(const std::string& action, formats::Form fields) {
  return result_in(query("cloudformation", kCloudFormationVersion, action, std::move(fields)), action);
}

ApiResult<formats::XmlElement> ApiClient::cloudwatch(const std::string& action, formats::Form fields) {
  return result_in(query("monitoring", kCloudWatchVersion, action, std::move(fields)), action);
}

ApiResult<formats::XmlElement> ApiClient::ec2(const std::string& action, formats::Form fields) {
  return query("ec2", kEc2Version, action, std::move(fields));
}

ApiResult<void> ApiClient::make_bucket(const std::string& bucket) {
  std::string body;
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: the first region is never named.
  if (access_.region != "us-east-1") {
    formats::XmlWriter writer;
    writer.open("CreateBucketConfiguration", "http://s3.amazonaws.com/doc/2006-03-01/");
    writer.element("LocationConstraint", access_.region);
    writer.close();
    body = writer.take();
  }
  auto answer = send({.method = "PUT",
                      .path = "/" + percent_encode(bucket),
                      .body = std::move(body),
                      .service = "s3",
                      .headers = {}});
  if (!answer && answer.error().code != "BucketAlreadyOwnedByYou") return std::unexpected(answer.error());
  return {};
}

ApiResult<void> ApiClient::put_object(const std::string& bucket, const std::string& key, std::string body) {
  auto answer = send({.method = "PUT",
                      .path = fmt::format("/{}/{}", percent_encode(bucket), percent_encode(key, Slash::Keep)),
                      .body = std::move(body),
                      .service = "s3",
                      .headers = {{"Content-Type", "application/octet-stream"}}});
  if (!answer) return std::unexpected(answer.error());
  return {};
}

ApiResult<int> ApiClient::site_status(const net::Address& edge, const std::string& host,
                                      const std::string& path) {
  http::OutgoingRequest request{
      .method = "GET", .target = path, .headers = {{"Host", host}}, .body = {}, .body_stream = nullptr};
  http::RequestOptions options;
  options.connect_timeout = kSiteTimeout;
  options.response_timeout = kSiteTimeout;
  options.body_timeout = kSiteTimeout;
  options.body_bytes_max = kSiteBytesMax;
  options.reuse = http::Reuse::Never;
  auto response = exchange(std::move(request), edge, options);
  if (!response) return std::unexpected(response.error());
  return response->status;
}

}  // namespace holm::cli
