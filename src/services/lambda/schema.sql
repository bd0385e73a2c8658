-- migration 1
CREATE TABLE lambda_function (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
  -- Reserved concurrency; null: what the account has left.
  reserved INTEGER, last_version INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (account, region, name));
-- '$LATEST' and what was published of it. `configuration` is the FunctionConfiguration as JSON; `package` the
-- SHA-256 of the deployment package in hexadecimal digits, empty until it is unpacked.
CREATE TABLE lambda_version (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, number INTEGER NOT NULL,
  configuration TEXT NOT NULL, package TEXT NOT NULL,
  PRIMARY KEY (account, region, name, version),
  FOREIGN KEY (account, region, name) REFERENCES lambda_function ON DELETE CASCADE);
-- The package that '$LATEST' is about to get: one that is kept already, or else an object in S3.
CREATE TABLE lambda_source (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
  package TEXT NOT NULL, bucket TEXT, key TEXT, object_version TEXT,
  PRIMARY KEY (account, region, name),
  FOREIGN KEY (account, region, name) REFERENCES lambda_function ON DELETE CASCADE);
CREATE TABLE lambda_alias (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, alias TEXT NOT NULL,
  version TEXT NOT NULL, description TEXT NOT NULL, revision TEXT NOT NULL,
  PRIMARY KEY (account, region, name, alias),
  FOREIGN KEY (account, region, name) REFERENCES lambda_function ON DELETE CASCADE);
CREATE TABLE lambda_tag (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (account, region, name, key),
  FOREIGN KEY (account, region, name) REFERENCES lambda_function ON DELETE CASCADE);
-- The statements of resource policies; `qualifier` is empty for the function without one.
CREATE TABLE lambda_permission (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, qualifier TEXT NOT NULL, sid TEXT NOT NULL,
  statement TEXT NOT NULL,
  PRIMARY KEY (account, region, name, qualifier, sid),
  FOREIGN KEY (account, region, name) REFERENCES lambda_function ON DELETE CASCADE);
CREATE TABLE lambda_event_config (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, qualifier TEXT NOT NULL,
  retries INTEGER, age_seconds INTEGER, on_success TEXT, on_failure TEXT, modified INTEGER NOT NULL,
  PRIMARY KEY (account, region, name, qualifier),
  FOREIGN KEY (account, region, name) REFERENCES lambda_function ON DELETE CASCADE);
-- Asynchronous invocations that were acknowledged and have not ended. `attempt` counts the runs that failed,
-- `throttles` the times there was no room.
CREATE TABLE lambda_event (
  id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
  qualifier TEXT NOT NULL, payload BLOB NOT NULL, received INTEGER NOT NULL, due INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0, throttles INTEGER NOT NULL DEFAULT 0);
