-- +goose Up
-- A file that is taken in. header, samples, mapping, how and problems are JSON that nothing is looked up by.
CREATE TABLE imports (
  business_id blob NOT NULL,
  id blob NOT NULL,
  kind text NOT NULL,
  format text NOT NULL,
  bytes bigint NOT NULL,
  state text NOT NULL,
  header text NOT NULL,
  header_row bigint NOT NULL,
  samples text NOT NULL,
  mapping text NOT NULL,
  how text NOT NULL,
  total bigint NOT NULL,
  done_line bigint NOT NULL,
  rows_done bigint NOT NULL,
  fresh bigint NOT NULL,
  changed bigint NOT NULL,
  same bigint NOT NULL,
  bad bigint NOT NULL,
  problems text NOT NULL,
  trouble text NOT NULL,
  person_id blob NOT NULL,
  created_at datetime NOT NULL,
  changed_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  CHECK (state IN ('uploading', 'uploaded', 'checking', 'checked', 'taking', 'done', 'cancelled', 'failed'))
) WITHOUT ROWID;

CREATE TABLE import_parts (
  business_id blob NOT NULL,
  import_id blob NOT NULL,
  n bigint NOT NULL,
  content blob NOT NULL,
  PRIMARY KEY (business_id, import_id, n),
  FOREIGN KEY (business_id, import_id) REFERENCES imports (business_id, id)
);

-- What was chosen for a header, for next time.
CREATE TABLE import_mappings (
  business_id blob NOT NULL,
  kind text NOT NULL,
  fingerprint text NOT NULL,
  mapping text NOT NULL,
  used_at datetime NOT NULL,
  PRIMARY KEY (business_id, kind, fingerprint)
) WITHOUT ROWID;

-- Files that were given out, to bound how many.
CREATE TABLE exports (
  business_id blob NOT NULL,
  id blob NOT NULL,
  kind text NOT NULL,
  format text NOT NULL,
  person_id blob NOT NULL,
  at datetime NOT NULL,
  PRIMARY KEY (business_id, id)
) WITHOUT ROWID;
CREATE INDEX exports_at ON exports (business_id, at);

-- +goose Down
DROP TABLE exports;
DROP TABLE import_mappings;
DROP TABLE import_parts;
DROP TABLE imports;
