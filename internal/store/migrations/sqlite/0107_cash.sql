-- +goose Up
-- Money that goes from hand to hand. Both phones tell of it; the first one
-- books it, and what the sides say differently stays beside each other until
-- somebody explains it. Without first nobody has told a right code yet.
CREATE TABLE cash_handovers (
  business_id blob NOT NULL,
  id blob NOT NULL,
  giver_id blob NOT NULL,
  receiver_id blob,
  mark text NOT NULL, -- six letters of the giver's page
  key text NOT NULL, -- of the ledger's entry
  first text NOT NULL, -- who booked it: give, take
  amount bigint NOT NULL, -- booked
  till boolean NOT NULL, -- into the till, not into the receiver's hands
  parcels bigint NOT NULL,
  given_id blob,
  given bigint,
  given_at datetime,
  taken_id blob,
  taken bigint,
  taken_at datetime,
  tries bigint NOT NULL, -- wrong codes
  right_side text NOT NULL, -- of a difference that was explained
  why text NOT NULL, -- P2
  explained_by blob,
  person_id blob,
  explained_at datetime,
  at datetime NOT NULL,
  changed_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, giver_id, mark),
  UNIQUE (business_id, key),
  UNIQUE (business_id, given_id),
  UNIQUE (business_id, taken_id),
  CHECK (amount >= 0 AND tries >= 0)
) WITHOUT ROWID;
CREATE INDEX cash_handovers_changed ON cash_handovers (business_id, changed_at);
CREATE INDEX cash_handovers_open ON cash_handovers (business_id, changed_at) WHERE given <> taken;

-- What was counted into the till of what somebody held.
CREATE TABLE cash_counts (
  business_id blob NOT NULL,
  id blob NOT NULL,
  key text NOT NULL, -- of the ledger's entry
  holder_id blob NOT NULL,
  amount bigint NOT NULL,
  missing bigint NOT NULL, -- below zero: too much
  why text NOT NULL, -- P2
  explained_by blob,
  person_id blob,
  at datetime NOT NULL,
  PRIMARY KEY (business_id, id)
) WITHOUT ROWID;
CREATE INDEX cash_counts_missing ON cash_counts (business_id, at) WHERE missing <> 0;

-- Differences between what parcels took and what the books say, as somebody explained them.
CREATE TABLE cash_found (
  business_id blob NOT NULL,
  id blob NOT NULL,
  amount bigint NOT NULL,
  why text NOT NULL, -- P2
  explained_by blob,
  person_id blob,
  at datetime NOT NULL,
  PRIMARY KEY (business_id, id)
) WITHOUT ROWID;

-- A file by which a carrier or an aggregator says what it paid out.
CREATE TABLE cash_payouts (
  business_id blob NOT NULL,
  id blob NOT NULL,
  name text NOT NULL,
  hash text NOT NULL, -- of the file
  lines bigint NOT NULL,
  person_id blob,
  at datetime NOT NULL,
  changed_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, hash)
) WITHOUT ROWID;

-- state: match, differs, unknown, early, paid, twice, bad; then booked or dropped.
CREATE TABLE cash_payout_lines (
  business_id blob NOT NULL,
  payout_id blob NOT NULL,
  n bigint NOT NULL, -- row of the file
  waybill text NOT NULL,
  cod bigint NOT NULL,
  fee bigint NOT NULL,
  net bigint NOT NULL,
  paid_on datetime,
  parcel_id blob,
  owed bigint NOT NULL, -- what the parcel took
  state text NOT NULL,
  why text NOT NULL, -- P2
  explained_by blob,
  person_id blob,
  decided_at datetime,
  PRIMARY KEY (business_id, payout_id, n),
  FOREIGN KEY (business_id, payout_id) REFERENCES cash_payouts (business_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX cash_payout_lines_booked ON cash_payout_lines (business_id, parcel_id) WHERE state = 'booked';
CREATE INDEX cash_payout_lines_state ON cash_payout_lines (business_id, state);

-- In how many days after delivery a carrier promised to pay out.
CREATE TABLE cash_terms (
  business_id blob NOT NULL,
  carrier text NOT NULL,
  days bigint NOT NULL,
  updated_at datetime NOT NULL,
  PRIMARY KEY (business_id, carrier),
  CHECK (days >= 0)
) WITHOUT ROWID;

-- Money that parcels took, by when we heard of it; what carriers owe; and what
-- came into somebody's hands, the newest first.
CREATE INDEX parcel_events_cash ON parcel_events (business_id, received_at) WHERE amount <> 0;
CREATE INDEX parcels_owed ON parcels (business_id, carrier, done_at) WHERE status = 'delivered' AND taken > 0 AND carrier <> 'own';
CREATE INDEX ledger_lines_hands ON ledger_lines (business_id, holder, entry_id) WHERE account = 'courier_cash';

-- +goose Down
DROP INDEX ledger_lines_hands;
DROP INDEX parcels_owed;
DROP INDEX parcel_events_cash;
DROP TABLE cash_terms;
DROP TABLE cash_payout_lines;
DROP TABLE cash_payouts;
DROP TABLE cash_found;
DROP TABLE cash_counts;
DROP TABLE cash_handovers;
