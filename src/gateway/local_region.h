// The in-process client: services call each other's operations with the checks a request has.
#pragma once

#include "async/reactor.h"
#include "async/workers.h"
#include "aws/service/region.h"
#include "base/clock.h"
#include "base/random.h"
#include "gateway/policy_memory.h"
#include "gateway/services.h"
#include "sql/database.h"

namespace holm::aws {
class IdentityProvider;
}

namespace holm::gateway {

// One for the daemon; any thread. Borrows everything for its life.
class LocalRegion final : public aws::Region {
 public:
  LocalRegion(sql::Database& database, async::ReactorPool& reactors, async::Workers& workers, Clock& clock,
              Random& random, const Services& services);

  // Who decides; set once, when the service that knows exists.
  void use_identities(aws::IdentityProvider& identities) { identities_ = &identities; }

  aws::Caller caller(std::string account, std::string region, std::string service_name) override;
  void transact(const aws::Caller& caller, sql::Access access,
                const std::function<void(aws::Call&)>& work) override;
  async::Task<void> transact_on_worker(async::Reactor& reactor, aws::Caller caller, sql::Access access,
                                       std::function<void(aws::Call&)> work) override;
  bool may(aws::Call& call, const aws::Principal& as, const aws::Access& access) override;
  async::Reactor& any_reactor() override { return reactors_.next(); }

  // Checks `input` against the model and the caller's rights, and runs the handler. For the gateway too.
  aws::Box run(const Services::Entry& entry, const aws::Operation& operation, aws::Call& call,
               const void* input) const;
  async::Task<aws::Box> run_waiting(async::Reactor& reactor, const Services::Entry& entry,
                                    const aws::Operation& operation, aws::Caller caller, aws::Box input);
  // For the gateway: an operation that is no waiting one, in a transaction of its own; on `reactor`'s thread, if
  // it is a short one and need not wait, otherwise on a worker. `input` outlives it.
  async::Task<aws::Box> run_alone(async::Reactor& reactor, const Services::Entry& entry,
                                  const aws::Operation& operation, aws::Caller caller, const void* input);

 protected:
  aws::Box invoke(aws::Call& parent, const aws::Principal& as, std::string_view service,
                  std::string_view operation, const void* input) override;
  async::Task<aws::Box> invoke_waiting(async::Reactor& reactor, aws::Caller caller, std::string_view service,
                                       std::string_view operation, aws::Box input) override;

 private:
  void check(const Services::Entry& entry, const aws::Operation& operation, aws::Call& call,
             const void* input) const;
  // Checks and runs it on this thread, if it is short and that need not wait; null: it is to be done elsewhere.
  aws::Box run_at_once(const Services::Entry& entry, const aws::Operation& operation, aws::Caller& caller,
                       const void* input);
  // Only the checks on this thread, if that need not wait; false: it is to be done elsewhere, which tells what is
  // wrong. `caller` is as it was afterwards.
  bool passes_at_once(const Services::Entry& entry, const aws::Operation& operation, aws::Caller& caller,
                      const void* input);

  sql::Database& database_;
  async::ReactorPool& reactors_;
  async::Workers& workers_;
  Clock& clock_;
  Random& random_;
  const Services& services_;
  aws::IdentityProvider* identities_ = nullptr;
  mutable PolicyMemory policies_;
};

}  // namespace holm::gateway
