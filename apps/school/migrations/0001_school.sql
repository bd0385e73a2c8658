-- People, years, classes, accounts and the yearbook.
-- A step that broke off half way runs again: each statement may be repeated.

CREATE TABLE IF NOT EXISTS school_year (
  -- The calendar year in which it begins.
  id BIGINT NOT NULL PRIMARY KEY,
  name VARCHAR(20) NOT NULL UNIQUE,
  starts_on DATE NOT NULL,
  ends_on DATE NOT NULL,
  state ENUM('planned', 'open', 'closed') NOT NULL DEFAULT 'planned',
  -- NULL for all but the open year, so that the key allows one.
  is_open TINYINT AS (CASE WHEN state = 'open' THEN 1 END) STORED,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY one_open (is_open),
  CONSTRAINT year_order CHECK (starts_on < ends_on)
);

CREATE TABLE IF NOT EXISTS grade_level (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(40) NOT NULL UNIQUE,
  sort INT NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
);

CREATE TABLE IF NOT EXISTS person (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  first_name VARCHAR(80) NOT NULL,
  last_name VARCHAR(80) NOT NULL,
  email VARCHAR(190) NULL UNIQUE,
  phone VARCHAR(40) NULL,
  birth_date DATE NULL,
  photo_key VARCHAR(255) NULL,
  consent_photo BOOLEAN NOT NULL DEFAULT FALSE,
  state ENUM('active', 'left') NOT NULL DEFAULT 'active',
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  KEY by_name (last_name, first_name)
);

CREATE TABLE IF NOT EXISTS form_group (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(40) NOT NULL,
  sort INT NOT NULL DEFAULT 0,
  year_id BIGINT NOT NULL,
  grade_level_id BIGINT NOT NULL,
  teacher_id BIGINT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY year_name (year_id, name),
  FOREIGN KEY (year_id) REFERENCES school_year (id),
  FOREIGN KEY (grade_level_id) REFERENCES grade_level (id),
  FOREIGN KEY (teacher_id) REFERENCES person (id)
);

CREATE TABLE IF NOT EXISTS account (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  person_id BIGINT NOT NULL UNIQUE,
  login VARCHAR(80) NOT NULL UNIQUE,
  pw_hash VARCHAR(160) NOT NULL,
  locked_until DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  FOREIGN KEY (person_id) REFERENCES person (id)
);

CREATE TABLE IF NOT EXISTS account_role (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  person_id BIGINT NOT NULL,
  role ENUM('admin', 'office', 'teacher', 'student', 'guardian', 'editor') NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY person_role (person_id, role),
  FOREIGN KEY (person_id) REFERENCES person (id)
);

CREATE TABLE IF NOT EXISTS session (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT NOT NULL,
  token_hash CHAR(64) NOT NULL UNIQUE,
  expires_at DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  KEY by_expiry (expires_at),
  FOREIGN KEY (account_id) REFERENCES account (id)
);

CREATE TABLE IF NOT EXISTS login_attempt (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  login VARCHAR(80) NOT NULL,
  address VARCHAR(64) NOT NULL,
  at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY by_who (login, address, at),
  KEY by_time (at)
);

CREATE TABLE IF NOT EXISTS student_enrolment (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  person_id BIGINT NOT NULL,
  year_id BIGINT NOT NULL,
  grade_level_id BIGINT NOT NULL,
  form_group_id BIGINT NULL,
  entry_code VARCHAR(20) NOT NULL DEFAULT 'new',
  entry_on DATE NOT NULL,
  exit_code VARCHAR(20) NULL,
  exit_on DATE NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY person_year (person_id, year_id),
  FOREIGN KEY (person_id) REFERENCES person (id),
  FOREIGN KEY (year_id) REFERENCES school_year (id),
  FOREIGN KEY (grade_level_id) REFERENCES grade_level (id),
  FOREIGN KEY (form_group_id) REFERENCES form_group (id)
);

CREATE TABLE IF NOT EXISTS guardian_link (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  student_id BIGINT NOT NULL,
  guardian_id BIGINT NOT NULL,
  relation VARCHAR(40) NOT NULL,
  custody BOOLEAN NOT NULL DEFAULT TRUE,
  can_view BOOLEAN NOT NULL DEFAULT TRUE,
  phone VARCHAR(40) NULL,
  email VARCHAR(190) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY student_guardian (student_id, guardian_id),
  FOREIGN KEY (student_id) REFERENCES person (id),
  FOREIGN KEY (guardian_id) REFERENCES person (id)
);

CREATE TABLE IF NOT EXISTS yearbook (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  year_id BIGINT NOT NULL UNIQUE,
  title VARCHAR(120) NOT NULL,
  state ENUM('draft', 'collecting', 'review', 'published') NOT NULL DEFAULT 'draft',
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  FOREIGN KEY (year_id) REFERENCES school_year (id)
);

CREATE TABLE IF NOT EXISTS yb_entry (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  yearbook_id BIGINT NOT NULL,
  student_id BIGINT NOT NULL,
  -- Of the newest upload that arrived; its UUID orders uploads by when they were asked for.
  source_key VARCHAR(255) NULL,
  web_key VARCHAR(255) NULL,
  thumb_key VARCHAR(255) NULL,
  state ENUM('none', 'uploaded', 'processing', 'ready', 'approved', 'rejected', 'failed')
    NOT NULL DEFAULT 'none',
  reason VARCHAR(255) NULL,
  quote VARCHAR(200) NOT NULL DEFAULT '',
  clubs VARCHAR(200) NOT NULL DEFAULT '',
  consent BOOLEAN NOT NULL DEFAULT TRUE,
  bytes_in BIGINT NULL,
  bytes_out BIGINT NULL,
  ms INT NULL,
  -- Rises with every change, so that pages that watch the entry see each once.
  version BIGINT NOT NULL DEFAULT 1,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY yearbook_student (yearbook_id, student_id),
  KEY by_change (yearbook_id, updated_at),
  FOREIGN KEY (yearbook_id) REFERENCES yearbook (id),
  FOREIGN KEY (student_id) REFERENCES person (id)
);

CREATE TABLE IF NOT EXISTS photo_job (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  source_key VARCHAR(255) NOT NULL,
  etag VARCHAR(80) NOT NULL,
  attempt INT NOT NULL DEFAULT 1,
  started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  ms INT NULL,
  bytes_in BIGINT NULL,
  bytes_out BIGINT NULL,
  error VARCHAR(255) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY key_etag (source_key, etag)
);

CREATE TABLE IF NOT EXISTS audit_log (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  actor BIGINT NULL,
  action VARCHAR(60) NOT NULL,
  object VARCHAR(120) NOT NULL,
  `before` TEXT NULL,
  `after` TEXT NULL,
  ip VARCHAR(64) NULL,
  at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY by_time (at)
);
