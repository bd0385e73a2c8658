-- migration 1
CREATE TABLE cloudformation_stack (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,
  status TEXT NOT NULL, reason TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER, deleted INTEGER,
  current TEXT NOT NULL, operation TEXT, principal TEXT NOT NULL, capabilities TEXT NOT NULL,
  disable_rollback INTEGER NOT NULL DEFAULT 0, protected INTEGER NOT NULL DEFAULT 0, timeout INTEGER);
CREATE INDEX cloudformation_stack_name ON cloudformation_stack (account, region, name);
CREATE TABLE cloudformation_resource (
  stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE, logical_id TEXT NOT NULL,
  instance INTEGER NOT NULL, resource TEXT NOT NULL, PRIMARY KEY (stack, logical_id, instance));
CREATE TABLE cloudformation_event (
  sequence INTEGER PRIMARY KEY, stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE,
  id TEXT NOT NULL, logical_id TEXT NOT NULL, physical_id TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
  reason TEXT NOT NULL, properties TEXT NOT NULL, token TEXT NOT NULL, time INTEGER NOT NULL);
CREATE INDEX cloudformation_event_stack ON cloudformation_event (stack, sequence);
CREATE TABLE cloudformation_output (
  stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE, key TEXT NOT NULL,
  value TEXT NOT NULL, description TEXT NOT NULL, export TEXT NOT NULL, PRIMARY KEY (stack, key));
CREATE INDEX cloudformation_output_export ON cloudformation_output (export);
CREATE TABLE cloudformation_import (
  stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE, export TEXT NOT NULL,
  PRIMARY KEY (stack, export));
