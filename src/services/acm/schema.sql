-- migration 1
-- What clients are told is the document (JSON of CertificateDetail); `sealed_key` is the private key, which only the
-- region's key opens. `token` is the request's idempotency token with what was asked for; `position` grows.
CREATE TABLE acm_certificate (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  arn TEXT NOT NULL UNIQUE, account TEXT NOT NULL, region TEXT NOT NULL, document TEXT NOT NULL,
  body TEXT NOT NULL, chain TEXT NOT NULL, sealed_key BLOB NOT NULL,
  not_after INTEGER NOT NULL, token TEXT NOT NULL, created INTEGER NOT NULL);
CREATE INDEX acm_certificate_place ON acm_certificate (account, region, position);
CREATE TABLE acm_tag (arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));
