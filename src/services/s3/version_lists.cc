// Versions in the order of keys.

#include <algorithm>
#include <limits>

#include "services/s3/record_codec.h"
#include "services/s3/records.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr size_t kPageMin = 8, kPageMax = 1001;

// The records of a range, one after the other, read page by page.
class Walk {
 public:
  Walk(Records& records, objects::Range range, size_t expected)
      : records_(records), range_(std::move(range)), page_(std::clamp(expected, kPageMin, kPageMax)) {}

  // Null at the end.
  const objects::Record* peek() {
    if (next_ < read_.size()) return &read_[next_];
    if (is_at_end_) return nullptr;
    read_ = records_.scan(range_, page_);
    next_ = 0;
    is_at_end_ = read_.size() < page_;
    if (read_.empty()) return nullptr;
    range_.from = read_.back().key + '\0';
    return &read_.front();
  }
  void next() { ++next_; }

 private:
  Records& records_;
  objects::Range range_;
  const size_t page_;
  std::vector<objects::Record> read_;
  size_t next_ = 0;
  bool is_at_end_ = false;
};

}  // namespace

std::vector<VersionRow> history_of(Records& records, int64_t bucket, const std::string& key) {
  return list_versions(records, bucket, key, {}, key + '\0', std::numeric_limits<size_t>::max());
}

std::vector<VersionRow> list_current(Records& records, int64_t bucket, const std::string& from,
                                     const std::string& end, size_t count) {
  std::vector<VersionRow> rows;
  rows.reserve(std::min(count, kPageMax));
  for (Walk walk(records, current_range(bucket, from, end), count); rows.size() < count; walk.next()) {
    const objects::Record* record = walk.peek();
    if (record == nullptr) break;
    VersionRow row = outline_in(record->value, key_of_current(record->key));
    if (row.what == What::Object) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<VersionRow> list_versions(Records& records, int64_t bucket, const std::string& from,
                                      const VersionPosition& after, const std::string& end, size_t count) {
  std::vector<VersionRow> rows;
  const bool goes_on = after.id != 0 && from == after.key;
  Walk current(records, current_range(bucket, from, end), count);
  Walk past(records, past_range(bucket, from, goes_on ? after.id : 0, end), count);
  while (rows.size() < count) {
    const objects::Record *now = current.peek(), *before = past.peek();
    if (now == nullptr && before == nullptr) break;
    std::string key = now ? key_of_current(now->key) : std::string();
    std::string past_key = before ? position_of_past(before->key).key : std::string();
    const bool is_current = now != nullptr && (before == nullptr || key <= past_key);
    VersionRow row = is_current ? version_in(now->value, std::move(key), true)
                                : version_in(before->value, std::move(past_key), false);
    (is_current ? current : past).next();
    if (!goes_on || row.key != after.key || row.id < after.id) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<VersionRow> next_versions(Records& records, int64_t bucket, VersionPosition& last, size_t count) {
  std::vector<VersionRow> rows = list_versions(records, bucket, last.key, last, "", count);
  if (!rows.empty()) last = {rows.back().key, rows.back().id};
  return rows;
}

}  // namespace holm::s3
