// Adding and reading; what goes to the database is in flush.cc, what becomes of it there in retention.cc.

#include "metrics/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/check.h"
#include "base/files.h"
#include "base/log.h"
#include "base/strings.h"
#include "metrics/entries.h"
#include "metrics/log.h"
#include "sql/database.h"

namespace holm::metrics {

namespace {

constexpr size_t kOpenMax = 64;   // Slots of a series that are not compressed …
constexpr size_t kOpenKept = 16;  // … and how many of the newest stay so when there are as many.
constexpr int64_t kMinute = 60;

const std::vector<sql::Migration> kMigrations = {
    {1,
     "CREATE TABLE metrics_meta (one INTEGER PRIMARY KEY CHECK (one = 1), log INTEGER NOT NULL);"
     "INSERT INTO metrics_meta (one, log) VALUES (1, 0);"
     "CREATE TABLE metrics_series (id INTEGER PRIMARY KEY, key BLOB NOT NULL, last INTEGER NOT NULL);"
     "CREATE TABLE metrics_block (id INTEGER PRIMARY KEY, series INTEGER NOT NULL, resolution INTEGER NOT "
     "NULL,"
     " first INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL);"
     "CREATE INDEX metrics_block_series ON metrics_block (series, last);"
     "CREATE INDEX metrics_block_age ON metrics_block (resolution, last);"}};

std::string log_path(const std::string& folder, uint64_t number) {
  return fmt::format("{}/log-{:08}", folder, number);
}

// The logs there are, by number.
std::map<uint64_t, std::string> logs_in(const std::string& folder) {
  std::map<uint64_t, std::string> logs;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = file.path().filename().string();
    auto number = name.starts_with("log-") ? parse_integer(name.substr(4)) : std::nullopt;
    if (number && *number > 0) logs[static_cast<uint64_t>(*number)] = file.path().string();
  }
  return logs;
}

void keep_between(std::vector<Slot>& slots, int64_t from, int64_t to) {
  std::erase_if(slots, [&](const Slot& slot) { return slot.time < from || slot.time >= to; });
}

// A block of ours that cannot be read is lost; the others are not.
std::vector<Slot> slots_in(std::string_view bytes) {
  auto slots = decode_block(bytes);
  if (slots) return std::move(*slots);
  log::error(slots.error().message);
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, Clock& clock) {
  if (auto made = make_directories(options.folder); !made) return std::unexpected(made.error());
  auto database = sql::open_sqlite(options.folder + "/metrics.db", {{"metrics", kMigrations}});
  auto store = std::make_unique<Store>(options, clock, std::move(database));
  if (auto done = store->replay(); !done) return std::unexpected(done.error());
  if (auto done = store->begin_log(); !done) return std::unexpected(done.error());
  return store;
}

Store::Store(StoreOptions options, Clock& clock, std::unique_ptr<sql::Database> database)
    : options_(std::move(options)), clock_(clock), database_(std::move(database)) {}

Store::~Store() = default;

Result<void> Store::replay() {
  auto transaction = database_->begin(sql::Access::Read);
  const auto done = static_cast<uint64_t>(transaction->find("SELECT log FROM metrics_meta")->integer(0));
  for (const sql::Row& row : transaction->run("SELECT id, key, last FROM metrics_series")) {
    State& state = state_of(row.blob(1));
    state.id = static_cast<uint64_t>(row.integer(0));
    state.last = row.integer(2);
    state.is_named = state.is_stored = true;
    next_id_ = std::max(next_id_, state.id + 1);
  }
  log_number_ = done;
  std::unordered_map<uint64_t, State*> by_id;
  for (auto& [key, state] : series_) by_id[state->id] = state.get();
  const EntryReader reader{.name =
                               [&](uint64_t id, std::string_view key) {
                                 State& state = state_of(key);
                                 state.id = id;
                                 state.is_named = true;
                                 by_id[id] = &state;
                                 next_id_ = std::max(next_id_, id + 1);
                               },
                           .slot =
                               [&](uint64_t id, const Slot& slot) {
                                 auto found = by_id.find(id);
                                 if (found != by_id.end()) add(*found->second, slot);
                               }};
  auto each = [&reader](std::string_view record) {
    if (auto read = read_entries(record, reader); !read) log::error(read.error().message);
  };
  for (const auto& [number, path] : logs_in(options_.folder)) {
    if (number > done) {
      if (auto read = read_log(path, each); !read) return read;
      log_number_ = number;
    } else {
      std::filesystem::remove(path);
    }
  }
  return {};
}

Result<void> Store::begin_log() {
  auto made = Log::create(log_path(options_.folder, log_number_ + 1));
  if (!made) return std::unexpected(made.error());
  ++log_number_;
  log_ = std::move(*made);
  return {};
}

void Store::remove_logs(uint64_t up_to) const {
  for (const auto& [number, path] : logs_in(options_.folder)) {
    std::error_code ignored;
    if (number <= up_to) std::filesystem::remove(path, ignored);
  }
}

Store::State& Store::state_of(std::string_view key) {
  auto found = by_key_.find(key);
  if (found != by_key_.end()) return *found->second;
  auto [place, is_new] = series_.emplace(std::string(key), std::make_unique<State>());
  State& state = *place->second;
  state.key = place->first;
  state.id = next_id_++;
  by_key_[place->first] = &state;
  return state;
}

void Store::add(State& state, const Slot& slot) {
  if (!state.is_changed) changed_.push_back(&state);
  state.is_changed = true;
  if (!unflushed_since_) unflushed_since_ = clock_.steady();
  state.last = std::max(state.last, slot.time);
  std::vector<Slot>& open = state.open;
  auto place = open.end();
  if (!open.empty() && slot.time <= open.back().time) {
    place = std::ranges::lower_bound(open, slot.time, {}, &Slot::time);
    if (place->time == slot.time) return place->statistics.merge(slot.statistics);
  }
  open.insert(place, slot);
  if (open.size() < kOpenMax) return;
  const std::span<const Slot> old(open.begin(), open.end() - kOpenKept);
  state.sealed.push_back({old.front().time, old.back().time, encode_block(old)});
  open.erase(open.begin(), open.end() - kOpenKept);
}

// Nothing when the log takes no more.
std::optional<Store::Logged> Store::add_all(const std::vector<Keyed>& additions) {
  std::lock_guard lock(mutex_);
  std::string record;
  std::vector<State*> states, named;
  for (const Keyed& each : additions) {
    State& state = state_of(each.key);
    if (!state.is_named) {
      put_name(record, state.id, state.key);
      named.push_back(&state);
    }
    state.is_named = true;
    put_slot(record, state.id, *each.slot);
    states.push_back(&state);
  }
  const auto position = log_->append(record);
  if (!position) {
    for (State* state : named) state->is_named = false;
    return std::nullopt;
  }
  for (size_t i = 0; i < states.size(); ++i) add(*states[i], *additions[i].slot);
  return Logged{log_, *position};
}

void Store::put(const std::vector<Addition>& additions) {
  std::vector<Keyed> keyed;
  keyed.reserve(additions.size());
  for (const Addition& each : additions) keyed.push_back({key_of(each.series), &each.slot});
  const auto logged = add_all(keyed);
  if (!logged) throw sql::StorageFull("the disk takes no more of the log of metrics");
  logged->log->sync(logged->position);
}

void Store::record(const Series& series, Time time, const Statistics& measured) {
  if (measured.count == 0) return;
  const int64_t second = to_milliseconds(time) / 1000;
  const Slot slot{.time = second - second % kMinute, .statistics = measured};
  (void)add_all({{key_of(series), &slot}});
}

void Store::settle() {
  std::shared_ptr<Log> log;
  {
    std::lock_guard lock(mutex_);
    log = log_;
  }
  if (!log->has_unwritten()) return;
  if (auto done = log->write(); !done) log::error(done.error().message);
}

std::vector<Readings> Store::read(const Metric& metric, const std::optional<std::string>& unit, int64_t from,
                                  int64_t to) const {
  struct Part {
    uint64_t id;
    Readings readings;
    std::vector<Block> sealed;
  };
  std::vector<Part> parts;
  const std::string prefix = key_of(metric);
  std::shared_lock moving(moving_);
  auto transaction = database_->begin(sql::Access::Read);
  // The snapshot begins with the first statement.
  transaction->run("SELECT log FROM metrics_meta");
  {
    std::lock_guard lock(mutex_);
    for (auto at = series_.lower_bound(prefix); at != series_.end() && at->first.starts_with(prefix); ++at) {
      const State& state = *at->second;
      Part part{
          .id = state.id, .readings = {at->first.substr(prefix.size()), state.open}, .sealed = state.sealed};
      if (unit && part.readings.unit != *unit) continue;
      auto taken = batch_ ? batch_->find(state.id) : Batch::const_iterator();
      if (batch_ && taken != batch_->end()) {
        merge_slots(part.readings.slots, taken->second.open);
        std::ranges::copy(taken->second.sealed, std::back_inserter(part.sealed));
      }
      parts.push_back(std::move(part));
    }
  }
  moving.unlock();
  std::vector<Readings> result;
  for (Part& part : parts) {
    std::vector<Slot>& slots = part.readings.slots;
    for (const Block& block : part.sealed) {
      if (block.last >= from && block.first < to) merge_slots(slots, slots_in(block.bytes));
    }
    for (const sql::Row& row : transaction->run(
             "SELECT data FROM metrics_block WHERE series = ?1 AND last >= ?2 AND first < ?3 ORDER BY first",
             {static_cast<int64_t>(part.id), from, to})) {
      merge_slots(slots, slots_in(row.blob(0)));
    }
    keep_between(slots, from, to);
    if (!slots.empty()) result.push_back(std::move(part.readings));
  }
  return result;
}

std::vector<ListedSeries> Store::list(std::string_view prefix, std::string_view after, size_t count) const {
  std::vector<ListedSeries> found;
  std::lock_guard lock(mutex_);
  auto at = after > prefix ? series_.upper_bound(after) : series_.lower_bound(prefix);
  for (; at != series_.end() && found.size() < count && at->first.starts_with(prefix); ++at) {
    auto series = series_of(at->first);
    CHECK(series.has_value());
    found.push_back({std::move(*series), at->second->last});
  }
  return found;
}

}  // namespace holm::metrics
