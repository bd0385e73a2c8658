-- migration 1
CREATE TABLE ssm_parameter (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
  type TEXT NOT NULL, value TEXT NOT NULL, data_type TEXT NOT NULL, description TEXT, pattern TEXT,
  modified INTEGER NOT NULL, modifier TEXT NOT NULL, PRIMARY KEY (account, region, name, version));
-- migration 2
ALTER TABLE ssm_parameter ADD COLUMN tier TEXT NOT NULL DEFAULT 'Standard';
CREATE TABLE ssm_tag (
  account TEXT NOT NULL, region TEXT NOT NULL, parameter TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (account, region, parameter, key));
-- migration 3
-- The key that encrypts a SecureString, as its writer named it.
ALTER TABLE ssm_parameter ADD COLUMN key_id TEXT;
