// Asynchronous invocations: a durable queue, tried again when functions fail.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
#pragma once

#include <optional>
#include <string>

#include "jobs/jobs.h"
#include "services/lambda/functions.h"

namespace holm::lambda {

// Any thread. An event is acknowledged when the transaction that added it is durable, and run at
// least once.
class Events final {
 public:
  explicit Events(Service& service) : service_(service) {}

  void add(Call& call, const FunctionId& id, const std::string& payload);
  // Before the jobs start: whatever was under way when the daemon ended is begun anew.
  void start();

 private:
  struct Event {
    std::string id;
    FunctionId function;
    std::string payload;
    Time received{};
    int64_t attempt = 0;    // Runs that failed.
    int64_t throttles = 0;  // Times there was no room.
  };
  // How a function wants failed events to be treated.
  struct Policy {
    int64_t retries = 2;
    std::chrono::seconds age_max{std::chrono::hours(6)};
    std::string on_success;
    std::string on_failure;
  };

  void run(const std::string& event_id);
  void ended(const std::string& event_id, const InvocationResult& result);
  void give_up(Call& call, const Event& event, const Policy& policy, std::string_view condition,
               const InvocationResult& result);
  void send(Call& call, const Event& event, const std::string& destination, std::string_view condition,
            const InvocationResult& result);
  void schedule(Call& call, const std::string& event_id, Time due);
  static std::optional<Event> find(Call& call, const std::string& event_id);
  static Policy policy_of(Call& call, const FunctionId& id);

  Service& service_;
};

}  // namespace holm::lambda
