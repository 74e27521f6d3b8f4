-- +goose Up
-- A picture of a business, decoded and written anew. owner_id is null while
-- nothing refers to it; such a picture goes a day after loose_since.
CREATE TABLE blobs (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  private boolean NOT NULL,
  width bigint NOT NULL,
  height bigint NOT NULL,
  bytes bigint NOT NULL,
  owner_id uuid,
  loose_since timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  CHECK ((owner_id IS NULL) = (loose_since IS NOT NULL))
);
SELECT tenant('blobs');
CREATE INDEX blobs_loose ON blobs (business_id, loose_since) WHERE loose_since IS NOT NULL;
CREATE INDEX blobs_owner ON blobs (business_id, owner_id) WHERE owner_id IS NOT NULL;

-- The JPEG of one width.
CREATE TABLE blob_files (
  business_id uuid NOT NULL,
  blob_id uuid NOT NULL,
  width bigint NOT NULL,
  content bytea NOT NULL, -- P2
  PRIMARY KEY (business_id, blob_id, width),
  FOREIGN KEY (business_id, blob_id) REFERENCES blobs (business_id, id) ON DELETE CASCADE
);
SELECT tenant('blob_files');

-- What the pictures of a business weigh together.
CREATE TABLE blob_usage (
  business_id uuid NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (business_id),
  CHECK (bytes >= 0)
);
SELECT tenant('blob_usage');

-- +goose Down
DROP TABLE blob_usage;
DROP TABLE blob_files;
DROP TABLE blobs;
