// Blocks of the database: few of them, and coarser the older they are.

#include "metrics/retention.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/log.h"
#include "metrics/store.h"
#include "sql/database.h"

namespace holm::metrics {

namespace {

constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 24 * kHour;

struct Tier {
  int64_t resolution;
  int64_t kept_for;
  int64_t window;
};

constexpr std::array<Tier, 4> kTiers = {Tier{1, 3 * kHour, kHour}, Tier{60, 15 * kDay, kDay},
                                        Tier{300, 63 * kDay, 5 * kDay}, Tier{3600, 455 * kDay, 60 * kDay}};
constexpr int64_t kBlocksOfWindowMax = 5;  // With more they are made one.
constexpr int64_t kSeriesAtOnce = 64;      // In one transaction.

// The finest that describes every slot: slots come to the second or to the minute.
int64_t resolution_of(const std::vector<Slot>& slots) {
  const bool is_fine = std::ranges::any_of(slots, [](const Slot& slot) { return slot.time % 60 != 0; });
  return is_fine ? 1 : 60;
}

void write_block(sql::Transaction& transaction, int64_t series, int64_t resolution,
                 std::span<const Slot> slots) {
  transaction.run(
      "INSERT INTO metrics_block (series, resolution, first, last, data) VALUES (?1, ?2, ?3, ?4, ?5)",
      {series, resolution, slots.front().time, slots.back().time, sql::Blob{encode_block(slots)}});
}

void write_windows(sql::Transaction& transaction, int64_t series, int64_t resolution,
                   const std::vector<Slot>& slots) {
  const int64_t window = window_of(resolution);
  size_t begin = 0;
  for (size_t end = 1; end <= slots.size(); ++end) {
    const bool is_end = end == slots.size() || slots[end].time / window != slots[begin].time / window;
    if (!is_end) continue;
    write_block(transaction, series, resolution, std::span(slots).subspan(begin, end - begin));
    begin = end;
  }
}

}  // namespace

std::optional<int64_t> resolution_at(int64_t age_seconds) {
  for (const Tier& tier : kTiers) {
    if (age_seconds <= tier.kept_for) return tier.resolution;
  }
  return std::nullopt;
}

int64_t window_of(int64_t resolution) {
  for (const Tier& tier : kTiers) {
    if (tier.resolution == resolution) return tier.window;
  }
  return kHour;
}

void write_blocks(sql::Transaction& transaction, int64_t series, std::vector<Slot> slots) {
  if (!slots.empty()) write_windows(transaction, series, resolution_of(slots), slots);
}

// Rewrites what has become too old for its resolution, and windows with many blocks.
void Store::coarsen_old(int64_t now) {
  std::set<int64_t> series;
  {
    auto transaction = database_->begin(sql::Access::Read);
    for (const Tier& tier : kTiers) {
      for (const sql::Row& row :
           transaction->run("SELECT DISTINCT series FROM metrics_block WHERE resolution = ?1 AND last < ?2",
                            {tier.resolution, now - tier.kept_for})) {
        series.insert(row.integer(0));
      }
      for (const sql::Row& row : transaction->run(
               "SELECT DISTINCT series FROM (SELECT series, count(*) AS blocks FROM metrics_block"
               " WHERE resolution = ?1 GROUP BY series, first / ?2) WHERE blocks > ?3",
               {tier.resolution, tier.window, kBlocksOfWindowMax})) {
        series.insert(row.integer(0));
      }
    }
  }
  auto at = series.begin();
  while (at != series.end()) {
    auto transaction = database_->begin(sql::Access::Write);
    for (int64_t i = 0; i < kSeriesAtOnce && at != series.end(); ++i, ++at) {
      rewrite_blocks(*transaction, *at, now);
    }
    transaction->commit();
  }
}

void Store::rewrite_blocks(sql::Transaction& transaction, int64_t series, int64_t now) {
  struct Window {
    std::vector<int64_t> blocks;
    bool is_coarser = false;
  };
  using Place = std::pair<int64_t, int64_t>;  // The resolution it is to have, and the window's number.
  std::map<Place, Window> windows;
  for (const sql::Row& row : transaction.run(
           "SELECT id, resolution, first, last FROM metrics_block WHERE series = ?1 ORDER BY first",
           {series})) {
    const int64_t was = row.integer(1);
    const auto wanted = resolution_at(now - row.integer(3));
    if (!wanted) {
      transaction.run("DELETE FROM metrics_block WHERE id = ?1", {row.integer(0)});
      continue;
    }
    const int64_t resolution = std::max(was, *wanted);
    Window& window = windows[{resolution, row.integer(2) / window_of(resolution)}];
    window.blocks.push_back(row.integer(0));
    window.is_coarser = window.is_coarser || resolution != was;
  }
  for (const auto& [place, window] : windows) {
    if (!window.is_coarser && static_cast<int64_t>(window.blocks.size()) <= kBlocksOfWindowMax) continue;
    std::vector<Slot> slots;
    for (int64_t id : window.blocks) {
      auto row = transaction.find("SELECT data FROM metrics_block WHERE id = ?1", {id});
      auto decoded = decode_block(row->blob(0));
      if (decoded) merge_slots(slots, std::move(*decoded));
      else log::error(decoded.error().message);
      transaction.run("DELETE FROM metrics_block WHERE id = ?1", {id});
    }
    coarsen(slots, place.first);
    write_windows(transaction, series, place.first, slots);
  }
}

// Series of which nothing is left.
void Store::forget_old(int64_t now) {
  auto transaction = database_->begin(sql::Access::Write);
  const auto gone = transaction->run(
      "SELECT id, key FROM metrics_series s WHERE last < ?1 AND NOT EXISTS"
      " (SELECT 1 FROM metrics_block WHERE series = s.id)",
      {now - kTiers.back().kept_for});
  if (gone.empty()) return;
  std::lock_guard lock(mutex_);
  for (const sql::Row& row : gone) {
    auto found = series_.find(row.blob(1));
    if (found == series_.end() || found->second->is_changed) continue;
    transaction->run("DELETE FROM metrics_series WHERE id = ?1", {row.integer(0)});
    by_key_.erase(found->first);
    series_.erase(found);
  }
  transaction->commit();
}

}  // namespace holm::metrics
