-- Keys by account and region.
-- migration 1
CREATE TABLE kms_key (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, manager TEXT NOT NULL,
  description TEXT NOT NULL, policy TEXT NOT NULL, created INTEGER NOT NULL, deletion INTEGER NOT NULL DEFAULT 0,
  rotation_days INTEGER NOT NULL DEFAULT 0, next_rotation INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (account, region, id));
-- The newest version encrypts, the others decrypt what they have encrypted. Sealed with the region's own key.
CREATE TABLE kms_material (
  account TEXT NOT NULL, region TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (account, region, key, version),
  FOREIGN KEY (account, region, key) REFERENCES kms_key (account, region, id) ON DELETE CASCADE);
CREATE TABLE kms_alias (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, created INTEGER NOT NULL,
  updated INTEGER NOT NULL, PRIMARY KEY (account, region, name),
  FOREIGN KEY (account, region, key) REFERENCES kms_key (account, region, id) ON DELETE CASCADE);
CREATE TABLE kms_tag (
  account TEXT NOT NULL, region TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (account, region, key, name),
  FOREIGN KEY (account, region, key) REFERENCES kms_key (account, region, id) ON DELETE CASCADE);
