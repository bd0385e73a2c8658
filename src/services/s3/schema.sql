-- migration 1
CREATE TABLE s3_bucket (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, account TEXT NOT NULL, region TEXT NOT NULL,
  created INTEGER NOT NULL, versioning TEXT NOT NULL DEFAULT '');
-- What can be set on a bucket, as JSON; no row: not set.
CREATE TABLE s3_configuration (
  bucket INTEGER NOT NULL REFERENCES s3_bucket (id) ON DELETE CASCADE, kind TEXT NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY (bucket, kind));
-- Every version of every object, and every delete marker. Ids grow with time, so they order the versions of a key
-- and are the sequencer of events. The bytes are in `content`, in the blob, or in pieces (of multipart uploads).
CREATE TABLE s3_version (
  id INTEGER PRIMARY KEY AUTOINCREMENT, bucket INTEGER NOT NULL REFERENCES s3_bucket (id),
  key TEXT NOT NULL, version TEXT NOT NULL, is_current INTEGER NOT NULL, is_marker INTEGER NOT NULL,
  bytes INTEGER NOT NULL, etag TEXT NOT NULL, modified INTEGER NOT NULL, storage_class TEXT NOT NULL,
  checksum_algorithm TEXT NOT NULL, checksum TEXT NOT NULL, checksum_type TEXT NOT NULL,
  part_count INTEGER NOT NULL, upload TEXT, tags TEXT NOT NULL, attributes TEXT NOT NULL, blob TEXT, content BLOB);
CREATE UNIQUE INDEX s3_version_id ON s3_version (bucket, key, version);
CREATE UNIQUE INDEX s3_current ON s3_version (bucket, key) WHERE is_current = 1;
CREATE INDEX s3_history ON s3_version (bucket, key, id DESC);
CREATE UNIQUE INDEX s3_version_upload ON s3_version (upload) WHERE upload IS NOT NULL;
CREATE TABLE s3_piece (
  version INTEGER NOT NULL REFERENCES s3_version (id) ON DELETE CASCADE, number INTEGER NOT NULL,
  bytes INTEGER NOT NULL, checksum TEXT NOT NULL, blob TEXT, content BLOB, PRIMARY KEY (version, number));
CREATE TABLE s3_upload (
  id TEXT PRIMARY KEY, bucket INTEGER NOT NULL REFERENCES s3_bucket (id), key TEXT NOT NULL,
  initiated INTEGER NOT NULL, initiator TEXT NOT NULL, storage_class TEXT NOT NULL,
  checksum_algorithm TEXT NOT NULL, checksum_type TEXT NOT NULL, is_checksum_asked INTEGER NOT NULL,
  tags TEXT NOT NULL, attributes TEXT NOT NULL);
CREATE INDEX s3_upload_key ON s3_upload (bucket, key, id);
CREATE TABLE s3_part (
  upload TEXT NOT NULL REFERENCES s3_upload (id) ON DELETE CASCADE, number INTEGER NOT NULL, bytes INTEGER NOT NULL,
  md5 TEXT NOT NULL, checksum TEXT NOT NULL, modified INTEGER NOT NULL, blob TEXT, content BLOB,
  PRIMARY KEY (upload, number));
-- migration 2: Object Lock; objects of other accounts than the bucket's; access control lists; encryption; replicas
ALTER TABLE s3_version ADD COLUMN lock_mode TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_version ADD COLUMN lock_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE s3_version ADD COLUMN legal_hold TEXT NOT NULL DEFAULT '';
-- The account that owns the version; empty: the bucket's. Its list as JSON; empty: all for the owner.
ALTER TABLE s3_version ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_version ADD COLUMN list TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_upload ADD COLUMN lock_mode TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_upload ADD COLUMN lock_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE s3_upload ADD COLUMN legal_hold TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_upload ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_upload ADD COLUMN list TEXT NOT NULL DEFAULT '';
-- "PENDING", "COMPLETED" or "FAILED" where rules say that there is a replica elsewhere; "REPLICA" of such a one.
ALTER TABLE s3_version ADD COLUMN replication TEXT NOT NULL DEFAULT '';
-- How bytes are encrypted (encryption.h), and the keys of those that are not in pieces, sealed. No key: they are plain.
ALTER TABLE s3_version ADD COLUMN encryption TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_version ADD COLUMN sealed_key BLOB;
ALTER TABLE s3_piece ADD COLUMN sealed_key BLOB;
ALTER TABLE s3_upload ADD COLUMN encryption TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_part ADD COLUMN sealed_key BLOB;
-- migration 3: copies of archived objects (archive.h): for how many days one is asked for while it is made, and the
-- time until which the last one stays
ALTER TABLE s3_version ADD COLUMN restore_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE s3_version ADD COLUMN restored_until INTEGER NOT NULL DEFAULT 0;
-- migration 4: objects of the class INTELLIGENT_TIERING (tiering.h): when one was used last, 0 for when it came, and
-- the tier of archives that it is in
ALTER TABLE s3_version ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE s3_version ADD COLUMN archive_tier TEXT NOT NULL DEFAULT '';
-- Every start asks for all blobs, and most objects have none.
CREATE INDEX s3_version_blob ON s3_version (blob) WHERE blob IS NOT NULL;
CREATE INDEX s3_piece_blob ON s3_piece (blob) WHERE blob IS NOT NULL;
CREATE INDEX s3_part_blob ON s3_part (blob) WHERE blob IS NOT NULL;
