-- migration 1
-- What clients are told of a load balancer is the document (JSON of the model's structure), without its instances and
-- policies; attributes are the model's, too. `arn` ends in the name.
CREATE TABLE elb_load_balancer (
  arn TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
  attributes TEXT NOT NULL, created INTEGER NOT NULL, UNIQUE (account, region, name));
CREATE TABLE elb_policy (
  load_balancer TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, document TEXT NOT NULL,
  position INTEGER NOT NULL, PRIMARY KEY (load_balancer, name));
CREATE TABLE elb_tag (load_balancer TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (load_balancer, key));
CREATE TABLE elb_interface (
  load_balancer TEXT NOT NULL, subnet TEXT NOT NULL, zone TEXT NOT NULL, interface TEXT NOT NULL,
  address TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (load_balancer, subnet));
-- `draining_until` is null while registered; `state` is EC2's, `health` what the checks say.
CREATE TABLE elb_instance (
  load_balancer TEXT NOT NULL, id TEXT NOT NULL, address TEXT NOT NULL, zone TEXT NOT NULL, state TEXT NOT NULL,
  health TEXT NOT NULL, draining_until INTEGER, position INTEGER NOT NULL, PRIMARY KEY (load_balancer, id));
CREATE INDEX elb_instance_id ON elb_instance (id);
