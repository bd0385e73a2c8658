// Versions in the order of keys.

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "services/s3/record_codec.h"
#include "services/s3/records.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr size_t kPageMin = 8, kPageMax = 1001;

// Two lists of records that were read together, as one.
class Merged {
 public:
  // Up to `asked` records of each kind that are not before `last`.
  Merged(Records& records, int64_t bucket, const VersionPosition& last, const std::string& end, size_t asked)
      : asked_(asked) {
    const std::array<objects::Range, 2> ranges = {current_range(bucket, last.key, end),
                                                  past_range(bucket, last.key, last.id, end)};
    found_ = records.scan_all(ranges, asked);
  }

  // Nothing: what follows has not been read, or does not exist.
  std::optional<VersionRow> next() {
    auto& [current, past] = next_;
    const bool has_current = current < found_[0].size(), has_past = past < found_[1].size();
    if (!has_current && !has_past) return std::nullopt;
    if ((!has_current && is_cut(0)) || (!has_past && is_cut(1))) return std::nullopt;
    std::string key(has_current ? key_of_current(found_[0][current].key) : std::string_view());
    std::string past_key = has_past ? position_of_past(found_[1][past].key).key : std::string();
    if (has_current && (!has_past || key <= past_key)) {
      return version_in(found_[0][current++].value, std::move(key), true);
    }
    return version_in(found_[1][past++].value, std::move(past_key), false);
  }
  bool is_all() const { return !is_cut(0) && !is_cut(1); }

 private:
  bool is_cut(size_t kind) const { return found_[kind].size() == asked_; }

  const size_t asked_;
  std::vector<objects::RecordPage> found_;  // Current ones, past ones.
  std::array<size_t, 2> next_{};
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

// A version that is followed by another, or is the current one again, is in just one of the two lists only where
// they are of one moment.
std::vector<VersionRow> list_versions(Records& records, int64_t bucket, const std::string& from,
                                      const VersionPosition& after, const std::string& end, size_t count) {
  std::vector<VersionRow> rows;
  VersionPosition last = from == after.key ? after : VersionPosition{from, 0};
  while (rows.size() < count) {
    Merged merged(records, bucket, last, end, std::clamp(count - rows.size(), kPageMin, kPageMax));
    while (rows.size() < count) {
      auto row = merged.next();
      if (!row) break;
      if (last.id != 0 && row->key == last.key && row->id >= last.id) continue;
      last = {row->key, row->id};
      rows.push_back(std::move(*row));
    }
    if (merged.is_all()) break;
  }
  return rows;
}

std::vector<VersionRow> next_versions(Records& records, int64_t bucket, VersionPosition& last, size_t count) {
  std::vector<VersionRow> rows = list_versions(records, bucket, last.key, last, "", count);
  if (!rows.empty()) last = {rows.back().key, rows.back().id};
  return rows;
}

}  // namespace holm::s3
