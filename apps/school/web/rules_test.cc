// The school's rules on a real MariaDB with the demonstration school.

#include <gtest/gtest.h>

#include "kit/crypto.h"
#include "kit/metadata.h"
#include "web/demo.h"
#include "web/migrations.h"
#include "web/school.h"
#include "web/test_database.h"

namespace school {
namespace {

constexpr char kPassword[] = "correct-horse";

int status_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const kit::HttpError& error) {
    return error.status;
  }
  return 200;
}

class Rules : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    auto server = TestDatabase::start();
    if (!server) return;
    server_.emplace(*std::move(server));
    Config config;
    config.writer = config.reader = server_->make("school");
    config.media_bucket = "media";
    config.s3 = {.region = "us-east-1", .endpoint = "", .public_endpoint = "http://s3.test"};
    migrate(config.writer);
    seed_demonstration(config.writer, kPassword);
    metadata_ = std::make_unique<kit::Metadata>("http://127.0.0.1:1");
    credentials_ = std::make_unique<kit::CredentialSource>(*metadata_);
    school_ = std::make_unique<School>(config, *credentials_);
  }
  static void TearDownTestSuite() {
    school_.reset();
    server_.reset();
  }
  void SetUp() override {
    if (!school_) GTEST_SKIP() << "no MariaDB server can be started here";
    year_ = school_->yearbooks.find_current()->year;
  }

  Viewer sign_in(const std::string& login) {
    std::string token =
        school_->sessions.sign_in({.login = login, .password = kPassword, .address = "10.0.0.1"});
    kit::Request request{.headers = {{"cookie", "school_session=" + token}}};
    return school_->sessions.require_viewer(request);
  }
  std::string key_of(std::int64_t student, std::int64_t milliseconds) {
    return SourceKey{year_, student, kit::uuid_v7(milliseconds), "jpg"}.text();
  }

  static inline std::optional<TestDatabase> server_;
  static inline std::unique_ptr<kit::Metadata> metadata_;
  static inline std::unique_ptr<kit::CredentialSource> credentials_;
  static inline std::unique_ptr<School> school_;
  std::int64_t year_ = 0;
};

TEST_F(Rules, MigrationsAndSeedRunOnceHoweverOftenAsked) {
  migrate(school_->config.writer);
  seed_demonstration(school_->config.writer, kPassword);
  auto rows = school_->writer.read(
      "SELECT (SELECT COUNT(*) FROM schema_migration) AS steps, "
      "(SELECT COUNT(*) FROM student_enrolment) AS pupils");
  EXPECT_EQ(rows[0].number("steps"), 1);
  EXPECT_EQ(rows[0].number("pupils"), 120);
}

TEST_F(Rules, TheSixthAttemptInAMinuteIsRefusedEvenWithTheRightPassword) {
  auto attempt = [&](const char* password, const char* address) {
    return status_of([&] {
      school_->sessions.sign_in({.login = "admin", .password = password, .address = address});
    });
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt("wrong-password", "10.9.9.9"), 401);
  EXPECT_EQ(attempt(kPassword, "10.9.9.9"), 429);
  EXPECT_EQ(attempt(kPassword, "10.9.9.8"), 200);
}

TEST_F(Rules, WritesNeedTheTokenOfTheirSession) {
  std::string token = school_->sessions.sign_in(
      {.login = "office", .password = kPassword, .address = "10.0.0.2"});
  kit::Request request{.headers = {{"cookie", "school_session=" + token}}};
  EXPECT_EQ(status_of([&] { school_->sessions.require_writer(request); }), 403);
  std::string csrf = school_->sessions.require_viewer(request).csrf_token;
  request.headers.emplace_back("x-csrf-token", csrf);
  EXPECT_EQ(status_of([&] { school_->sessions.require_writer(request); }), 200);
  school_->sessions.sign_out(request);
  EXPECT_EQ(status_of([&] { school_->sessions.require_writer(request); }), 401);
}

