-- +goose Up
-- What leaves a shop for one place: its own copy of where it goes, who carries
-- it, and how it stands. Without an order it is carried for another business.
CREATE TABLE parcels (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  order_id uuid,
  customer_id uuid,
  n bigint NOT NULL, -- the order's first, second ...
  number text NOT NULL,
  carrier text NOT NULL, -- own, or a carrier's code
  service text NOT NULL,
  waybill text NOT NULL,
  status text NOT NULL,
  status_at timestamptz NOT NULL,
  reason text NOT NULL,
  words text NOT NULL, -- what a carrier said that no table knows
  courier_id uuid,
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
  due_from timestamptz,
  due_until timestamptz,
  receiver text NOT NULL, -- P2
  relation text NOT NULL,
  proof uuid,
  restocked boolean NOT NULL,
  created_at timestamptz NOT NULL,
  handed_at timestamptz,
  out_at timestamptz,
  done_at timestamptz,
  ended_at timestamptz,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, number),
  CHECK (n > 0 AND pieces >= 0 AND weight_grams >= 0 AND goods >= 0 AND cod >= 0 AND taken >= 0 AND attempts >= 0)
);
SELECT tenant('parcels');
CREATE UNIQUE INDEX parcels_order ON parcels (business_id, order_id, n);
CREATE INDEX parcels_status ON parcels (business_id, status, changed_at, id);
CREATE INDEX parcels_courier ON parcels (business_id, courier_id, status);
CREATE INDEX parcels_waybill ON parcels (business_id, waybill);
CREATE INDEX parcels_phone ON parcels (business_id, phone);

-- How many pieces of an order's line are in a parcel.
CREATE TABLE parcel_lines (
  business_id uuid NOT NULL,
  parcel_id uuid NOT NULL,
  n bigint NOT NULL,
  quantity bigint NOT NULL,
  PRIMARY KEY (business_id, parcel_id, n),
  FOREIGN KEY (business_id, parcel_id) REFERENCES parcels (business_id, id),
  CHECK (quantity > 0)
);
SELECT tenant('parcel_lines');

-- What happened to a parcel. id is the act's own, or made of what a carrier
-- said, so that what is told twice happens once. at is when it happened,
-- received_at when we heard of it.
CREATE TABLE parcel_events (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  parcel_id uuid NOT NULL,
  act text NOT NULL,
  status text NOT NULL,
  reason text NOT NULL,
  words text NOT NULL,
  code text NOT NULL,
  source text NOT NULL,
  person_id uuid,
  lat_e6 bigint, -- P3
  lng_e6 bigint, -- P3
  accuracy_m bigint,
  receiver text NOT NULL, -- P2
  relation text NOT NULL,
  amount bigint NOT NULL,
  method text NOT NULL,
  text text NOT NULL, -- P2
  photo uuid,
  due_from timestamptz,
  due_until timestamptz,
  at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  FOREIGN KEY (business_id, parcel_id) REFERENCES parcels (business_id, id)
);
SELECT tenant('parcel_events');
CREATE INDEX parcel_events_parcel ON parcel_events (business_id, parcel_id, at, id);

-- What a shop sets about its parcels.
CREATE TABLE parcel_settings (
  business_id uuid NOT NULL,
  code_from bigint NOT NULL, -- rupiah of goods from which the receiver says a code; 0: never
  cash_limit bigint NOT NULL, -- rupiah that a courier may hold; 0: no limit
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (business_id),
  CHECK (code_from >= 0 AND cash_limit >= 0)
);
SELECT tenant('parcel_settings');

-- From the hash of a tracking link, or of a number with four digits of a
-- phone, to the parcel that it shows.
CREATE TABLE parcel_links (
  hash text NOT NULL,
  business_id uuid NOT NULL,
  parcel_id uuid NOT NULL,
  expires_at timestamptz,
  PRIMARY KEY (hash, business_id, parcel_id)
);
CREATE INDEX parcel_links_parcel ON parcel_links (business_id, parcel_id);
SELECT shared('parcel_links');

-- +goose Down
DROP TABLE parcel_links;
DROP TABLE parcel_settings;
DROP TABLE parcel_events;
DROP TABLE parcel_lines;
DROP TABLE parcels;
