-- +goose Up
-- min_reader is the oldest program that may use this schema.
CREATE TABLE store_schema (
  id bigint NOT NULL,
  min_reader bigint NOT NULL,
  PRIMARY KEY (id)
) WITHOUT ROWID;
INSERT INTO store_schema (id, min_reader) VALUES (1, 1);

-- +goose Down
DROP TABLE store_schema;
