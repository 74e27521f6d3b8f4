-- +goose Up
CREATE TABLE stock_levels (
  business_id blob NOT NULL,
  variant_id blob NOT NULL,
  on_hand bigint NOT NULL,
  reserved bigint NOT NULL,
  threshold bigint NOT NULL,
  warn_at bigint,
  short boolean NOT NULL,
  PRIMARY KEY (business_id, variant_id),
  FOREIGN KEY (business_id, variant_id) REFERENCES variants (business_id, id),
  CHECK (on_hand >= 0),
  CHECK (reserved >= 0),
  CHECK (reserved = 0 OR short OR on_hand - reserved - threshold >= 0)
) WITHOUT ROWID;

CREATE TABLE stock_moves (
  business_id blob NOT NULL,
  id blob NOT NULL,
  variant_id blob NOT NULL,
  reason text NOT NULL,
  quantity bigint NOT NULL,
  held bigint NOT NULL,
  balance bigint NOT NULL,
  order_id blob,
  person_id blob,
  note text NOT NULL,
  at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  FOREIGN KEY (business_id, variant_id) REFERENCES variants (business_id, id)
) WITHOUT ROWID;
CREATE INDEX stock_moves_variant ON stock_moves (business_id, variant_id, at, id);
CREATE INDEX stock_moves_reason ON stock_moves (business_id, reason, at);

CREATE TABLE stock_holds (
  business_id blob NOT NULL,
  order_id blob NOT NULL,
  variant_id blob NOT NULL,
  quantity bigint NOT NULL,
  until datetime,
  PRIMARY KEY (business_id, order_id, variant_id),
  FOREIGN KEY (business_id, variant_id) REFERENCES variants (business_id, id),
  CHECK (quantity > 0)
) WITHOUT ROWID;

CREATE TABLE stock_counts (
  business_id blob NOT NULL,
  id blob NOT NULL,
  shelf text NOT NULL,
  state text NOT NULL,
  person_id blob NOT NULL,
  approved_by blob,
  started_at datetime NOT NULL,
  ended_at datetime,
  PRIMARY KEY (business_id, id),
  CHECK (state IN ('counting', 'waiting', 'done', 'dropped'))
) WITHOUT ROWID;
CREATE INDEX stock_counts_state ON stock_counts (business_id, state, id);

CREATE TABLE stock_count_lines (
  business_id blob NOT NULL,
  count_id blob NOT NULL,
  variant_id blob NOT NULL,
  counted bigint NOT NULL,
  expected bigint NOT NULL,
  at datetime NOT NULL,
  PRIMARY KEY (business_id, count_id, variant_id),
  FOREIGN KEY (business_id, count_id) REFERENCES stock_counts (business_id, id),
  FOREIGN KEY (business_id, variant_id) REFERENCES variants (business_id, id),
  CHECK (counted >= 0)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE stock_count_lines;
DROP TABLE stock_counts;
DROP TABLE stock_holds;
DROP TABLE stock_moves;
DROP TABLE stock_levels;
