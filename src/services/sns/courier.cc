// Carrying deliveries.

#include "services/sns/courier.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "http/client.h"
#include "lambda/operations.h"
#include "net/tls.h"
#include "aws/service/attempt.h"
#include "services/sns/endpoint.h"
#include "services/sns/metrics.h"
#include "services/sns/names.h"
#include "services/sns/parcel.h"
#include "services/sns/service.h"
#include "services/sns/status_log.h"
#include "smtp/client.h"
#include "smtp/mail.h"

namespace holm::sns {

namespace {

constexpr size_t kUnderWayMax = 64;
constexpr size_t kWorkerThreads = 4;
constexpr size_t kQueueMax = 1024;
constexpr std::chrono::seconds kBusyPause{1};
constexpr std::chrono::milliseconds kSamePause{100};
// Longer than any attempt takes.
constexpr std::chrono::minutes kForgottenAfter{15};
constexpr async::Duration kConnectTimeout{5'000}, kResponseTimeout{15'000};
constexpr size_t kResponseBytesMax = 64 * 1024;
constexpr int kBadRequest = 400, kServerError = 500, kTooMany = 429;
constexpr char kPrincipal[] = "sns.amazonaws.com";
constexpr char kSenderName[] = "AWS Notifications";

bool is_http(const std::string& protocol) { return protocol == "http" || protocol == "https"; }

}  // namespace

Courier::Courier(Service& service) : service_(service) {}
Courier::~Courier() { stop(); }

void Courier::start() {
  workers_ = std::make_unique<async::Workers>(kWorkerThreads, kQueueMax);
  reactor_ = &service_.use().region.any_reactor();
  reactor_->call([this] { tasks_ = std::make_unique<async::TaskSet>(); });
  service_.use().jobs.handle(kDeliveryJob, [this](const jobs::Job& job) { return begin(job.key); });
  const aws::Caller caller = service_.use().region.caller("", "", kPrincipal);
  service_.use().region.transact(caller, sql::Access::Write, [&](Call& call) {
    for (const sql::Row& row : call.transaction.run("SELECT id, due FROM sns_delivery")) {
      service_.use().jobs.schedule(call.transaction, {.kind = kDeliveryJob, .key = row.text(0)},
                                   from_milliseconds(row.integer(1)));
    }
  });
}

void Courier::stop() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  if (reactor_) reactor_->call([this] { tasks_.reset(); });
  reactor_ = nullptr;
  workers_.reset();
}

bool Courier::is_waiting(const std::string& id) {
  bool is_there = false;
  aws::Region& region = service_.use().region;
  region.transact(region.caller("", "", kPrincipal), sql::Access::Read, [&](Call& call) {
    is_there = call.transaction.find("SELECT 1 FROM sns_delivery WHERE id = ?1", {id}).has_value();
  });
  return is_there;
}

// The job stays until the delivery is over, so that nothing is forgotten that ends unexpectedly.
jobs::Outcome Courier::begin(const std::string& id) {
  const Time now = service_.use().clock.now();
  if (!is_waiting(id)) return jobs::done();
  {
    std::lock_guard lock(mutex_);
    if (is_stopping_ || under_way_.size() >= kUnderWayMax) return jobs::again_at(now + kBusyPause);
    if (!under_way_.insert(id).second) return jobs::again_at(now + kSamePause);
  }
  reactor_->post([this, id] {
    if (tasks_) tasks_->spawn(carry(id));
  });
  return jobs::again_at(now + kForgottenAfter);
}

// Leaves the list of what is under way, however that ends.
struct Courier::Presence {
  Courier& courier;
  const std::string& id;
  Presence(Courier& of, const std::string& delivery) : courier(of), id(delivery) {}
  ~Presence() {
    std::lock_guard lock(courier.mutex_);
    courier.under_way_.erase(id);
  }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
};

async::Task<void> Courier::carry(std::string id) {
  const Presence presence(*this, id);
  std::function<std::shared_ptr<const Parcel>()> packing = [&] { return pack(id); };
  const std::shared_ptr<const Parcel> parcel = co_await workers_->run(*reactor_, packing);
  if (!parcel) co_return;
  const SteadyTime begun = service_.use().clock.steady();
  Outcome outcome = co_await attempt(parcel);
  outcome.took = std::chrono::duration_cast<std::chrono::milliseconds>(service_.use().clock.steady() - begun);
  std::function<void()> settling = [&] { settle(*parcel, outcome); };
  co_await workers_->run(*reactor_, settling);
}

Links Courier::links_for(const SubscriptionRow& row) {
  Dependencies& use = service_.use();
  // What is served by the region's own instances is told the name that those know.
  auto endpoint = is_http(row.protocol) ? parse_http_endpoint(row.endpoint) : failure("");
  const bool is_inside = endpoint && endpoint->host.ends_with(kSiteSuffix);
  const std::string& base = is_inside ? use.inner_api_url : use.api_url;
  return {.base = base, .certificate = base + service_.signer().certificate_path()};
}

