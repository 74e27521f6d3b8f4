-- +goose Up
CREATE TABLE blobs (
  business_id blob NOT NULL,
  id blob NOT NULL,
  kind text NOT NULL,
  private boolean NOT NULL,
  width bigint NOT NULL,
  height bigint NOT NULL,
  bytes bigint NOT NULL,
  owner_id blob,
  loose_since datetime,
  created_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  CHECK ((owner_id IS NULL) = (loose_since IS NOT NULL))
) WITHOUT ROWID;
CREATE INDEX blobs_loose ON blobs (business_id, loose_since) WHERE loose_since IS NOT NULL;
CREATE INDEX blobs_owner ON blobs (business_id, owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE blob_files (
  business_id blob NOT NULL,
  blob_id blob NOT NULL,
  width bigint NOT NULL,
  content blob NOT NULL,
  PRIMARY KEY (business_id, blob_id, width),
  FOREIGN KEY (business_id, blob_id) REFERENCES blobs (business_id, id) ON DELETE CASCADE
);

CREATE TABLE blob_usage (
  business_id blob NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (business_id),
  CHECK (bytes >= 0)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE blob_usage;
DROP TABLE blob_files;
DROP TABLE blobs;
