// Deciding, committing, and once more when somebody else was first.

#include "services/s3/changes.h"

#include <coroutine>
#include <exception>
#include <mutex>

#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/log.h"
#include "services/s3/buckets.h"
#include "services/s3/object_source.h"
#include "services/s3/record_keys.h"
#include "services/s3/service.h"
#include "services/s3/short_reads.h"

namespace holm::s3 {

namespace {

constexpr int kAttemptsMax = 100;

[[noreturn]] void throw_contended() {
  throw aws::ServiceError(
      "OperationAborted", 409,
      "A conflicting conditional operation is currently in progress against this resource. "
      "Please try again.");
}

// False when it is to be decided again.
bool is_done(const objects::CommitResult& result) {
  if (result) return true;
  if (result.error().refusal == objects::Refusal::Conflict) return false;
  log::error("S3 cannot change its records. " + result.error().message);
  throw_not_stored(result.error().refusal == objects::Refusal::Full);
}

// A commit that a coroutine waits for. What has to follow it follows whether or not anybody waits any more.
class Committing final {
 public:
  Committing(Service& service, async::Reactor& reactor, Records::Commit commit)
      : service_(service), commit_(std::move(commit)), state_(std::make_shared<State>(reactor)) {}
  Committing(const Committing&) = delete;
  Committing& operator=(const Committing&) = delete;
  ~Committing() {
    std::lock_guard lock(state_->mutex);
    state_->is_abandoned = true;
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    state_->waiting = waiting;
    Service::Later later = service_.later();
    // The coroutine may go on, and this be gone, before commit() returns.
    objects::Metadata& metadata = service_.objects().metadata();
    metadata.commit(std::move(commit_.batch),
                    [state = state_, later, effects = std::move(commit_.effects),
                     jobs = std::move(commit_.jobs)](objects::CommitResult result) mutable {
                      state->result = std::move(result);
                      if (!state->result) return resume(state);
                      for (const std::function<void()>& effect : effects) effect();
                      if (jobs.empty() || !later.hand_over(std::move(jobs), [state] { resume(state); }))
                        resume(state);
                    });
  }
  objects::CommitResult await_resume() { return std::move(state_->result); }

 private:
  struct State {
    explicit State(async::Reactor& where) : reactor(where) {}
    async::Reactor& reactor;
    std::coroutine_handle<> waiting;
    objects::CommitResult result;
    std::mutex mutex;
    bool is_abandoned = false;  // Guarded by it; set on the reactor's thread.
  };

  static void resume(const std::shared_ptr<State>& state) {
    std::lock_guard lock(state->mutex);
    if (state->is_abandoned) return;
    state->reactor.post([state] {
      if (!state->is_abandoned) state->waiting.resume();
    });
  }

  Service& service_;
  Records::Commit commit_;
  std::shared_ptr<State> state_;
};

// The bucket's record and the key's, taken down before anything else is read. False: there is no record of
// the bucket.
bool look_first(Records& records, const Subject& subject) {
  const auto bucket = records.find(bucket_key(subject.bucket));
  const auto id = bucket ? read_bucket_id(*bucket) : std::nullopt;
  if (!id) return false;
  if (!subject.key.empty()) static_cast<void>(records.find(current_key(*id, subject.key)));
  return true;
}

}  // namespace

void change(Service& service, aws::Call& call, const std::function<void(Records&)>& work) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    Records records(service, Records::Purpose::Change);
    records.give_writer();
    objects::Metadata& metadata = service.objects().metadata();
    try {
      work(records);
    } catch (const aws::ServiceError&) {
      if (is_done(objects::commit_and_wait(metadata, records.take_reads()))) throw;
      continue;
    }
    Records::Commit commit = records.take_commit();
    if (!is_done(objects::commit_and_wait(metadata, std::move(commit.batch)))) continue;
    for (const std::function<void()>& effect : commit.effects) effect();
    return hand_over(service.jobs(), metadata, call.transaction, commit.jobs);
  }
  throw_contended();
}

async::Task<void> change_waiting(Service& service, aws::LongCall& call, Subject subject,
                                 std::function<void(aws::Call&, Records&)> work) {
  bool needs_writer = false;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    Records records(service, Records::Purpose::Change);
    const bool is_known = look_first(records, subject);
    if (needs_writer) records.give_writer();
    std::function<void(aws::Call&)> decide = [&](aws::Call& inner) {
      if (is_known) return work(inner, records);
      // It is being made or removed, or its record was lost between two commits.
      const BucketRow bucket = require_bucket(inner, subject.bucket);
      if (needs_writer) keep_bucket_record(service, bucket);
    };
    std::exception_ptr refused;
    try {
      if (needs_writer) {
        aws::Caller caller = call;
        co_await call.client.transact_on_worker(call.reactor, std::move(caller), sql::Access::Write, decide);
      } else {
        co_await look_up(service, call, decide);
      }
    } catch (const aws::ServiceError&) {
      refused = std::current_exception();
    }
    if (!refused) {
      needs_writer = needs_writer || !is_known || records.lacks_writer();
      if (!is_known || records.lacks_writer()) continue;
    }
    Records::Commit commit = refused ? Records::Commit{.batch = records.take_reads()} : records.take_commit();
    Committing committing(service, call.reactor, std::move(commit));
    if (!is_done(co_await committing)) continue;
    if (refused) std::rethrow_exception(refused);
    co_return;
  }
  throw_contended();
}

}  // namespace holm::s3