std::shared_ptr<const Courier::Parcel> Courier::pack(const std::string& id) {
  auto parcel = std::make_shared<Parcel>();
  bool is_there = false;
  Dependencies& use = service_.use();
  use.region.transact(use.region.caller("", "", kPrincipal), sql::Access::Read, [&](Call& call) {
    auto row = call.transaction.find(
        "SELECT id, kind, subscription, message_id, subject, message, attributes, published, attempts"
        " FROM sns_delivery WHERE id = ?1",
        {id});
    auto subscription = row ? find_subscription(call, row->text(2)) : std::nullopt;
    if (!subscription) return;
    is_there = true;
    parcel->delivery = {row->text(0), row->text(1), row->text(2),    row->text(3),   row->optional_text(4),
                        row->text(5), row->text(6), row->integer(7), row->integer(8)};
    parcel->subscription = *subscription;
    parcel->settings = attributes_of_subscription(call, subscription->id);
    parcel->topic = attributes_of(call, subscription->topic);
  });
  if (!is_there) return nullptr;
  const Notice notice(parcel->delivery, parcel->subscription, parcel->topic, links_for(parcel->subscription),
                      service_.signer());
  const std::string& protocol = parcel->subscription.protocol;
  const bool is_notification = parcel->delivery.kind == "Notification";
  if (protocol == "lambda") {
    parcel->body = notice.lambda_event();
  } else if (is_http(protocol)) {
    parcel->is_raw = is_notification && setting(parcel->settings, "RawMessageDelivery") == "true";
    parcel->body = parcel->is_raw ? parcel->delivery.message : notice.document();
  } else if (use.mail) {
    const MailSettings& settings = *use.mail;
    const std::string shown = setting(parcel->topic, "DisplayName");
    parcel->body = smtp::write_mail({.sender_name = shown.empty() ? kSenderName : shown,
                                     .sender = settings.sender,
                                     .recipient = parcel->subscription.endpoint,
                                     .subject = notice.mail_subject(),
                                     .text = notice.mail_text(),
                                     .id = parcel->delivery.id,
                                     .time = use.clock.now()});
  }
  return parcel;
}

async::Task<Courier::Outcome> Courier::attempt(std::shared_ptr<const Parcel> parcel) {
  const std::string& protocol = parcel->subscription.protocol;
  if (is_http(protocol)) co_return co_await post(parcel);
  if (protocol == "lambda") co_return co_await invoke(parcel);
  co_return co_await mail(parcel);
}

async::Task<Result<net::Address>> Courier::find(std::string host, uint16_t port) {
  const net::Address sites = service_.use().sites;
  std::function<Result<net::Address>()> looking = [=] { return find_address(host, port, sites); };
  co_return co_await workers_->run(*reactor_, looking);
}

async::Task<Courier::Outcome> Courier::post(std::shared_ptr<const Parcel> parcel) {
  const auto endpoint = parse_http_endpoint(parcel->subscription.endpoint);
  if (!endpoint) co_return Outcome::failed(endpoint.error().message);
  const Result<net::Address> address = co_await find(endpoint->host, endpoint->port);
  if (!address) co_return Outcome::failed(address.error().message);
  http::Target target{.address = *address, .where = {}, .tls = nullptr, .server_name = endpoint->host};
  if (endpoint->is_secure) {
    const net::TlsClientOptions verified;
    auto context = net::TlsClientContext::make(verified);
    if (!context) co_return Outcome::failed(context.error().message);
    target.tls = *context;
  }
  http::OutgoingRequest request{.method = "POST",
                                .target = endpoint->target,
                                .headers = parcel->headers(),
                                .body = parcel->body,
                                .body_stream = nullptr};
  request.headers.set("Host", endpoint->authority());
  if (!endpoint->authorization.empty()) request.headers.set("Authorization", endpoint->authorization);
  const http::RequestOptions options{.connect_timeout = kConnectTimeout,
                                     .response_timeout = kResponseTimeout,
                                     .body_timeout = kResponseTimeout,
                                     .body_bytes_max = kResponseBytesMax,
                                     .reuse = http::Reuse::Never};
  http::Client client(*reactor_);
  const Result<http::Response> response =
      co_await client.request(std::move(request), std::move(target), options);
  if (!response) co_return Outcome::failed(response.error().message);
  Outcome outcome{.status = response->status, .said = response->body.substr(0, kSaidMax)};
  outcome.is_delivered = response->status / 100 == 2;
  // What the endpoint does not want, it will not want later.
  outcome.is_final =
      response->status >= kBadRequest && response->status < kServerError && response->status != kTooMany;
  co_return outcome;
}

