// Going to a worker and back costs more than a few rows do.

#include "services/s3/short_reads.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "aws/service/region.h"
#include "services/s3/service.h"
#include "sql/quick_reads.h"

namespace holm::s3 {

namespace {

// Who calls, lent to a short call, as a copy is a good part of what such a call takes.
class Lent final {
 public:
  Lent(aws::LongCall& owner, sql::Transaction& transaction)
      : owner_(owner), call_{std::move(static_cast<aws::Caller&>(owner)), transaction, owner.client} {}
  ~Lent() { static_cast<aws::Caller&>(owner_) = std::move(static_cast<aws::Caller&>(call_)); }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  aws::Call& call() { return call_; }

 private:
  aws::LongCall& owner_;
  aws::Call call_;
};

bool look_at_once(Service& service, aws::LongCall& call, const std::function<void(aws::Call&)>& look) {
  const std::unique_ptr<sql::Transaction> transaction = sql::try_read(service.database(), sql::Shown::Durable);
  if (transaction == nullptr) return false;
  Lent lent(call, *transaction);
  look(lent.call());
  transaction->commit();
  return true;
}

}  // namespace

// What one bucket, or one object, is like.
bool Service::is_short(const aws::Operation& operation) const {
  constexpr std::string_view kNames[] = {"HeadBucket", "HeadObject", "GetBucketLocation", "GetBucketVersioning",
                                         "GetObjectTagging"};
  return std::ranges::find(kNames, operation.name) != std::end(kNames);
}

async::Task<void> look_up(Service& service, aws::LongCall& call, std::function<void(aws::Call&)> look) {
  if (look_at_once(service, call, look)) co_return;
  aws::Caller caller = call;
  co_await call.client.transact_on_worker(call.reactor, std::move(caller), sql::Access::Read, look);
}

}  // namespace holm::s3
