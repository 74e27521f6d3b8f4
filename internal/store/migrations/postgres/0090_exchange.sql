-- +goose Up
-- each_text makes rows of a JSON list of texts.
-- +goose StatementBegin
CREATE FUNCTION each_text(texts text) RETURNS TABLE (value text) LANGUAGE sql IMMUTABLE AS $$
  SELECT j.value FROM json_array_elements_text(CAST(texts AS json)) AS j (value)
$$;
-- +goose StatementEnd

-- A file that is taken in. header, samples, mapping, how and problems are JSON that nothing is looked up by.
CREATE TABLE imports (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  format text NOT NULL,
  bytes bigint NOT NULL,
  state text NOT NULL,
  header text NOT NULL,
  header_row bigint NOT NULL,
  samples text NOT NULL, -- P2 a few rows, to see what a column holds
  mapping text NOT NULL,
  how text NOT NULL,
  total bigint NOT NULL,
  done_line bigint NOT NULL,
  rows_done bigint NOT NULL,
  fresh bigint NOT NULL,
  changed bigint NOT NULL,
  same bigint NOT NULL,
  bad bigint NOT NULL,
  problems text NOT NULL, -- P2
  trouble text NOT NULL,
  person_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  CHECK (state IN ('uploading', 'uploaded', 'checking', 'checked', 'taking', 'done', 'cancelled', 'failed'))
);
SELECT tenant('imports');

CREATE TABLE import_parts (
  business_id uuid NOT NULL,
  import_id uuid NOT NULL,
  n bigint NOT NULL,
  content bytea NOT NULL, -- P2
  PRIMARY KEY (business_id, import_id, n),
  FOREIGN KEY (business_id, import_id) REFERENCES imports (business_id, id)
);
SELECT tenant('import_parts');

-- What was chosen for a header, for next time.
CREATE TABLE import_mappings (
  business_id uuid NOT NULL,
  kind text NOT NULL,
  fingerprint text NOT NULL,
  mapping text NOT NULL,
  used_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, kind, fingerprint)
);
SELECT tenant('import_mappings');

-- Files that were given out, to bound how many.
CREATE TABLE exports (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  format text NOT NULL,
  person_id uuid NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id)
);
SELECT tenant('exports');
CREATE INDEX exports_at ON exports (business_id, at);

-- +goose Down
DROP TABLE exports;
DROP TABLE import_mappings;
DROP TABLE import_parts;
DROP TABLE imports;
DROP FUNCTION each_text(text);
