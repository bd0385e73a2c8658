-- migration 1
-- Lists (subnets, target_groups, policies) are joined by commas. The rolling_ columns are null unless the
-- instances are being replaced by those of the present launch template.
CREATE TABLE autoscaling_group (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, arn TEXT NOT NULL,
  template TEXT NOT NULL, template_name TEXT NOT NULL, template_version TEXT NOT NULL,
  min INTEGER NOT NULL, max INTEGER NOT NULL, desired INTEGER NOT NULL, cooldown INTEGER NOT NULL,
  subnets TEXT NOT NULL, target_groups TEXT NOT NULL, health_check TEXT NOT NULL, grace INTEGER NOT NULL,
  policies TEXT NOT NULL, protects INTEGER NOT NULL, cause TEXT NOT NULL, created INTEGER NOT NULL,
  last_change INTEGER NOT NULL, is_deleting INTEGER NOT NULL DEFAULT 0,
  rolling_min INTEGER, rolling_batch INTEGER, rolling_pause INTEGER, paused_until INTEGER NOT NULL DEFAULT 0,
  UNIQUE (account, region, name));
CREATE TABLE autoscaling_instance (
  id TEXT NOT NULL PRIMARY KEY, grp INTEGER NOT NULL REFERENCES autoscaling_group (id) ON DELETE CASCADE,
  subnet TEXT NOT NULL, zone TEXT NOT NULL, type TEXT NOT NULL, template TEXT NOT NULL, template_name TEXT NOT NULL,
  template_version TEXT NOT NULL, state TEXT NOT NULL, health TEXT NOT NULL, is_protected INTEGER NOT NULL,
  launched INTEGER NOT NULL, in_service INTEGER NOT NULL DEFAULT 0, activity TEXT NOT NULL,
  drains_until INTEGER);
