// Reading records and gathering changes.

#include "services/s3/records.h"

#include <algorithm>

#include "base/log.h"
#include "objects/blob_store.h"
#include "services/s3/object_source.h"
#include "services/s3/record_keys.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

template <class T>
T require(objects::Outcome<T> outcome) {
  if (outcome) return std::move(*outcome);
  log::error("S3 cannot use its records. " + outcome.error().message);
  throw_unreadable();
}

bool is_in(const objects::Range& range, const std::string& key) {
  return key >= range.from && (range.end.empty() || key < range.end);
}

}  // namespace

Records::Records(const Service& service, Purpose purpose)
    : service_(service),
      metadata_(service.objects().metadata()),
      bodies_(service.objects().bodies()),
      purpose_(purpose) {}

// What a change has read once stays what it decides by.
const std::optional<objects::RecordState>& Records::read(const std::string& key) {
  const auto seen = seen_.find(key);
  if (seen != seen_.end()) return seen->second;
  return seen_.emplace(key, require(metadata_.find(key))).first->second;
}

std::optional<std::string> Records::find(const std::string& key) {
  const auto changed = changes_.find(key);
  if (changed != changes_.end()) return changed->second;
  if (purpose_ == Purpose::Look) {
    auto record = require(metadata_.find(key));
    return record ? std::optional(std::move(record->value)) : std::nullopt;
  }
  const auto& record = read(key);
  return record ? std::optional(record->value) : std::nullopt;
}

std::ranges::subrange<Records::Changes::const_iterator> Records::changes_in(const objects::Range& range) const {
  const auto first = changes_.lower_bound(range.from);
  auto last = first;
  while (last != changes_.end() && is_in(range, last->first)) ++last;
  return {first, last};
}

std::vector<objects::Record> Records::scan(const objects::Range& range, size_t records_max) {
  return std::move(scan_all({&range, 1}, records_max).front());
}

std::vector<objects::RecordPage> Records::scan_all(std::span<const objects::Range> ranges,
                                                            size_t records_max) {
  size_t changed = 0;  // So many that are stored may be no more.
  for (const objects::Range& range : ranges)
    changed = std::max(changed, static_cast<size_t>(std::ranges::distance(changes_in(range))));
  auto found = require(metadata_.scan_all(ranges, records_max + changed));
  for (size_t i = 0; i < ranges.size(); ++i) {
    std::vector<objects::Record>& records = found[i];
    if (purpose_ == Purpose::Change) {
      for (const objects::Record& record : records)
        seen_.emplace(record.key, objects::RecordState{record.value, record.stamp});
    }
    if (changed == 0) continue;
    std::map<std::string, std::string> merged;
    for (objects::Record& record : records) merged.emplace(std::move(record.key), std::move(record.value));
    for (const auto& [key, value] : changes_in(ranges[i])) {
      merged.erase(key);
      if (value) merged.emplace(key, *value);
    }
    records.clear();
    for (auto& [key, value] : merged) {
      if (records.size() == records_max) break;
      records.push_back({key, std::move(value)});
    }
  }
  return found;
}

Result<std::string> Records::read_body(objects::BodyId body) {
  const auto reader = bodies_.open_body(body);
  if (!reader) return failure(reader.error().message);
  auto bytes = (*reader)->take();
  if (!bytes) return failure(bytes.error().message);
  return std::move(*bytes);
}

int64_t Records::take_id() { return service_.first_id() + static_cast<int64_t>(metadata_.take_number()); }

objects::BodyId Records::adopt(std::string_view bytes) {
  const auto writer = require(bodies_.write_body());
  if (auto written = writer->write(bytes); !written)
    throw_not_stored(written.error().fault == objects::Fault::Full);
  auto body = writer->finish();
  if (!body) throw_not_stored(body.error().fault == objects::Fault::Full);
  return adopt(std::shared_ptr(std::move(*body)));
}

objects::BodyId Records::adopt(std::shared_ptr<objects::NewBody> body) {
  adopted_.push_back(std::move(body));
  return adopted_.back()->id();
}

std::string Records::adopt_blob(std::shared_ptr<objects::NewBody> body) {
  std::string blob = objects::blob_id_of(*body);
  objects::Change record = objects::blob_record_of(blob);
  changes_[std::move(record.key)] = std::move(record.value);
  adopted_.push_back(std::move(body));
  return blob;
}

void Records::own_blob(const std::string& blob) {
  std::erase(disowned_, blob);
  put(blob_key(blob), "");
}

void Records::disown_blob(const std::string& blob) {
  erase(blob_key(blob));
  disowned_.push_back(blob);
}

void Records::schedule(const jobs::Job& job, Time due) {
  const std::string key = outbox_key(metadata_.take_number());
  put(key, encode_job(job, due));
  jobs_.emplace_back(key, std::pair(job, due));
}

bool Records::is_changed() const { return !changes_.empty() || !empty_.empty(); }

objects::Batch Records::take_reads() {
  objects::Batch batch;
  for (const auto& [key, record] : seen_) batch.expected.push_back({key, record ? record->stamp : 0});
  batch.empty = std::move(empty_);
  return batch;
}

Records::Commit Records::take_commit() {
  Commit commit{.batch = take_reads()};
  for (auto& [key, value] : changes_) commit.batch.changes.push_back({key, std::move(value)});
  commit.batch.adopted = std::move(adopted_);
  commit.batch.forgotten = std::move(forgotten_);
  commit.effects = std::move(effects_);
  if (!disowned_.empty()) {
    commit.effects.emplace_back(
        [&leases = service_.leases(), blobs = std::move(disowned_)] { leases.remove(blobs); });
  }
  commit.jobs = std::move(jobs_);
  return commit;
}

}  // namespace holm::s3
