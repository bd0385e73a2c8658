-- migration 1
CREATE TABLE rds_subnet_group (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, vpc TEXT NOT NULL,
  PRIMARY KEY (account, region, name));
CREATE TABLE rds_subnet_group_subnet (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL,
  subnet TEXT NOT NULL, zone TEXT NOT NULL, PRIMARY KEY (account, region, name, position),
  FOREIGN KEY (account, region, name) REFERENCES rds_subnet_group (account, region, name) ON DELETE CASCADE);
-- What a server's data directory is made of; its id is the resource id of the cluster or instance that owns it.
-- Of the master password only the hash that the server itself keeps.
CREATE TABLE rds_volume (
  id TEXT NOT NULL PRIMARY KEY, engine TEXT NOT NULL, master_user TEXT NOT NULL, password_hash TEXT NOT NULL,
  database_name TEXT, port INTEGER NOT NULL, is_set_up INTEGER NOT NULL DEFAULT 0,
  password_changed INTEGER NOT NULL DEFAULT 0, security_groups TEXT NOT NULL,
  subnet_group TEXT NOT NULL, backup_retention INTEGER NOT NULL, backup_window TEXT NOT NULL,
  maintenance_window TEXT NOT NULL, protects_deletion INTEGER NOT NULL DEFAULT 0,
  copies_tags INTEGER NOT NULL DEFAULT 0);
CREATE TABLE rds_cluster (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, resource TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL, wanted TEXT NOT NULL, final_snapshot TEXT, created INTEGER NOT NULL,
  PRIMARY KEY (account, region, id));
CREATE TABLE rds_instance (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, resource TEXT NOT NULL UNIQUE,
  cluster TEXT, volume TEXT NOT NULL REFERENCES rds_volume (id), class TEXT NOT NULL, storage_gib INTEGER NOT NULL,
  storage_type TEXT NOT NULL, status TEXT NOT NULL, wanted TEXT NOT NULL, reboots INTEGER NOT NULL DEFAULT 0,
  starts INTEGER NOT NULL DEFAULT 0,
  zone TEXT NOT NULL, interface TEXT NOT NULL, address TEXT NOT NULL, promotion_tier INTEGER NOT NULL DEFAULT 1,
  upgrades_minor INTEGER NOT NULL DEFAULT 1, changed INTEGER NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY (account, region, id));
CREATE INDEX rds_instance_volume ON rds_instance (volume);
CREATE TABLE rds_cluster_snapshot (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, resource TEXT NOT NULL UNIQUE,
  cluster TEXT NOT NULL, cluster_resource TEXT NOT NULL, status TEXT NOT NULL, engine TEXT NOT NULL,
  engine_version TEXT NOT NULL, master_user TEXT NOT NULL, password_hash TEXT NOT NULL, port INTEGER NOT NULL,
  vpc TEXT NOT NULL, cluster_created INTEGER NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY (account, region, id));
CREATE TABLE rds_tag (
  account TEXT NOT NULL, region TEXT NOT NULL, arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (arn, key));
CREATE TABLE rds_event (
  account TEXT NOT NULL, region TEXT NOT NULL, source_type TEXT NOT NULL, source TEXT NOT NULL, arn TEXT NOT NULL,
  category TEXT NOT NULL, message TEXT NOT NULL, happened INTEGER NOT NULL);
CREATE INDEX rds_event_time ON rds_event (account, region, happened);
-- migration 2
-- The snapshot that a volume begins as, if it does not begin empty.
ALTER TABLE rds_volume ADD COLUMN source TEXT;