TEST_F(Rules, EachRoleSeesItsOwnPeople) {
  EXPECT_EQ(school_->people.list(sign_in("office"), {}).total, 120);
  EXPECT_EQ(school_->people.list(sign_in("teacher"), {}).total, 20);
  Viewer pupil = sign_in("pupil");
  EXPECT_EQ(school_->people.list(pupil, {}).total, 1);
  EXPECT_EQ(status_of([&] { school_->people.require(pupil, pupil.person_id); }), 200);
  EXPECT_EQ(status_of([&] { school_->people.require(pupil, pupil.person_id + 2); }), 403);
  EXPECT_EQ(status_of([&] { school_->people.require(pupil, 999'999); }), 404);
}

TEST_F(Rules, AGuardianSeesOnlyChildrenLinkedWithTheRightToView) {
  auto links = school_->writer.read(
      "SELECT guardian_id, student_id FROM guardian_link ORDER BY id LIMIT 2");
  Viewer guardian{.person_id = links[0].number("guardian_id"), .roles = {Role::Guardian}};
  std::int64_t child = links[0].number("student_id");
  EXPECT_EQ(status_of([&] { school_->people.require(guardian, child); }), 200);
  EXPECT_EQ(
      status_of([&] { school_->people.require(guardian, links[1].number("student_id")); }), 403);
  school_->writer.read("UPDATE guardian_link SET can_view = 0 WHERE student_id = ?", {child});
  EXPECT_EQ(status_of([&] { school_->people.require(guardian, child); }), 403);
}

TEST_F(Rules, AnEMailAddressBelongsToOnePerson) {
  Viewer office = sign_in("office");
  PersonChange input{.first_name = "Ada", .last_name = "O'Neil", .email = "ada@example.org"};
  std::int64_t id = school_->people.create(office, input);
  EXPECT_EQ(school_->people.require(office, id).last_name, "O'Neil");
  EXPECT_EQ(status_of([&] { school_->people.create(office, input); }), 409);
  EXPECT_EQ(status_of([&] { school_->people.change(office, id, {.birth_date = "2011-02-30"}); }),
            400);
  EXPECT_EQ(status_of([&] { school_->people.create(sign_in("teacher"), input); }), 403);
}

TEST_F(Rules, UploadsArePermittedWithinTheirLimits) {
  Viewer pupil = sign_in("pupil");
  struct Row {
    const char* what;
    std::int64_t student;
    const char* type;
    std::int64_t bytes;
    int status;
  };
  const Row rows[] = {{"a JPEG of the limit", pupil.person_id, "image/jpeg", 15'728'640, 200},
                      {"one byte more", pupil.person_id, "image/jpeg", 15'728'641, 413},
                      {"nothing", pupil.person_id, "image/png", 0, 400},
                      {"a drawing", pupil.person_id, "image/svg+xml", 10, 415},
                      {"for somebody else", pupil.person_id + 2, "image/jpeg", 10, 403}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    UploadRequest request{year_, row.student, row.type, row.bytes};
    EXPECT_EQ(status_of([&] { school_->photos.permit(pupil, request, 1'700'000'000'000); }),
              row.status);
  }
  UploadPermit permit = school_->photos.permit(
      pupil, {year_, pupil.person_id, "image/png", 10}, 1'700'000'000'000);
  EXPECT_TRUE(permit.url.starts_with("http://s3.test/media/" + permit.key + "?"));
  EXPECT_NE(permit.url.find("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost"),
            std::string::npos);
  EXPECT_EQ(permit.expires_at, 1'700'000'300);
}

TEST_F(Rules, LateAndRepeatedReportsChangeNothing) {
  Viewer pupil = sign_in("pupil");
  auto entry = [&] { return school_->yearbooks.require_entry(pupil, year_, pupil.person_id); };
  std::string older = key_of(pupil.person_id, 1'700'000'000'000);
  std::string newer = key_of(pupil.person_id, 1'700'000'001'000);
  PhotoReport report{.key = newer, .etag = "e1", .state = "ready", .bytes_in = 9, .bytes_out = 3};
  school_->photos.done(report);
  std::int64_t version = entry().version;
  EXPECT_EQ(entry().state, "ready");
  EXPECT_EQ(entry().web_key, parse_source_key(newer)->copy("web"));

  school_->photos.done(report);
  school_->photos.done({.key = older, .etag = "e0", .state = "ready"});
  school_->photos.uploaded(pupil, year_, pupil.person_id, newer);
  school_->photos.uploaded(pupil, year_, pupil.person_id, older);
  EXPECT_EQ(entry().version, version);

  Viewer editor = sign_in("editor");
  school_->yearbooks.approve(editor, year_, pupil.person_id);
  std::string newest = key_of(pupil.person_id, 1'700'000'002'000);
  school_->photos.uploaded(pupil, year_, pupil.person_id, newest);
  EXPECT_EQ(entry().state, "processing");
  school_->photos.done({.key = newest, .etag = "e2", .state = "rejected", .reason = "No picture."});
  EXPECT_EQ(entry().state, "rejected");
  EXPECT_EQ(entry().reason, "No picture.");
  EXPECT_EQ(status_of([&] { school_->yearbooks.approve(editor, year_, pupil.person_id); }), 409);
}

TEST_F(Rules, APupilWithoutConsentAppearsNowhere) {
  auto rows = school_->writer.read(
      "SELECT person_id FROM student_enrolment JOIN person ON person.id = person_id "
      "WHERE NOT consent_photo LIMIT 1");
  std::int64_t student = rows.at(0).number("person_id");
  for (const char* login : {"teacher", "editor", "admin"}) {
    for (const Entry& entry : school_->yearbooks.list(sign_in(login), year_, {})) {
      EXPECT_NE(entry.student, student);
    }
  }
  EXPECT_EQ(status_of([&] {
              school_->yearbooks.require_entry(sign_in("teacher"), year_, student);
            }),
            404);
}

TEST_F(Rules, OnlyApprovedPortraitsAreShownToOthers) {
  Viewer teacher = sign_in("teacher");
  Entry entry{.student = 5, .state = "ready", .has_consent = true, .web_key = "k"};
  EXPECT_FALSE(entry.shows_portrait_to(teacher));
  EXPECT_TRUE(entry.shows_portrait_to({.person_id = 5}));
  EXPECT_TRUE(entry.shows_portrait_to({.roles = {Role::Editor}}));
  entry.state = "approved";
  EXPECT_TRUE(entry.shows_portrait_to(teacher));
  entry.has_consent = false;
  EXPECT_FALSE(entry.shows_portrait_to(teacher));
}

TEST_F(Rules, ATransactionWhoseConnectionWasKilledRunsOnceMore) {
  int runs = 0;
  school_->writer.transaction([&](kit::Connection& connection) {
    if (++runs == 1) {
      auto id = connection.run("SELECT CONNECTION_ID() AS id")[0].number("id");
      kit::Connection(school_->config.writer).run("KILL " + std::to_string(id));
    }
    connection.run("UPDATE grade_level SET sort = sort WHERE id = 1");
  });
  EXPECT_EQ(runs, 2);
}

TEST_F(Rules, HostileTextStaysText) {
  auto rows = school_->writer.read("SELECT ? AS a, '?' AS b, ? AS c", {"x' OR '1'='1\\", 7});
  EXPECT_EQ(rows[0].text("a"), "x' OR '1'='1\\");
  EXPECT_EQ(rows[0].text("b"), "?");
  EXPECT_EQ(rows[0].number("c"), 7);
}

TEST(PhotoKeys, OtherShapesAreNoKeys) {
  std::string good = "source/yearbook/2025/7/01a1fc5d-c760-7c5c-b96b-57e1d00a5679.png";
  ASSERT_TRUE(parse_source_key(good).has_value());
  EXPECT_EQ(parse_source_key(good)->text(), good);
  for (const char* bad :
       {"", "source/yearbook/", "source/yearbook/2025/7/x.png",
        "source/yearbook/2025/-7/01a1fc5d-c760-7c5c-b96b-57e1d00a5679.png",
        "source/yearbook/2025/7/01a1fc5d-c760-7c5c-b96b-57e1d00a5679.svg",
        "source/yearbook/2025/7/../01a1fc5d-c760-7c5c-b96b-57e1d00a5679.png",
        "resized/yearbook/2025/7/01a1fc5d-c760-7c5c-b96b-57e1d00a5679.png"}) {
    EXPECT_FALSE(parse_source_key(bad).has_value()) << bad;
  }
}

TEST(Migrations, StatementsEndAtTheEndOfALine) {
  auto statements = split_statements("-- a; b\nSELECT ';'\n  AS x;\n\nSELECT 2;\n");
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_EQ(statements[0], "SELECT ';'\n  AS x;\n");
}

}  // namespace
}  // namespace school
