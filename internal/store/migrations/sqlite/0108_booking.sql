-- +goose Up
-- The carrier that a buyer chose, and its code of the service.
ALTER TABLE orders ADD COLUMN carrier text NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN service text NOT NULL DEFAULT '';

-- A shop's key at a middleman for carriers, sealed under the installation's
-- key. area is the middleman's id of the place that parcels come from; turn
-- counts how often the address for its messages was changed.
CREATE TABLE carrier_keys (
  business_id blob NOT NULL,
  connector text NOT NULL,
  sealed text NOT NULL, -- P3, sealed
  ends text NOT NULL, -- its last letters, to be told from another
  turn bigint NOT NULL,
  area text NOT NULL,
  area_name text NOT NULL,
  area_of text NOT NULL, -- the village that area was looked up for
  tried_at datetime,
  tried text NOT NULL, -- ok, or the fault of the last try
  made_at datetime NOT NULL,
  PRIMARY KEY (business_id, connector),
  CHECK (turn > 0)
) WITHOUT ROWID;

-- What a shop offers of carriers: firms, or services of firms, apart by spaces.
CREATE TABLE carrier_settings (
  business_id blob NOT NULL,
  offers text NOT NULL,
  markup bigint NOT NULL, -- rupiah
  percent bigint NOT NULL,
  insured boolean NOT NULL,
  shared boolean NOT NULL, -- the installation's key may be used
  updated_at datetime NOT NULL,
  PRIMARY KEY (business_id),
  CHECK (markup >= 0 AND percent >= 0)
) WITHOUT ROWID;

-- Bookings of a parcel, the n-th each: what was asked, what came of it.
CREATE TABLE carrier_bookings (
  business_id blob NOT NULL,
  parcel_id blob NOT NULL,
  n bigint NOT NULL,
  id blob NOT NULL, -- of the form
  connector text NOT NULL,
  shared boolean NOT NULL,
  firm text NOT NULL,
  service text NOT NULL,
  state text NOT NULL,
  ours text NOT NULL, -- our reference, the same each time it is asked
  ref text NOT NULL, -- the carrier's
  routing text NOT NULL,
  link text NOT NULL,
  quoted bigint NOT NULL, -- rupiah that it was to cost
  fee bigint NOT NULL, -- rupiah that it was booked for
  fee_now bigint NOT NULL, -- rupiah after the carrier weighed it
  insurance bigint NOT NULL,
  cod_fee bigint NOT NULL,
  pick_up_at datetime,
  tries bigint NOT NULL,
  why text NOT NULL, -- the fault of the last try
  said text NOT NULL, -- and the carrier's words
  asked_at datetime NOT NULL,
  booked_at datetime,
  ended_at datetime,
  PRIMARY KEY (business_id, parcel_id, n),
  CHECK (n > 0 AND quoted >= 0 AND fee >= 0 AND fee_now >= 0 AND insurance >= 0 AND cod_fee >= 0)
) WITHOUT ROWID;
CREATE INDEX carrier_bookings_ref ON carrier_bookings (business_id, connector, ref);

-- Parcels of carriers to be asked about when nothing was heard of them. told
-- are states without time that a message told, until the carrier confirms them.
CREATE TABLE carrier_watches (
  business_id blob NOT NULL,
  parcel_id blob NOT NULL,
  told text NOT NULL,
  fails bigint NOT NULL,
  heard_at datetime NOT NULL,
  due_at datetime NOT NULL,
  began_at datetime NOT NULL,
  PRIMARY KEY (business_id, parcel_id)
) WITHOUT ROWID;
CREATE INDEX carrier_watches_due ON carrier_watches (business_id, due_at);

-- From the hash of an address for carriers' messages to whose it is.
CREATE TABLE carrier_hooks (
  hash text NOT NULL,
  business_id blob NOT NULL,
  connector text NOT NULL,
  PRIMARY KEY (hash)
) WITHOUT ROWID;

-- From the hash of a booking's reference to whose it is, of bookings under the
-- installation's key: their messages come to one address.
CREATE TABLE carrier_refs (
  hash text NOT NULL,
  business_id blob NOT NULL,
  parcel_id blob NOT NULL,
  PRIMARY KEY (hash)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE carrier_refs;
DROP TABLE carrier_hooks;
DROP TABLE carrier_watches;
DROP TABLE carrier_bookings;
DROP TABLE carrier_settings;
DROP TABLE carrier_keys;
ALTER TABLE orders DROP COLUMN service;
ALTER TABLE orders DROP COLUMN carrier;
