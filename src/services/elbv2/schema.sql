-- migration 1
-- Load balancers, target groups, listeners and rules: what clients are told of them is the document (JSON of the
-- model's structure). `parent` is the load balancer of a listener and the listener of a rule; `name` is unique among
-- load balancers and among target groups; `position` is the priority of a rule (0: default), the port of a listener.
CREATE TABLE elbv2_resource (
  arn TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
  parent TEXT NOT NULL, position INTEGER NOT NULL, document TEXT NOT NULL, created INTEGER NOT NULL);
CREATE INDEX elbv2_resource_kind ON elbv2_resource (account, region, kind, name);
CREATE INDEX elbv2_resource_parent ON elbv2_resource (parent, position);
-- Only those that differ from the default.
CREATE TABLE elbv2_attribute (arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));
CREATE TABLE elbv2_tag (arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));
CREATE TABLE elbv2_interface (
  load_balancer TEXT NOT NULL, position INTEGER NOT NULL, interface TEXT NOT NULL, address TEXT NOT NULL,
  subnet TEXT NOT NULL, PRIMARY KEY (load_balancer, position));
-- `draining_until` is null while registered. `instance_state` is empty for targets that are addresses.
CREATE TABLE elbv2_target (
  target_group TEXT NOT NULL, id TEXT NOT NULL, port INTEGER NOT NULL, address TEXT NOT NULL,
  zone TEXT NOT NULL, instance_state TEXT NOT NULL, draining_until INTEGER,
  health TEXT NOT NULL, reason TEXT NOT NULL, description TEXT NOT NULL,
  PRIMARY KEY (target_group, id, port));
CREATE INDEX elbv2_target_id ON elbv2_target (id);
-- migration 2
-- The certificates of HTTPS listeners besides the default one, which stands in the listener's document.
CREATE TABLE elbv2_certificate (
  position INTEGER PRIMARY KEY AUTOINCREMENT, listener TEXT NOT NULL, arn TEXT NOT NULL, UNIQUE (listener, arn));
-- migration 3
-- What trust stores are made of, in PEM. `version` counts what was changed, of the revocations too. A bundle that is
-- yet to be read (`pending`) is a template's; `problem` says why that could not be done.
CREATE TABLE elbv2_trust_bundle (
  trust_store TEXT PRIMARY KEY, version INTEGER NOT NULL, certificates TEXT NOT NULL,
  pending INTEGER NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT '');
CREATE TABLE elbv2_revocation (
  trust_store TEXT NOT NULL, id INTEGER NOT NULL, entries INTEGER NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (trust_store, id));
