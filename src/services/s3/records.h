// What a request reads of S3's records in the object store, and what it is going to change, all at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "jobs/jobs.h"
#include "objects/store.h"
#include "services/s3/outbox.h"

namespace holm::s3 {

class Service;

// Shows what is durable and, over it, its own changes. One that changes something takes down what it has
// read: its commit happens only if all of that is still so. One thread at a time. What cannot be read is told
// in the log and throws InternalError.
class Records final {
 public:
  enum class Purpose : uint8_t { Look, Change };
  explicit Records(const Service& service, Purpose purpose = Purpose::Look);
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;

  std::optional<std::string> find(const std::string& key);
  // The first `records_max` records of the range. Stamps mean nothing here.
  std::vector<objects::Record> scan(const objects::Range& range, size_t records_max);
  // So of each of the ranges, all of one moment.
  std::vector<objects::RecordPage> scan_all(std::span<const objects::Range> ranges, size_t records_max);
  // The bytes that a record names; a failure when they are damaged, or were removed since it was read.
  Result<std::string> read_body(objects::BodyId body);

  void put(const std::string& key, std::string value) { changes_[key] = std::move(value); }
  void erase(const std::string& key) { changes_[key] = std::nullopt; }
  void require_empty(objects::Range range) { empty_.push_back(std::move(range)); }
  // Greater than those of all versions that there were before.
  int64_t take_id();
  // Few bytes that become durable with the commit.
  objects::BodyId adopt(std::string_view bytes);
  objects::BodyId adopt(std::shared_ptr<objects::NewBody> body);
  // Many of them, which become a blob with it: its id.
  std::string adopt_blob(std::shared_ptr<objects::NewBody> body);
  void forget_body(objects::BodyId body) { forgotten_.push_back(body); }
  // A blob is somebody's from now on, or nobody's: then it is removed after the commit.
  void own_blob(const std::string& blob);
  void disown_blob(const std::string& blob);
  // Runs some time after the commit, at least once, whatever happens in between.
  void schedule(const jobs::Job& job, Time due);
  // Runs on a thread of the store once the commit is durable; it must not block.
  void after_commit(std::function<void()> effect) { effects_.push_back(std::move(effect)); }

  // Whether what was decided would write rows too, for which there is no transaction yet (changes.h).
  bool wait_for_writer(bool is_needed) { return lacks_writer_ = is_needed && !has_writer_; }

  // For changes.h.
  struct Commit {
    objects::Batch batch;
    std::vector<std::function<void()>> effects;
    LaterJobs jobs;
  };
  bool is_changed() const;
  Commit take_commit();
  // What was read, without what was to be changed: reads are of several moments, so a refusal, too, holds only if
  // all of it is still so.
  objects::Batch take_reads();
  void give_writer() { has_writer_ = true; }
  bool lacks_writer() const { return lacks_writer_; }

 private:
  const std::optional<objects::RecordState>& read(const std::string& key);
  using Changes = std::map<std::string, std::optional<std::string>>;
  std::ranges::subrange<Changes::const_iterator> changes_in(const objects::Range& range) const;

  const Service& service_;
  objects::Metadata& metadata_;
  objects::Bodies& bodies_;
  const Purpose purpose_;
  std::map<std::string, std::optional<objects::RecordState>> seen_;
  Changes changes_;
  std::vector<objects::Range> empty_;
  std::vector<std::shared_ptr<objects::NewBody>> adopted_;
  std::vector<objects::BodyId> forgotten_;
  std::vector<std::string> disowned_;
  std::vector<std::function<void()>> effects_;
  LaterJobs jobs_;
  bool has_writer_ = false, lacks_writer_ = false;
};

}  // namespace holm::s3
