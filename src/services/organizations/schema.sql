-- Organizations and the accounts in them.
-- migration 1
CREATE TABLE organizations_organization (
  id TEXT NOT NULL PRIMARY KEY, management_account TEXT NOT NULL UNIQUE, features TEXT NOT NULL);
-- The management account too.
CREATE TABLE organizations_account (
  account TEXT NOT NULL PRIMARY KEY, organization TEXT NOT NULL REFERENCES organizations_organization (id),
  name TEXT NOT NULL, email TEXT NOT NULL, is_created INTEGER NOT NULL, joined INTEGER NOT NULL);
CREATE UNIQUE INDEX organizations_email ON organizations_account (email) WHERE email <> '';
-- What became of CreateAccount; no account: it failed.
CREATE TABLE organizations_request (
  id TEXT NOT NULL PRIMARY KEY, organization TEXT NOT NULL, name TEXT NOT NULL, account TEXT, reason TEXT NOT NULL,
  requested INTEGER NOT NULL);
