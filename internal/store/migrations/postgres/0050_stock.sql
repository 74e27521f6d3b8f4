-- +goose Up
-- free = on_hand - reserved - threshold. A threshold above zero is kept back
-- for walk-ins, one below zero is how much may be ordered ahead. Only a
-- correction may leave less than what is reserved; it then says short.
CREATE TABLE stock_levels (
  business_id uuid NOT NULL,
  variant_id uuid NOT NULL,
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
);
SELECT tenant('stock_levels');

-- Every change of on_hand (quantity) and of reserved (held), never edited.
CREATE TABLE stock_moves (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  variant_id uuid NOT NULL,
  reason text NOT NULL,
  quantity bigint NOT NULL,
  held bigint NOT NULL,
  balance bigint NOT NULL,
  order_id uuid,
  person_id uuid,
  note text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  FOREIGN KEY (business_id, variant_id) REFERENCES variants (business_id, id)
);
SELECT tenant_log('stock_moves');
CREATE INDEX stock_moves_variant ON stock_moves (business_id, variant_id, at, id);
CREATE INDEX stock_moves_reason ON stock_moves (business_id, reason, at);

-- What an order holds. A hold goes once: with the order, or back to the shelf.
CREATE TABLE stock_holds (
  business_id uuid NOT NULL,
  order_id uuid NOT NULL,
  variant_id uuid NOT NULL,
  quantity bigint NOT NULL,
  until timestamptz,
  PRIMARY KEY (business_id, order_id, variant_id),
  FOREIGN KEY (business_id, variant_id) REFERENCES variants (business_id, id),
  CHECK (quantity > 0)
);
SELECT tenant('stock_holds');

-- A count of one shelf, or of all when shelf is empty.
CREATE TABLE stock_counts (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  shelf text NOT NULL,
  state text NOT NULL,
  person_id uuid NOT NULL,
  approved_by uuid,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (business_id, id),
  CHECK (state IN ('counting', 'waiting', 'done', 'dropped'))
);
SELECT tenant('stock_counts');
CREATE INDEX stock_counts_state ON stock_counts (business_id, state, id);

-- One counted variant. expected is what the book said when it was counted,
-- so that what is sold in the meantime is not counted as missing.
CREATE TABLE stock_count_lines (
  business_id uuid NOT NULL,
  count_id uuid NOT NULL,
  variant_id uuid NOT NULL,
  counted bigint NOT NULL,
  expected bigint NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (business_id, count_id, variant_id),
  FOREIGN KEY (business_id, count_id) REFERENCES stock_counts (business_id, id),
  FOREIGN KEY (business_id, variant_id) REFERENCES variants (business_id, id),
  CHECK (counted >= 0)
);
SELECT tenant('stock_count_lines');

-- +goose Down
DROP TABLE stock_count_lines;
DROP TABLE stock_counts;
DROP TABLE stock_holds;
DROP TABLE stock_moves;
DROP TABLE stock_levels;
