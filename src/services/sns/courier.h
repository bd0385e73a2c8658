// Takes messages to their endpoints, and tries again where that fails.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "async/task_set.h"
#include "async/workers.h"
#include "base/result.h"
#include "jobs/jobs.h"
#include "net/address.h"
#include "services/sns/messages.h"
#include "services/sns/retry_policy.h"
#include "services/sns/subscriptions.h"

namespace holm::sns {

// A delivery is a row from the publisher's transaction until its endpoint took it or there are no retries
// left; a crash in between may deliver twice. Jobs start deliveries, which then run on a reactor: slow
// endpoints hold up neither jobs nor each other.
class Courier final {
 public:
  struct Parcel;   // Everything about one attempt.
  struct Outcome;  // How it went.

  explicit Courier(Service& service);
  ~Courier();

  // Before the jobs start: what was under way when the daemon ended is begun anew.
  void start();
  // Ends what is under way; it is begun anew after the next start.
  void stop();

 private:
  struct Presence;
  bool is_waiting(const std::string& id);
  jobs::Outcome begin(const std::string& id);
  async::Task<void> carry(std::string id);
  async::Task<Outcome> attempt(std::shared_ptr<const Parcel> parcel);
  async::Task<Outcome> post(std::shared_ptr<const Parcel> parcel);
  async::Task<Outcome> mail(std::shared_ptr<const Parcel> parcel);
  async::Task<Outcome> invoke(std::shared_ptr<const Parcel> parcel);
  async::Task<void> call_function(std::shared_ptr<const Parcel> parcel);
  async::Task<Result<net::Address>> find(std::string host, uint16_t port);
  std::shared_ptr<const Parcel> pack(const std::string& id);
  void settle(const Parcel& parcel, const Outcome& outcome);
  void write_status(Call& call, const Parcel& parcel, const Outcome& outcome);
  RetryPolicy policy_of(const Parcel& parcel) const;
  Links links_for(const SubscriptionRow& row);

  Service& service_;
  async::Reactor* reactor_ = nullptr;
  std::unique_ptr<async::Workers> workers_;  // For what blocks: the database, signing, looking up names.
  std::unique_ptr<async::TaskSet> tasks_;    // On the reactor's thread.
  std::mutex mutex_;
  std::set<std::string> under_way_;  // Guarded by mutex_, as the next.
  bool is_stopping_ = false;
};

}  // namespace holm::sns
