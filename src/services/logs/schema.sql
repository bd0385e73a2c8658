-- migration 1
CREATE TABLE logs_group (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
  retention_days INTEGER, created INTEGER NOT NULL, stored_bytes INTEGER NOT NULL DEFAULT 0,
  UNIQUE (account, region, name));
CREATE TABLE logs_stream (
  id INTEGER PRIMARY KEY, log_group INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE,
  name TEXT NOT NULL, created INTEGER NOT NULL, first_event INTEGER, last_event INTEGER, last_ingestion INTEGER,
  UNIQUE (log_group, name));
-- One row an event. `sequence` orders events of one millisecond as they came.
CREATE TABLE logs_event (
  sequence INTEGER PRIMARY KEY, log_group INTEGER NOT NULL, stream INTEGER NOT NULL REFERENCES logs_stream (id)
  ON DELETE CASCADE, timestamp INTEGER NOT NULL, ingestion INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX logs_event_stream ON logs_event (stream, timestamp, sequence);
CREATE INDEX logs_event_group ON logs_event (log_group, timestamp, sequence);
CREATE TABLE logs_tag (
  log_group INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (log_group, key));
-- migration 2
-- `transformation` is the one MetricTransformation, as a document.
CREATE TABLE logs_metric_filter (
  log_group INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE, name TEXT NOT NULL, pattern TEXT NOT NULL,
  transformation TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (log_group, name));