CREATE INDEX autoscaling_instance_group ON autoscaling_instance (grp);
CREATE TABLE autoscaling_activity (
  sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, region TEXT NOT NULL,
  group_name TEXT NOT NULL, group_arn TEXT NOT NULL, description TEXT NOT NULL, cause TEXT NOT NULL,
  started INTEGER NOT NULL, ended INTEGER, status TEXT NOT NULL, message TEXT, progress INTEGER NOT NULL,
  details TEXT NOT NULL, is_group_deleted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE autoscaling_tag (
  grp INTEGER NOT NULL REFERENCES autoscaling_group (id) ON DELETE CASCADE, key TEXT NOT NULL, value TEXT NOT NULL,
  propagates INTEGER NOT NULL, PRIMARY KEY (grp, key));
CREATE TABLE autoscaling_zone (
  grp INTEGER NOT NULL REFERENCES autoscaling_group (id) ON DELETE CASCADE, zone TEXT NOT NULL,
  PRIMARY KEY (grp, zone));
-- migration 2
-- How many instances are to be replaced because they were not healthy; how many launches failed one after another,
-- and until when none is tried (milliseconds).
ALTER TABLE autoscaling_group ADD COLUMN replacing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE autoscaling_group ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE autoscaling_group ADD COLUMN launch_after INTEGER NOT NULL DEFAULT 0;
-- migration 3
-- cooldown_until in milliseconds; cooldown_next: seconds that begin once the present change has ended.
ALTER TABLE autoscaling_group ADD COLUMN default_warmup INTEGER;
ALTER TABLE autoscaling_group ADD COLUMN cooldown_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE autoscaling_group ADD COLUMN cooldown_next INTEGER NOT NULL DEFAULT 0;
CREATE TABLE autoscaling_suspension (
  grp INTEGER NOT NULL REFERENCES autoscaling_group (id) ON DELETE CASCADE, process TEXT NOT NULL,
  since INTEGER NOT NULL, PRIMARY KEY (grp, process));
-- The definition is what PutScalingPolicy was given, as JSON; the uuid ends the names of the policy's alarms.
CREATE TABLE autoscaling_policy (
  id INTEGER PRIMARY KEY, grp INTEGER NOT NULL REFERENCES autoscaling_group (id) ON DELETE CASCADE,
  name TEXT NOT NULL, arn TEXT NOT NULL UNIQUE, uuid TEXT NOT NULL, definition TEXT NOT NULL, UNIQUE (grp, name));
-- migration 4
-- What an instance waits for: phase is empty, Wait or Proceed. A hook's timeout is in seconds. The result of a wait is
-- empty until somebody says it.
ALTER TABLE autoscaling_instance ADD COLUMN phase TEXT NOT NULL DEFAULT '';
CREATE TABLE autoscaling_hook (
  grp INTEGER NOT NULL REFERENCES autoscaling_group (id) ON DELETE CASCADE, name TEXT NOT NULL,
  transition TEXT NOT NULL, metadata TEXT NOT NULL, default_result TEXT NOT NULL, timeout INTEGER NOT NULL,
  PRIMARY KEY (grp, name));
CREATE TABLE autoscaling_wait (
  token TEXT NOT NULL PRIMARY KEY, hook TEXT NOT NULL,
  instance TEXT NOT NULL REFERENCES autoscaling_instance (id) ON DELETE CASCADE,
  started INTEGER NOT NULL, ends INTEGER NOT NULL, default_result TEXT NOT NULL, result TEXT NOT NULL);
CREATE INDEX autoscaling_wait_instance ON autoscaling_wait (instance);
CREATE TABLE autoscaling_schedule (
  grp INTEGER NOT NULL REFERENCES autoscaling_group (id) ON DELETE CASCADE, name TEXT NOT NULL, arn TEXT NOT NULL,
  starts INTEGER, ends INTEGER, recurrence TEXT NOT NULL, min INTEGER, max INTEGER, desired INTEGER, next INTEGER,
  PRIMARY KEY (grp, name));
-- migration 5
ALTER TABLE autoscaling_group ADD COLUMN rolling_suspended TEXT NOT NULL DEFAULT '';
-- asked: what StartInstanceRefresh was given, as JSON, with its defaults. Times in milliseconds.
CREATE TABLE autoscaling_refresh (
  number INTEGER PRIMARY KEY, grp INTEGER NOT NULL REFERENCES autoscaling_group (id) ON DELETE CASCADE,
  id TEXT NOT NULL UNIQUE, asked TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, started INTEGER NOT NULL,
  ended INTEGER, total INTEGER NOT NULL DEFAULT 0, updated INTEGER NOT NULL DEFAULT 0, progressed INTEGER NOT NULL,
  checkpoint INTEGER NOT NULL DEFAULT 0, wait_until INTEGER NOT NULL DEFAULT 0, rollback_reason TEXT,
  rollback_started INTEGER NOT NULL DEFAULT 0, updated_before_rollback INTEGER NOT NULL DEFAULT 0,
  total_before_rollback INTEGER NOT NULL DEFAULT 0);
CREATE INDEX autoscaling_refresh_group ON autoscaling_refresh (grp);
CREATE TABLE autoscaling_refresh_instance (
  refresh INTEGER NOT NULL REFERENCES autoscaling_refresh (number) ON DELETE CASCADE, instance TEXT NOT NULL,
  PRIMARY KEY (refresh, instance));
-- migration 6
-- Metrics of groups that somebody wants to be measured.
CREATE TABLE autoscaling_metric (
  grp INTEGER NOT NULL REFERENCES autoscaling_group (id) ON DELETE CASCADE, name TEXT NOT NULL,
  PRIMARY KEY (grp, name));
-- migration 7
ALTER TABLE autoscaling_schedule ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
-- migration 8
-- The definition is what CreateLaunchConfiguration was given, as JSON.
CREATE TABLE autoscaling_launch_configuration (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, arn TEXT NOT NULL, definition TEXT NOT NULL,
  created INTEGER NOT NULL, PRIMARY KEY (account, region, name));
-- migration 9
-- In seconds; of the maintenance policy: percentages of the desired capacity.
ALTER TABLE autoscaling_group ADD COLUMN max_lifetime INTEGER;
ALTER TABLE autoscaling_group ADD COLUMN maintenance_min INTEGER;
ALTER TABLE autoscaling_group ADD COLUMN maintenance_max INTEGER;
-- migration 10
-- Without max_prepared it is the group's maximum. An instance that is warm is of the pool and not of the group; one
-- that returns goes back there instead of being terminated.
CREATE TABLE autoscaling_warm_pool (
  grp INTEGER NOT NULL PRIMARY KEY REFERENCES autoscaling_group (id) ON DELETE CASCADE, max_prepared INTEGER,
  min_size INTEGER NOT NULL, state TEXT NOT NULL, reuses INTEGER NOT NULL, is_deleting INTEGER NOT NULL DEFAULT 0);
ALTER TABLE autoscaling_instance ADD COLUMN is_warm INTEGER NOT NULL DEFAULT 0;
ALTER TABLE autoscaling_instance ADD COLUMN returns INTEGER NOT NULL DEFAULT 0;
-- migration 11
-- When the rolling update began, if new instances have to signal; else null.
ALTER TABLE autoscaling_group ADD COLUMN rolling_since INTEGER;
-- migration 12
-- A MixedInstancesPolicy, as JSON; empty without one.
ALTER TABLE autoscaling_group ADD COLUMN mixed TEXT NOT NULL DEFAULT '';
ALTER TABLE autoscaling_instance ADD COLUMN is_spot INTEGER NOT NULL DEFAULT 0;
