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
-- migration 2
ALTER TABLE cloudformation_stack ADD COLUMN role TEXT NOT NULL DEFAULT '';
-- The change set that was executed last, and the last operation with the token of its request.
ALTER TABLE cloudformation_stack ADD COLUMN change_set TEXT NOT NULL DEFAULT '';
ALTER TABLE cloudformation_stack ADD COLUMN request TEXT NOT NULL DEFAULT '';
-- In which phase of the stack's life the import was last seen.
ALTER TABLE cloudformation_import ADD COLUMN phase INTEGER NOT NULL DEFAULT 0;
CREATE TABLE cloudformation_signal (
  stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE, logical_id TEXT NOT NULL,
  unique_id TEXT NOT NULL, status TEXT NOT NULL, PRIMARY KEY (stack, logical_id, unique_id));
CREATE TABLE cloudformation_change_set (
  id TEXT NOT NULL PRIMARY KEY, stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE,
  name TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL, execution TEXT NOT NULL, created INTEGER NOT NULL,
  token TEXT NOT NULL, role TEXT NOT NULL, capabilities TEXT NOT NULL, on_failure INTEGER NOT NULL,
  -- The deployment holds secrets; the description is what DescribeChangeSet answers.
  deployment TEXT NOT NULL, description TEXT NOT NULL, UNIQUE (stack, name));
