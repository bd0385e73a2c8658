// The in-process client.

#include "gateway/local_region.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "base/check.h"
#include "gateway/authorise.h"
#include "gateway/require_valid.h"
#include "sql/quick_reads.h"

namespace holm::gateway {

using aws::Box;
using aws::Call;
using aws::Caller;
using aws::Operation;

namespace {

struct Target {
  const Services::Entry& entry;
  const Operation& operation;
};

// A service that calls what does not exist is a bug, not a request.
Target require_target(const Services& services, std::string_view service, std::string_view operation) {
  const Services::Entry* entry = services.find(service);
  const Operation* found = entry ? aws::find_operation(*entry->model, operation) : nullptr;
  if (!found) throw aws::NotImplemented(fmt::format("{}:{}", service, operation));
  return {*entry, *found};
}

// Handlers find who asks in the call, so a call on behalf of someone else is a copy of it.
Call call_as(const Call& parent, const aws::Principal& as) {
  Call call = parent;
  call.principal = as;
  if (!as.account.empty()) call.account = as.account;
  return call;
}

}  // namespace

LocalRegion::LocalRegion(sql::Database& database, async::ReactorPool& reactors, async::Workers& workers,
                         Clock& clock, Random& random, const Services& services)
    : database_(database),
      reactors_(reactors),
      workers_(workers),
      clock_(clock),
      random_(random),
      services_(services) {}

Caller LocalRegion::caller(std::string account, std::string region, std::string service_name) {
  aws::Principal principal = aws::service_principal(std::move(service_name), account);
  return {.account = std::move(account),
          .region = std::move(region),
          .request_id = random_.uuid(),
          .now = clock_.now(),
          .principal = std::move(principal)};
}

void LocalRegion::transact(const Caller& caller, sql::Access access, const std::function<void(Call&)>& work) {
  std::unique_ptr<sql::Transaction> transaction = database_.begin(access);
  Call call{caller, *transaction, *this};
  work(call);
  transaction->commit();
}

async::Task<void> LocalRegion::transact_on_worker(async::Reactor& reactor, Caller caller, sql::Access access,
                                                  std::function<void(Call&)> work) {
  std::function<void()> on_worker = [&] { transact(caller, access, work); };
  co_await workers_.run(reactor, on_worker);
}

void LocalRegion::check(const Services::Entry& entry, const Operation& operation, Call& call,
                        const void* input) const {
  require_valid(operation, input);
  if (operation.is_unauthenticated && call.principal.kind == aws::Principal::Kind::Anonymous) return;
  CHECK(identities_ != nullptr);
  const std::vector<aws::Access> needed = entry.service->access(operation, input, call);
  call.denied = authorise({*identities_, policies_}, call, operation, needed);
}

Box LocalRegion::run(const Services::Entry& entry, const Operation& operation, Call& call,
                     const void* input) const {
  check(entry, operation, call, input);
  return operation.invoke(*entry.service, call, input);
}

// Reading a few rows takes less than going to a worker and back. A right that is not durable yet is enough to
// go on: whatever the handler tells, it reads or writes later than this, and waits for that.
bool LocalRegion::passes_at_once(const Services::Entry& entry, const Operation& operation,
                                 Caller& caller, const void* input) {
  const std::unique_ptr<sql::Transaction> transaction = sql::try_read(database_, sql::Shown::Written);
  if (transaction == nullptr) return false;
  Call call{std::move(caller), *transaction, *this};
  bool has_passed = true;
  try {
    check(entry, operation, call, input);
  } catch (const std::exception&) {
    has_passed = false;
  }
  caller = std::move(static_cast<Caller&>(call));
  transaction->commit();
  return has_passed;
}

async::Task<Box> LocalRegion::run_waiting(async::Reactor& reactor, const Services::Entry& entry,
                                          const Operation& operation, Caller caller, Box input) {
  const void* raw = input.get();
  if (!passes_at_once(entry, operation, caller, raw)) {
    std::function<void(Call&)> checks = [&](Call& call) { check(entry, operation, call, raw); };
    co_await transact_on_worker(reactor, caller, sql::Access::Read, checks);
  }
  aws::LongCall call{std::move(caller), *this, reactor};
  co_return co_await operation.invoke_waiting(*entry.service, std::move(call), std::move(input));
}

Box LocalRegion::run_at_once(const Services::Entry& entry, const Operation& operation, Caller& caller,
                             const void* input) {
  Box output(nullptr, [](void*) {});
  const bool is_short = operation.mode == aws::Mode::Read && entry.short_reads != nullptr &&
                        entry.short_reads->is_short(operation);
  if (!is_short) return output;
  const std::unique_ptr<sql::Transaction> transaction = sql::try_read(database_, sql::Shown::Durable);
  if (transaction == nullptr) return output;
  Call call{std::move(caller), *transaction, *this};
  output = run(entry, operation, call, input);
  transaction->commit();
  return output;
}

async::Task<Box> LocalRegion::run_alone(async::Reactor& reactor, const Services::Entry& entry,
                                        const Operation& operation, Caller caller, const void* input) {
  Box output = run_at_once(entry, operation, caller, input);
  if (output != nullptr) co_return output;
  const sql::Access access = operation.mode == aws::Mode::Read ? sql::Access::Read : sql::Access::Write;
  std::function<void(Call&)> work = [&](Call& call) { output = run(entry, operation, call, input); };
  co_await transact_on_worker(reactor, std::move(caller), access, work);
  co_return output;
}

bool LocalRegion::may(Call& call, const aws::Principal& as, const aws::Access& access) {
  CHECK(identities_ != nullptr);
  return is_allowed({*identities_, policies_}, call_as(call, as), access);
}

Box LocalRegion::invoke(Call& parent, const aws::Principal& as, std::string_view service,
                        std::string_view operation, const void* input) {
  Target target = require_target(services_, service, operation);
  CHECK(target.operation.invoke != nullptr);
  Call call = call_as(parent, as);
  sql::Savepoint savepoint(call.transaction);
  Box output = run(target.entry, target.operation, call, input);
  savepoint.release();
  return output;
}

async::Task<Box> LocalRegion::invoke_waiting(async::Reactor& reactor, Caller caller, std::string_view service,
                                             std::string_view operation, Box input) {
  Target target = require_target(services_, service, operation);
  CHECK(target.operation.invoke_waiting != nullptr);
  co_return co_await run_waiting(reactor, target.entry, target.operation, std::move(caller),
                                 std::move(input));
}

}  // namespace holm::gateway
