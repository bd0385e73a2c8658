// The door's URLs look like presigned ones of S3, which they are on AWS.

#include "services/cloudformation/reply_door.h"

#include <fmt/format.h>

#include <functional>

#include "async/byte_source.h"
#include "aws/service/region.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "formats/json.h"
#include "http/server.h"
#include "services/cloudformation/replies.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/stacks.h"

namespace holm::cloudformation {

namespace {

constexpr std::string_view kReplies = "/cloudformation-custom-resource-response-";
constexpr std::string_view kSignals = "/cloudformation-waitcondition-";
constexpr char kSignalOrigin[] = "http://holm.internal:4566";
// More than counts, so that who sends too much is told so in an event and not by a broken connection.
constexpr size_t kBodyBytesMax = 1 << 20;

std::string region_of(const std::string& stack_id) {
  const auto parts = split(stack_id, ':');
  return parts.size() > 3 ? std::string(parts[3]) : std::string();
}

// The value of `name` in a query.
std::string parameter(std::string_view query, std::string_view name) {
  for (std::string_view each : split(query, '&')) {
    const size_t equals = each.find('=');
    if (equals == std::string_view::npos || each.substr(0, equals) != name) continue;
    return percent_decode(each.substr(equals + 1)).value_or("");
  }
  return "";
}

Receipt denied() { return {403, "AccessDenied", "Access Denied"}; }

std::string in_xml(std::string_view text) {
  std::string safe = replace_all(std::string(text), "&", "&amp;");
  safe = replace_all(safe, "<", "&lt;");
  return replace_all(safe, ">", "&gt;");
}

http::Response to_response(const Receipt& receipt) {
  http::Response response{.status = receipt.status};
  if (receipt.code.empty()) return response;
  response.headers.add("Content-Type", "application/xml");
  response.body = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message></Error>",
      receipt.code, in_xml(receipt.message));
  return response;
}

// The first answer counts. It is acknowledged again when it comes again.
Receipt keep_reply(Service& service, aws::Call& call, const std::string& id, const std::string& secret,
                   const std::optional<std::string>& body) {
  auto row = call.transaction.find("SELECT secret, stack FROM cloudformation_request WHERE id = ?1", {id});
  if (!row || !crypto::constant_time_equals(row->text(0), secret)) return denied();
  // Too long by one byte is as bad as too long by many.
  std::string text = body.value_or(std::string(kReplyBytesMax + 1, ' '));
  if (text.size() > kReplyBytesMax) text = std::string(kReplyBytesMax + 1, ' ');
  call.transaction.run(
      "UPDATE cloudformation_request SET reply = ?2, payload = '' WHERE id = ?1 AND reply IS NULL",
      {id, text});
  service.carry_on(call, row->text(1));
  return {};
}

Receipt keep_signal(Service& service, aws::Call& call, const std::string& id, const std::string& secret,
                    const std::optional<std::string>& body) {
  auto row =
      call.transaction.find("SELECT secret, stack FROM cloudformation_wait_handle WHERE id = ?1", {id});
  if (!row || !crypto::constant_time_equals(row->text(0), secret)) return denied();
  auto signal = read_wait_signal(body.value_or(""));
  if (!signal) return {400, "InvalidRequest", signal.error().message};
  call.transaction.run(
      "INSERT INTO cloudformation_wait_signal (handle, unique_id, status, reason, data)"
      " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (handle, unique_id) DO NOTHING",
      {id, signal->unique_id,
       std::string(signal->status == WaitSignal::Status::Success ? "SUCCESS" : "FAILURE"), signal->reason,
       signal->data});
  service.carry_on(call, row->text(1));
  return {};
}

}  // namespace

std::string reply_url(const Service& service, const ReplyPlace& place) {
  return fmt::format(
      "{}{}{}/{}%7C{}%7C{}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=7200&X-Amz-Signature={}",
      service.reply_origin(), kReplies, replace_all(region_of(place.stack_id), "-", ""),
      percent_encode(place.stack_id), place.logical_id, place.request_id, place.secret);
}

std::string signal_url(const SignalPlace& place) {
  return fmt::format("{}{}{}/{}%2F{}?Expires={}&AWSAccessKeyId={}&Signature={}", kSignalOrigin, kSignals,
                     region_of(place.stack_id), percent_encode(place.stack_id), place.logical_id,
                     to_milliseconds(place.expires) / 1000, place.handle_id, place.secret);
}

bool is_for_reply_door(const http::Request& request) {
  return request.path.starts_with(kReplies) || request.path.starts_with(kSignals);
}

Receipt take_delivery(Service& service, aws::Call& call, const Delivery& delivery) {
  if (delivery.path.starts_with(kReplies)) {
    const auto path = percent_decode(delivery.path).value_or("");
    return keep_reply(service, call, path.substr(path.rfind('|') + 1),
                      parameter(delivery.query, "X-Amz-Signature"), delivery.body);
  }
  return keep_signal(service, call, parameter(delivery.query, "AWSAccessKeyId"),
                     parameter(delivery.query, "Signature"), delivery.body);
}

async::Task<void> answer_at_reply_door(Service& service, http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  Receipt receipt = denied();
  if (request.method == "PUT") {
    Delivery delivery{.path = request.path, .query = request.query, .body = {}};
    auto read = co_await async::read_all(exchange.body(), kBodyBytesMax);
    if (read) delivery.body = std::move(*read);
    const aws::Caller caller = service.region().caller("", "", "cloudformation.amazonaws.com");
    std::function<void(aws::Call&)> keep = [&](aws::Call& call) {
      receipt = take_delivery(service, call, delivery);
    };
    co_await service.region().transact_on_worker(exchange.reactor(), caller, sql::Access::Write, keep);
  }
  http::Response response = to_response(receipt);
  co_await exchange.respond(std::move(response));
}

}  // namespace holm::cloudformation
