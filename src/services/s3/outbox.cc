// The outbox.

#include "services/s3/outbox.h"

#include "base/log.h"
#include "objects/coding.h"
#include "objects/metadata.h"
#include "services/s3/record_keys.h"
#include "services/s3/records.h"
#include "services/s3/service.h"
#include "sql/database.h"

namespace holm::s3 {

namespace {

constexpr size_t kPage = 500;

}  // namespace

std::string encode_job(const jobs::Job& job, Time due) {
  std::string bytes;
  objects::put_varint(bytes, static_cast<uint64_t>(to_milliseconds(due)));
  objects::put_text(bytes, job.kind);
  objects::put_text(bytes, job.key);
  objects::put_text(bytes, job.payload);
  return bytes;
}

std::optional<std::pair<jobs::Job, Time>> read_job(std::string_view bytes) {
  objects::ByteReader reader(bytes);
  uint64_t due = 0;
  std::string_view kind, key, payload;
  if (!reader.varint(due) || !reader.text(kind) || !reader.text(key) || !reader.text(payload))
    return std::nullopt;
  return std::pair(
      jobs::Job{.kind = std::string(kind), .key = std::string(key), .payload = std::string(payload)},
      from_milliseconds(static_cast<int64_t>(due)));
}

void hand_over(jobs::Jobs& jobs, objects::Metadata& metadata, sql::Transaction& transaction,
               const LaterJobs& later) {
  if (later.empty()) return;
  objects::Batch told;
  for (const auto& [key, job] : later) {
    jobs.schedule(transaction, job.first, job.second);
    told.changes.push_back({key, std::nullopt});
  }
  transaction.after_commit([&metadata, told] {
    metadata.commit(told, [](const objects::CommitResult& done) {
      if (!done) log::warning("S3: events may be told again. " + done.error().message);
    });
  });
}

void empty_outbox(Service& service) {
  while (true) {
    Records records(service);
    LaterJobs later;
    for (const objects::Record& record : records.scan(whole_outbox(), kPage)) {
      if (auto job = read_job(record.value)) later.emplace_back(record.key, std::move(*job));
    }
    if (later.empty()) return;
    auto transaction = service.database().begin(sql::Access::Write);
    hand_over(service.jobs(), service.objects().metadata(), *transaction, later);
    transaction->commit();
    static_cast<void>(objects::commit_and_wait(service.objects().metadata(), {}));
  }
}

}  // namespace holm::s3