async::Task<Courier::Outcome> Courier::mail(std::shared_ptr<const Parcel> parcel) {
  if (!service_.use().mail) co_return Outcome::failed("the region was started without a mail relay");
  const MailSettings settings = *service_.use().mail;
  const Result<net::Address> address = co_await find(settings.relay.host, settings.relay.port);
  if (!address) co_return Outcome::failed(address.error().message);
  smtp::Envelope envelope{settings.sender, parcel->subscription.endpoint};
  const auto said =
      co_await smtp::send(*reactor_, settings.relay, *address, std::move(envelope), parcel->body);
  if (said) co_return Outcome{.is_delivered = true, .status = 200, .said = said->substr(0, kSaidMax)};
  Outcome outcome = Outcome::failed(said.error().message);
  outcome.is_final = said.error().kind == smtp::Refusal::Kind::Permanent;
  log::warning(fmt::format("sns: a mail could not be handed over: {}", said.error().message));
  co_return outcome;
}

async::Task<void> Courier::call_function(std::shared_ptr<const Parcel> parcel) {
  const SubscriptionRow& row = parcel->subscription;
  aws::Caller caller = service_.use().region.caller(row.topic.account, row.topic.region, kPrincipal);
  // Functions permit it by aws:SourceArn.
  caller.principal.arn = row.topic.arn();
  lambda::InvocationRequest request{
      .function_name = row.endpoint, .invocation_type = "Event", .payload = parcel->body};
  (void)co_await service_.use().region.call_waiting<lambda::Invoke>(*reactor_, std::move(caller),
                                                                    std::move(request));
}

async::Task<Courier::Outcome> Courier::invoke(std::shared_ptr<const Parcel> parcel) {
  const std::optional<std::string> wrong = co_await aws::attempt_waiting(call_function(parcel));
  if (!wrong) co_return Outcome{.is_delivered = true, .status = 202};
  Outcome outcome = Outcome::failed(*wrong);
  // Whoever is not permitted or is gone stays so; AWS does not try again either.
  outcome.is_final = wrong->starts_with("AccessDenied") || wrong->starts_with("ResourceNotFound");
  co_return outcome;
}

RetryPolicy Courier::policy_of(const Parcel& parcel) const {
  const std::string& protocol = parcel.subscription.protocol;
  if (protocol == "lambda") return retry_policy_of_lambda();
  if (!is_http(protocol)) return retry_policy_of_mail();
  return retry_policy_of(
      parse_topic_policy(setting(parcel.topic, "DeliveryPolicy")).value_or(TopicRetryPolicy()),
      parse_subscription_policy(setting(parcel.settings, "DeliveryPolicy"))
          .value_or(SubscriptionRetryPolicy()));
}

// The end of an attempt: the row goes, or waits for the next one.
void Courier::settle(const Parcel& parcel, const Outcome& outcome) {
  Dependencies& use = service_.use();
  const Delivery& delivery = parcel.delivery;
  const TopicId& topic = parcel.subscription.topic;
  const auto delay = outcome.is_final ? std::nullopt : policy_of(parcel).delay_before(delivery.attempts + 1);
  const bool is_over = outcome.is_delivered || !delay;
  use.region.transact(
      use.region.caller(topic.account, topic.region, kPrincipal), sql::Access::Write, [&](Call& call) {
        if (!is_over) {
          const Time due = call.now + *delay;
          call.transaction.run("UPDATE sns_delivery SET attempts = attempts + 1, due = ?2 WHERE id = ?1",
                               {delivery.id, to_milliseconds(due)});
          use.jobs.schedule(call.transaction, {.kind = kDeliveryJob, .key = delivery.id}, due);
          return;
        }
        call.transaction.run("DELETE FROM sns_delivery WHERE id = ?1", {delivery.id});
        use.jobs.cancel(call.transaction, kDeliveryJob, delivery.id);
        if (delivery.kind == "Notification") write_status(call, parcel, outcome);
      });
  if (!is_over || delivery.kind != "Notification") return;
  const Measured measured{use.metrics, topic, use.clock.now()};
  measured.record(outcome.is_delivered ? "NumberOfNotificationsDelivered" : "NumberOfNotificationsFailed", 1,
                  "Count");
}

void Courier::write_status(Call& call, const Parcel& parcel, const Outcome& outcome) {
  const std::string kind = parcel.subscription.protocol == "lambda" ? "Lambda" : "HTTP";
  const bool is_logged = parcel.subscription.protocol == "lambda" || is_http(parcel.subscription.protocol);
  const char* attribute = outcome.is_delivered ? "SuccessFeedbackRoleArn" : "FailureFeedbackRoleArn";
  if (!is_logged || setting(parcel.topic, (kind + attribute).c_str()).empty()) return;
  if (outcome.is_delivered) {
    const auto rate =
        parse_integer(setting(parcel.topic, (kind + "SuccessFeedbackSampleRate").c_str())).value_or(100);
    if (static_cast<int64_t>(service_.use().random.below(100)) >= rate) return;
  }
  log_status(call, parcel, outcome, service_.use().random.uuid());
}

}  // namespace holm::sns
