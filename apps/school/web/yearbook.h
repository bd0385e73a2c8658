// A year's yearbook: the entries of its pupils, who sees which portrait, and what editors decide.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kit/mysql.h"
#include "web/roles.h"

namespace school {

struct Yearbook {
  std::int64_t id = 0;
  std::int64_t year = 0;   // The calendar year in which the school year begins.
  std::string year_name;   // 2025/26.
  std::string title;
  std::string state;       // draft, collecting, review, published.

  bool is_published() const { return state == "published"; }
};

struct Entry {
  std::int64_t year = 0;
  std::int64_t student = 0;
  std::string first_name;
  std::string last_name;
  std::string form_group;
  std::string state;   // none, uploaded, processing, ready, approved, rejected, failed.
  std::string reason;  // Why it was rejected or failed.
  std::string quote;
  std::string clubs;
  bool has_consent = false;         // The school's record and the pupil both allow it.
  bool has_person_consent = false;  // The school's record allows it.
  bool wants_in = true;             // The pupil allows it.
  std::string web_key;              // Empty: no compressed copy yet.
  std::string thumb_key;
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;
  std::int64_t milliseconds = 0;
  std::int64_t version = 0;

  // Editors and the pupil see every compressed copy, everybody else approved ones.
  bool shows_portrait_to(const Viewer& viewer) const;
  // The pupil and editors see state, reason and numbers.
  bool is_open_to(const Viewer& viewer) const;
};

struct EntryFilter {
  std::int64_t form_group_id = 0;  // 0: any.
  std::string state;               // Empty: any.
  std::string search;
};

struct YearbookCounts {
  std::int64_t pupils = 0;  // With consent.
  std::int64_t approved = 0;
  std::int64_t ready = 0;
  std::int64_t missing = 0;  // Nothing uploaded, or refused.
  std::int64_t bytes_saved = 0;
};

struct EntryChange {
  std::optional<std::string> quote;
  std::optional<std::string> clubs;
  std::optional<bool> wants_in;
};

class Yearbooks final {
 public:
  // Grids may be read from `reader`, which may lag a moment behind.
  Yearbooks(kit::Database& database, kit::Database& reader)
      : database_(database), reader_(reader) {}

  // Of the open year; nothing when there is none.
  std::optional<Yearbook> find_current();
  // Throws 404.
  Yearbook require(std::int64_t year);

  // Only pupils with consent, whoever asks. A state filter needs an editor (403).
  std::vector<Entry> list(const Viewer& viewer, std::int64_t year, const EntryFilter& filter);
  // Throws 404 for a pupil not in the year, or without consent unless it is oneself or an editor.
  Entry require_entry(const Viewer& viewer, std::int64_t year, std::int64_t student);
  YearbookCounts counts(std::int64_t year);

  // The pupil or an editor; throws 400, 403, 404, 409 (published).
  void change(const Viewer& viewer, std::int64_t year, std::int64_t student,
              const EntryChange& input);
  // An editor; throws 403, 404, 409 (not ready).
  void approve(const Viewer& viewer, std::int64_t year, std::int64_t student);
  void reject(const Viewer& viewer, std::int64_t year, std::int64_t student,
              const std::string& reason);
  void publish(const Viewer& viewer, std::int64_t year);

 private:
  kit::Database& database_;
  kit::Database& reader_;
};

// Throws 403 unless the viewer is that pupil or an editor.
void require_own_entry(const Viewer& viewer, std::int64_t student);

// Makes the row of an entry if it is not there, and locks it.
void lock_entry(kit::Connection& connection, std::int64_t yearbook_id, std::int64_t student);

}  // namespace school
