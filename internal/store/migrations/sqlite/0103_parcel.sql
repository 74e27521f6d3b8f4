-- +goose Up
-- What leaves a shop for one place: its own copy of where it goes, who carries
-- it, and how it stands. Without an order it is carried for another business.
CREATE TABLE parcels (
  business_id blob NOT NULL,
  id blob NOT NULL,
  order_id blob,
  customer_id blob,
  n bigint NOT NULL, -- the order's first, second ...
  number text NOT NULL,
  carrier text NOT NULL, -- own, or a carrier's code
  service text NOT NULL,
  waybill text NOT NULL,
  status text NOT NULL,
  status_at datetime NOT NULL,
  reason text NOT NULL,
  words text NOT NULL, -- what a carrier said that no table knows
  courier_id blob,
  place bigint NOT NULL, -- in the courier's run
  name text NOT NULL, -- P2
  phone text NOT NULL, -- P2
  village text NOT NULL, -- P2
  street text NOT NULL, -- P2
  landmark text NOT NULL, -- P2
  lat_e6 bigint, -- P3
  lng_e6 bigint, -- P3
  note text NOT NULL, -- P2
  contents text NOT NULL,
  pieces bigint NOT NULL,
  weight_grams bigint NOT NULL,
  goods bigint NOT NULL, -- rupiah of goods in it
  cod bigint NOT NULL, -- rupiah to be taken at the door
  taken bigint NOT NULL, -- rupiah taken
  taken_by text NOT NULL, -- cash or qris
  code_asked boolean NOT NULL, -- the receiver is to say four digits
  code_tries bigint NOT NULL,
  attempts bigint NOT NULL,
  due_from datetime,
  due_until datetime,
  receiver text NOT NULL, -- P2
  relation text NOT NULL,
  proof blob,
  restocked boolean NOT NULL,
  created_at datetime NOT NULL,
  handed_at datetime,
  out_at datetime,
  done_at datetime,
  ended_at datetime,
  changed_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, number),
  CHECK (n > 0 AND pieces >= 0 AND weight_grams >= 0 AND goods >= 0 AND cod >= 0 AND taken >= 0 AND attempts >= 0)
) WITHOUT ROWID;
CREATE UNIQUE INDEX parcels_order ON parcels (business_id, order_id, n);
CREATE INDEX parcels_status ON parcels (business_id, status, changed_at, id);
CREATE INDEX parcels_courier ON parcels (business_id, courier_id, status);
CREATE INDEX parcels_waybill ON parcels (business_id, waybill);
CREATE INDEX parcels_phone ON parcels (business_id, phone);

-- How many pieces of an order's line are in a parcel.
CREATE TABLE parcel_lines (
  business_id blob NOT NULL,
  parcel_id blob NOT NULL,
  n bigint NOT NULL,
  quantity bigint NOT NULL,
  PRIMARY KEY (business_id, parcel_id, n),
  FOREIGN KEY (business_id, parcel_id) REFERENCES parcels (business_id, id),
  CHECK (quantity > 0)
) WITHOUT ROWID;

-- What happened to a parcel. id is the act's own, or made of what a carrier
-- said, so that what is told twice happens once. at is when it happened,
-- received_at when we heard of it.
CREATE TABLE parcel_events (
  business_id blob NOT NULL,
  id blob NOT NULL,
  parcel_id blob NOT NULL,
  act text NOT NULL,
  status text NOT NULL,
  reason text NOT NULL,
  words text NOT NULL,
  code text NOT NULL,
  source text NOT NULL,
  person_id blob,
  lat_e6 bigint, -- P3
  lng_e6 bigint, -- P3
  accuracy_m bigint,
  receiver text NOT NULL, -- P2
  relation text NOT NULL,
  amount bigint NOT NULL,
  method text NOT NULL,
  text text NOT NULL, -- P2
  photo blob,
  due_from datetime,
  due_until datetime,
  at datetime NOT NULL,
  received_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  FOREIGN KEY (business_id, parcel_id) REFERENCES parcels (business_id, id)
) WITHOUT ROWID;
CREATE INDEX parcel_events_parcel ON parcel_events (business_id, parcel_id, at, id);

-- What a shop sets about its parcels.
CREATE TABLE parcel_settings (
  business_id blob NOT NULL,
  code_from bigint NOT NULL, -- rupiah of goods from which the receiver says a code; 0: never
  cash_limit bigint NOT NULL, -- rupiah that a courier may hold; 0: no limit
  updated_at datetime NOT NULL,
  PRIMARY KEY (business_id),
  CHECK (code_from >= 0 AND cash_limit >= 0)
) WITHOUT ROWID;

-- From the hash of a tracking link, or of a number with four digits of a
-- phone, to the parcel that it shows.
CREATE TABLE parcel_links (
  hash text NOT NULL,
  business_id blob NOT NULL,
  parcel_id blob NOT NULL,
  expires_at datetime,
  PRIMARY KEY (hash, business_id, parcel_id)
) WITHOUT ROWID;
CREATE INDEX parcel_links_parcel ON parcel_links (business_id, parcel_id);

-- +goose Down
DROP TABLE parcel_links;
DROP TABLE parcel_settings;
DROP TABLE parcel_events;
DROP TABLE parcel_lines;
DROP TABLE parcels;
