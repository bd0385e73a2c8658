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
-- migration 3
-- Of stacks that are resources of others: whose, and of which at the top.
ALTER TABLE cloudformation_stack ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE cloudformation_stack ADD COLUMN root TEXT NOT NULL DEFAULT '';
CREATE INDEX cloudformation_stack_parent ON cloudformation_stack (parent);
-- What is wanted of a nested stack, one row a physical resource; WAITING, BEGUN, NOTHING or FAILED.
CREATE TABLE cloudformation_nested (
  stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE, suffix TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE, child TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, properties TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'WAITING', problem TEXT NOT NULL DEFAULT '', PRIMARY KEY (stack, suffix));
-- What was asked of whoever stands behind a custom resource last, one row a physical resource.
CREATE TABLE cloudformation_request (
  stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE, suffix TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE, logical_id TEXT NOT NULL, type TEXT NOT NULL, service_token TEXT NOT NULL,
  -- Who answers has to know the secret. The payload is kept until it is sent.
  secret TEXT NOT NULL, payload TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0, deadline INTEGER NOT NULL,
  -- The answer as it came, or why there will be none.
  reply TEXT, problem TEXT, PRIMARY KEY (stack, suffix));
CREATE TABLE cloudformation_wait_handle (
  stack TEXT NOT NULL REFERENCES cloudformation_stack (id) ON DELETE CASCADE, id TEXT NOT NULL UNIQUE,
  secret TEXT NOT NULL, url TEXT NOT NULL PRIMARY KEY);
CREATE TABLE cloudformation_wait_signal (
  handle TEXT NOT NULL REFERENCES cloudformation_wait_handle (id) ON DELETE CASCADE, unique_id TEXT NOT NULL,
  status TEXT NOT NULL, reason TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (handle, unique_id));
CREATE TABLE cloudformation_macro (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, function TEXT NOT NULL,
  PRIMARY KEY (account, region, name));
