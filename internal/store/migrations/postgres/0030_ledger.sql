-- +goose Up
-- Money, kept twice: the lines of each entry sum to zero, and nothing is ever edited.
CREATE TABLE ledger_entries (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  key text NOT NULL,
  kind text NOT NULL,
  order_id uuid,
  person_id uuid,
  at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, key)
);
SELECT tenant_log('ledger_entries');
CREATE INDEX ledger_entries_order ON ledger_entries (business_id, order_id);
CREATE INDEX ledger_entries_at ON ledger_entries (business_id, at);

-- holder is who has the money: the courier, or nobody (all zeros).
CREATE TABLE ledger_lines (
  business_id uuid NOT NULL,
  entry_id uuid NOT NULL,
  n bigint NOT NULL,
  account text NOT NULL,
  holder uuid NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (business_id, entry_id, n),
  FOREIGN KEY (business_id, entry_id) REFERENCES ledger_entries (business_id, id)
);
SELECT tenant_log('ledger_lines');

-- The sum of the lines by account and holder, changed with them.
CREATE TABLE ledger_balances (
  business_id uuid NOT NULL,
  account text NOT NULL,
  holder uuid NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (business_id, account, holder)
);
SELECT tenant('ledger_balances');

-- +goose Down
DROP TABLE ledger_balances;
DROP TABLE ledger_lines;
DROP TABLE ledger_entries;
