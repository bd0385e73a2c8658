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

Outlines list_current(Records& records, int64_t bucket, const std::string& from, const std::string& end,
                      size_t count) {
  Outlines found;
  found.rows.reserve(std::min(count, kPageMax));
  objects::Range range = current_range(bucket, from, end);
  while (found.rows.size() < count) {
    // What is behind the last one that is wanted is not read in vain.
    const size_t asked = std::clamp(count - found.rows.size(), kPageMin, kPageMax);
    const auto& page = found.records.emplace_back(records.scan(range, asked));
    for (const objects::Record& record : page) {
      if (found.rows.size() == count) break;
      if (const auto row = outline_in(record.value, key_of_current(record.key))) found.rows.push_back(*row);
    }
    if (page.size() < asked) break;
    range.from = page.back().key + '\0';
  }
  return found;
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
    std::string key(now ? key_of_current(now->key) : std::string_view());
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
