-- The tables of CloudWatch. Metrics are in a store of their own, see src/metrics.
-- migration 1
-- `definition` is the PutMetricAlarm that made it, as a document.
CREATE TABLE cloudwatch_alarm (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, definition TEXT NOT NULL,
  configured INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, reason_data TEXT,
  updated INTEGER NOT NULL, transitioned INTEGER NOT NULL, PRIMARY KEY (account, region, name));
CREATE TABLE cloudwatch_alarm_history (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, alarm TEXT NOT NULL,
  time INTEGER NOT NULL, type TEXT NOT NULL, summary TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX cloudwatch_alarm_history_alarm ON cloudwatch_alarm_history (account, region, alarm, time);
CREATE INDEX cloudwatch_alarm_history_time ON cloudwatch_alarm_history (account, region, time);
CREATE TABLE cloudwatch_tag (
  account TEXT NOT NULL, region TEXT NOT NULL, alarm TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (account, region, alarm, key));
-- migration 2
-- `composite` is the PutCompositeAlarm that made it; `definition` then has what both kinds have. `acted` is the
-- state whose actions were carried out last, of one whose actions another alarm may suppress.
ALTER TABLE cloudwatch_alarm ADD COLUMN composite TEXT;
ALTER TABLE cloudwatch_alarm ADD COLUMN suppressed_by TEXT;
ALTER TABLE cloudwatch_alarm ADD COLUMN suppressed_since INTEGER;
ALTER TABLE cloudwatch_alarm ADD COLUMN acted TEXT;
ALTER TABLE cloudwatch_alarm_history ADD COLUMN alarm_type TEXT NOT NULL DEFAULT 'MetricAlarm';
-- migration 3
-- Dashboards belong to an account in all regions.
CREATE TABLE cloudwatch_dashboard (
  account TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, changed INTEGER NOT NULL,
  PRIMARY KEY (account, name));
-- Tags are of alarms, "alarm:NAME" in their region, and of dashboards, "dashboard/NAME" in none.
ALTER TABLE cloudwatch_tag RENAME COLUMN alarm TO resource;
UPDATE cloudwatch_tag SET resource = 'alarm:' || resource;
