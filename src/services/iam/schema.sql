-- migration 1
CREATE TABLE iam_account (account TEXT NOT NULL PRIMARY KEY, alias TEXT UNIQUE, created INTEGER NOT NULL);
-- Users, groups, roles, instance profiles and customer-managed policies. Names are unique but for their case.
CREATE TABLE iam_entity (
  id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
  folded_name TEXT NOT NULL, path TEXT NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,
  description TEXT, trust_policy TEXT, max_session_duration INTEGER, boundary TEXT,
  last_version INTEGER NOT NULL DEFAULT 0, UNIQUE (account, kind, folded_name));
CREATE INDEX iam_entity_boundary ON iam_entity (boundary) WHERE boundary IS NOT NULL;
CREATE TABLE iam_tag (
  entity TEXT NOT NULL REFERENCES iam_entity (id) ON DELETE CASCADE, folded_key TEXT NOT NULL,
  key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (entity, folded_key));
-- The secret is sealed with the key that lies beside the database.
CREATE TABLE iam_access_key (
  id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL REFERENCES iam_entity (id), secret BLOB NOT NULL,
  status TEXT NOT NULL, created INTEGER NOT NULL, sequence INTEGER NOT NULL);
CREATE INDEX iam_access_key_user ON iam_access_key (user_id);
CREATE TABLE iam_membership (
  group_id TEXT NOT NULL REFERENCES iam_entity (id), user_id TEXT NOT NULL REFERENCES iam_entity (id),
  PRIMARY KEY (group_id, user_id));
CREATE INDEX iam_membership_user ON iam_membership (user_id);
CREATE TABLE iam_profile_role (
  profile_id TEXT NOT NULL PRIMARY KEY REFERENCES iam_entity (id),
  role_id TEXT NOT NULL REFERENCES iam_entity (id));
CREATE INDEX iam_profile_role_role ON iam_profile_role (role_id);
CREATE TABLE iam_policy_version (
  policy_id TEXT NOT NULL REFERENCES iam_entity (id) ON DELETE CASCADE, number INTEGER NOT NULL,
  document TEXT NOT NULL, is_default INTEGER NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (policy_id, number));
-- Managed policies by ARN, because AWS's own are in no table.
CREATE TABLE iam_attachment (
  entity TEXT NOT NULL REFERENCES iam_entity (id), policy_arn TEXT NOT NULL, PRIMARY KEY (entity, policy_arn));
CREATE INDEX iam_attachment_policy ON iam_attachment (policy_arn);
CREATE TABLE iam_inline_policy (
  entity TEXT NOT NULL REFERENCES iam_entity (id), name TEXT NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY (entity, name));
CREATE TABLE iam_deletion (id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, created INTEGER NOT NULL);
