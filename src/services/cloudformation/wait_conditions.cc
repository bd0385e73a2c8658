// AWS::CloudFormation::WaitConditionHandle and WaitCondition: a stack that waits for signals sent to a URL.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html

#include <fmt/format.h>

#include "aws/service/error.h"
#include "base/random.h"
#include "formats/json.h"
#include "services/cloudformation/reply_door.h"
#include "services/cloudformation/resources.h"
#include "services/cloudformation/service.h"

namespace holm::cloudformation {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Progress;
using stacks::Properties;

constexpr std::chrono::hours kUrlLife{24};
constexpr size_t kHandleLength = 20;
constexpr size_t kSecretLength = 40;
constexpr int64_t kTimeoutSecondsMax = 43'200;

class Handle final : public stacks::ResourceType {
 public:
  explicit Handle(Service& service) : service_(service) {}

  std::string_view name() const override { return "AWS::CloudFormation::WaitConditionHandle"; }
  std::span<const stacks::PropertySchema> properties() const override { return {}; }
  std::span<const std::string_view> attributes() const override { return {}; }

  Created create(Context& context, const Properties&) const override {
    SignalPlace place{.stack_id = context.stack_id,
                      .logical_id = context.logical_id,
                      .handle_id = "AKIA" + service_.random().base32(kHandleLength - 4),
                      .secret = service_.random().alphanumeric(kSecretLength),
                      .expires = context.call.now + kUrlLife};
    const std::string url = signal_url(place);
    context.call.transaction.run(
        "INSERT INTO cloudformation_wait_handle (stack, id, secret, url) VALUES (?1, ?2, ?3, ?4)",
        {place.stack_id, place.handle_id, place.secret, url});
    return {url, {}};
  }
  void update(Context&, const Existing&, const Properties&) const override {}
  void remove(Context& context, const Existing& handle, stacks::Removal) const override {
    context.call.transaction.run("DELETE FROM cloudformation_wait_handle WHERE url = ?1",
                                 {handle.physical_id});
  }

 private:
  Service& service_;
};

constexpr stacks::PropertySchema kWaitCondition[] = {
    {.name = "Handle"},
    {.name = "Timeout", .kind = stacks::PropertyKind::Integer},
    {.name = "Count", .kind = stacks::PropertyKind::Integer}};
constexpr std::string_view kData[] = {"Data"};
constexpr std::string_view kCreationPolicy[] = {"CreationPolicy"};

class WaitCondition final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::CloudFormation::WaitCondition"; }
  std::span<const stacks::PropertySchema> properties() const override { return kWaitCondition; }
  std::span<const std::string_view> attributes() const override { return kData; }
  std::span<const std::string_view> policies() const override { return kCreationPolicy; }
  std::chrono::seconds patience() const override { return std::chrono::seconds(kTimeoutSecondsMax + 3600); }

  Created create(Context& context, const Properties& wanted) const override {
    const int64_t seconds = wanted.integer("Timeout", 0);
    if (!context.creation_policy && (!wanted.has("Handle") || !wanted.has("Timeout"))) {
      throw aws::ServiceError(
          "ValidationError", 400,
          "A WaitCondition needs the properties Handle and Timeout, or a CreationPolicy.");
    }
    if (seconds < 0 || seconds > kTimeoutSecondsMax) {
      throw aws::ServiceError("ValidationError", 400, "Timeout must be a number of seconds up to 43200.");
    }
    if (wanted.has("Handle")) require_handle(context, wanted.text("Handle"));
    return {fmt::format("{}/{}", context.stack_id, context.logical_id), {}};
  }

  void update(Context&, const Existing&, const Properties&) const override {
    throw aws::ServiceError("ValidationError", 400,
                            "Update to resource type AWS::CloudFormation::WaitCondition is not supported.");
  }
  void remove(Context&, const Existing&, stacks::Removal) const override {}

  Progress check(Context& context, const Existing& made) const override {
    const Properties& wanted = made.properties;
    if (!wanted.has("Handle")) return stacks::ready(no_data());
    int64_t successes = 0;
    formats::Object data;
    for (const sql::Row& row : context.call.transaction.run(
             "SELECT s.status, s.unique_id, s.reason, s.data FROM cloudformation_wait_signal s"
             " JOIN cloudformation_wait_handle h ON h.id = s.handle WHERE h.url = ?1 ORDER BY s.rowid",
             {wanted.text("Handle")})) {
      if (row.text(0) == "FAILURE") {
        return stacks::failed(fmt::format("WaitCondition received failed message: '{}' for uniqueId: {}",
                                          row.text(2), row.text(1)));
      }
      ++successes;
      data.set(row.text(1), row.text(3));
    }
    const int64_t count = wanted.integer("Count", 1);
    if (successes >= count) return stacks::ready(told(std::move(data)));
    if (context.call.now - context.started < std::chrono::seconds(wanted.integer("Timeout", 0))) {
      return stacks::in_progress();
    }
    return stacks::failed(
        fmt::format("WaitCondition timed out. Received {} conditions when expecting {}", successes, count));
  }

 private:
  static void require_handle(Context& context, const std::string& url) {
    if (context.call.transaction.find("SELECT 1 FROM cloudformation_wait_handle WHERE url = ?1", {url}))
      return;
    throw aws::ServiceError("ValidationError", 400, "Handle must be the Ref of a WaitConditionHandle.");
  }

  // The attribute is text: the JSON of what came with each signal.
  static formats::Object told(formats::Object data) {
    formats::Object attributes;
    attributes.append("Data", formats::write_json(std::move(data)));
    return attributes;
  }
  static formats::Object no_data() { return told({}); }
};

}  // namespace

std::unique_ptr<stacks::ResourceType> wait_condition_handle_type(Service& service) {
  return std::make_unique<Handle>(service);
}

std::unique_ptr<stacks::ResourceType> wait_condition_type() { return std::make_unique<WaitCondition>(); }

}  // namespace holm::cloudformation
