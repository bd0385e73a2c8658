// A year's yearbook: the entries of its pupils, who sees which portrait, and what editors decide.

#include "web/yearbook.h"

#include "kit/web.h"

namespace school {

namespace {

using kit::HttpError;

constexpr std::size_t kTextMax = 200;
constexpr std::size_t kReasonMax = 200;

constexpr char kEntries[] =
    "SELECT yearbook.year_id, person.id AS student, first_name, last_name, "
    "COALESCE(form_group.name, '') AS form_group, COALESCE(yb_entry.state, 'none') AS state, "
    "reason, COALESCE(quote, '') AS quote, COALESCE(clubs, '') AS clubs, consent_photo, "
    "COALESCE(consent, 1) AS wants_in, web_key, thumb_key, bytes_in, bytes_out, ms, "
    "COALESCE(version, 0) AS version FROM yearbook "
    "JOIN student_enrolment ON student_enrolment.year_id = yearbook.year_id "
    "JOIN person ON person.id = student_enrolment.person_id AND person.state = 'active' "
    "LEFT JOIN form_group ON form_group.id = student_enrolment.form_group_id "
    "LEFT JOIN yb_entry ON yb_entry.yearbook_id = yearbook.id AND yb_entry.student_id = person.id "
    "WHERE yearbook.year_id = ? ";

constexpr char kWithConsent[] = "AND consent_photo AND COALESCE(consent, 1) ";

Entry entry_of(const kit::Row& row) {
  Entry entry{.year = row.number("year_id"),
              .student = row.number("student"),
              .first_name = row.text("first_name"),
              .last_name = row.text("last_name"),
              .form_group = row.text("form_group"),
              .state = row.text("state"),
              .reason = row.text("reason"),
              .quote = row.text("quote"),
              .clubs = row.text("clubs"),
              .has_person_consent = row.is_true("consent_photo"),
              .wants_in = row.is_true("wants_in"),
              .web_key = row.text("web_key"),
              .thumb_key = row.text("thumb_key"),
              .bytes_in = row.number("bytes_in"),
              .bytes_out = row.number("bytes_out"),
              .milliseconds = row.number("ms"),
              .version = row.number("version")};
  entry.has_consent = entry.has_person_consent && entry.wants_in;
  return entry;
}

Yearbook yearbook_of(const kit::Row& row) {
  return {.id = row.number("id"),
          .year = row.number("year_id"),
          .year_name = row.text("name"),
          .title = row.text("title"),
          .state = row.text("state")};
}

constexpr char kYearbooks[] =
    "SELECT yearbook.id, year_id, name, title, yearbook.state FROM yearbook "
    "JOIN school_year ON school_year.id = year_id ";

std::string like_pattern(const std::string& search) {
  std::string pattern = "%";
  for (char c : search) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

void require_editor(const Viewer& viewer) {
  if (!viewer.is_editor()) throw HttpError(403, "forbidden", "Only editors may do that.");
}

void require_unpublished(const Yearbook& yearbook) {
  if (yearbook.is_published()) {
    throw HttpError(409, "conflict", "This yearbook is published and does not change any more.");
  }
}

// Characters, not bytes: the column counts those.
std::size_t length(const std::string& text) {
  std::size_t count = 0;
  for (unsigned char c : text) count += (c & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

void audit(kit::Connection& connection, const Viewer& viewer, const char* action,
           std::int64_t year, std::int64_t student, const std::string& after) {
  connection.run("INSERT INTO audit_log (actor, action, object, `after`) VALUES (?, ?, ?, ?)",
                 {viewer.person_id, action,
                  "yearbook/" + std::to_string(year) + "/" + std::to_string(student), after});
}

}  // namespace

bool Entry::is_open_to(const Viewer& viewer) const {
  return viewer.is_editor() || viewer.person_id == student;
}

bool Entry::shows_portrait_to(const Viewer& viewer) const {
  if (web_key.empty()) return false;
  return is_open_to(viewer) || (state == "approved" && has_consent);
}

void require_own_entry(const Viewer& viewer, std::int64_t student) {
  if (!viewer.is_editor() && viewer.person_id != student) {
    throw HttpError(403, "forbidden", "This entry is not yours.");
  }
}

void lock_entry(kit::Connection& connection, std::int64_t yearbook_id, std::int64_t student) {
  connection.run("INSERT IGNORE INTO yb_entry (yearbook_id, student_id) VALUES (?, ?)",
                 {yearbook_id, student});
  connection.run("SELECT id FROM yb_entry WHERE yearbook_id = ? AND student_id = ? FOR UPDATE",
                 {yearbook_id, student});
}

std::optional<Yearbook> Yearbooks::find_current() {
  auto rows = reader_.read(std::string(kYearbooks) + "WHERE school_year.state = 'open'");
  if (rows.empty()) return std::nullopt;
  return yearbook_of(rows[0]);
}

Yearbook Yearbooks::require(std::int64_t year) {
  auto rows = database_.read(std::string(kYearbooks) + "WHERE year_id = ?", {year});
  if (rows.empty()) throw HttpError(404, "not_found", "That year has no yearbook.");
  return yearbook_of(rows[0]);
}

std::vector<Entry> Yearbooks::list(const Viewer& viewer, std::int64_t year,
                                   const EntryFilter& filter) {
  std::string sql = std::string(kEntries) + kWithConsent;
  std::vector<kit::Argument> arguments{year};
  if (filter.form_group_id != 0) {
    sql += "AND form_group.id = ? ";
    arguments.emplace_back(filter.form_group_id);
  }
  if (!filter.state.empty()) {
    // Whose portrait waits or was refused is between that pupil and the editors.
    if (filter.state != "approved") require_editor(viewer);
    sql += "AND COALESCE(yb_entry.state, 'none') = ? ";
    arguments.emplace_back(filter.state);
  }
  if (!filter.search.empty()) {
    sql += "AND CONCAT(first_name, ' ', last_name) LIKE ? ";
    arguments.emplace_back(like_pattern(filter.search));
  }
  sql += "ORDER BY form_group.sort, form_group.name, last_name, first_name, person.id";
  // Editors read what they just changed; everybody else may see it a moment later.
  kit::Database& source = viewer.is_editor() ? database_ : reader_;
  std::vector<Entry> entries;
  for (const kit::Row& row : source.read(sql, arguments)) entries.push_back(entry_of(row));
  return entries;
}

Entry Yearbooks::require_entry(const Viewer& viewer, std::int64_t year, std::int64_t student) {
  auto rows = database_.read(std::string(kEntries) + "AND person.id = ?", {year, student});
  if (rows.empty()) throw HttpError(404, "not_found", "There is no such entry.");
  Entry entry = entry_of(rows[0]);
  if (!entry.has_consent && !entry.is_open_to(viewer)) {
    throw HttpError(404, "not_found", "There is no such entry.");
  }
  return entry;
}

YearbookCounts Yearbooks::counts(std::int64_t year) {
  auto rows = reader_.read(
      std::string("SELECT COUNT(*) AS pupils, COALESCE(SUM(state = 'approved'), 0) AS approved, "
                  "COALESCE(SUM(state = 'ready'), 0) AS ready, "
                  "COALESCE(SUM(state IN ('none', 'rejected', 'failed')), 0) AS missing, "
                  "COALESCE(SUM(CASE WHEN bytes_out > 0 THEN bytes_in - bytes_out END), 0) "
                  "AS saved FROM (") +
          kEntries + kWithConsent + ") AS entries",
      {year});
  const kit::Row& row = rows.at(0);
  return {.pupils = row.number("pupils"),
          .approved = row.number("approved"),
          .ready = row.number("ready"),
          .missing = row.number("missing"),
          .bytes_saved = row.number("saved")};
}

void Yearbooks::change(const Viewer& viewer, std::int64_t year, std::int64_t student,
                       const EntryChange& input) {
  require_own_entry(viewer, student);
  require_entry(viewer, year, student);
  Yearbook yearbook = require(year);
  require_unpublished(yearbook);
  if (input.quote && length(*input.quote) > kTextMax) {
    throw HttpError(400, "invalid", "A quote has at most 200 characters.", "quote");
  }
  if (input.clubs && length(*input.clubs) > kTextMax) {
    throw HttpError(400, "invalid", "At most 200 characters.", "clubs");
  }
  database_.transaction([&](kit::Connection& connection) {
    lock_entry(connection, yearbook.id, student);
    auto set = [&](const char* sql, const kit::Argument& value) {
      connection.run(sql, {value, yearbook.id, student});
    };
    constexpr char kSetQuote[] =
        "UPDATE yb_entry SET quote = ? WHERE yearbook_id = ? AND student_id = ?";
    constexpr char kSetClubs[] =
        "UPDATE yb_entry SET clubs = ? WHERE yearbook_id = ? AND student_id = ?";
    constexpr char kSetConsent[] =
        "UPDATE yb_entry SET consent = ? WHERE yearbook_id = ? AND student_id = ?";
    if (input.quote) set(kSetQuote, *input.quote);
    if (input.clubs) set(kSetClubs, *input.clubs);
    if (input.wants_in) set(kSetConsent, static_cast<int>(*input.wants_in));
    connection.run(
        "UPDATE yb_entry SET version = version + 1 WHERE yearbook_id = ? AND student_id = ?",
        {yearbook.id, student});
  });
}

void Yearbooks::approve(const Viewer& viewer, std::int64_t year, std::int64_t student) {
  require_editor(viewer);
  require_entry(viewer, year, student);
  Yearbook yearbook = require(year);
  require_unpublished(yearbook);
  database_.transaction([&](kit::Connection& connection) {
    connection.run(
        "UPDATE yb_entry SET state = 'approved', reason = NULL, version = version + 1 "
        "WHERE yearbook_id = ? AND student_id = ? AND state IN ('ready', 'approved')",
        {yearbook.id, student});
    if (connection.affected_rows() == 0) {
      throw HttpError(409, "conflict", "There is no portrait to approve.");
    }
    audit(connection, viewer, "approve", year, student, "");
  });
}

void Yearbooks::reject(const Viewer& viewer, std::int64_t year, std::int64_t student,
                       const std::string& reason) {
  require_editor(viewer);
  if (reason.empty() || length(reason) > kReasonMax) {
    throw HttpError(400, "invalid", "Tell the pupil why, in at most 200 characters.", "reason");
  }
  require_entry(viewer, year, student);
  Yearbook yearbook = require(year);
  require_unpublished(yearbook);
  database_.transaction([&](kit::Connection& connection) {
    connection.run(
        "UPDATE yb_entry SET state = 'rejected', reason = ?, version = version + 1 "
        "WHERE yearbook_id = ? AND student_id = ? AND state IN ('ready', 'approved')",
        {reason, yearbook.id, student});
    if (connection.affected_rows() == 0) {
      throw HttpError(409, "conflict", "There is no portrait to reject.");
    }
    audit(connection, viewer, "reject", year, student, reason);
  });
}

void Yearbooks::publish(const Viewer& viewer, std::int64_t year) {
  require_editor(viewer);
  Yearbook yearbook = require(year);
  database_.transaction([&](kit::Connection& connection) {
    connection.run("UPDATE yearbook SET state = 'published' WHERE id = ?", {yearbook.id});
    audit(connection, viewer, "publish", year, 0, "");
  });
}

}  // namespace school
