-- Boxes.
-- migration 1
CREATE TABLE sample_box (name TEXT PRIMARY KEY, "odd\name" TEXT);
-- migration 2: found by owner
CREATE INDEX sample_owner ON sample_box (name);
