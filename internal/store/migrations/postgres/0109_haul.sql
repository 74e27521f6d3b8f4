-- +goose Up
-- A business that carries for others: how it is found and what it keeps.
CREATE TABLE haul_firms (
  business_id uuid NOT NULL,
  code text NOT NULL, -- in parcels.carrier of the shops: firm:code
  open boolean NOT NULL, -- shops may choose it
  cod_bp bigint NOT NULL, -- of what is taken at the door it keeps so many hundredths of a percent
  pay_days text NOT NULL, -- weekdays on which it pays, 1 to 7
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (business_id),
  CHECK (cod_bp >= 0 AND cod_bp <= 10000)
);
SELECT tenant('haul_firms');

-- What a firm works with: services, hubs, vehicles.
CREATE TABLE haul_assets (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL, -- service, hub or vehicle
  name text NOT NULL,
  detail text NOT NULL, -- hours, village or plate
  n bigint NOT NULL,
  PRIMARY KEY (business_id, id)
);
SELECT tenant('haul_assets');

-- What two businesses agreed, as each of them has it. The shop's wish and the
-- firm's answer each have one writer; the other side has a copy, and the
-- number of the change tells which copy is newer.
CREATE TABLE haul_ties (
  business_id uuid NOT NULL,
  other_id uuid NOT NULL,
  firm boolean NOT NULL, -- this side is the firm
  code text NOT NULL,
  name text NOT NULL, -- of the other, and where it is: P1
  phone text NOT NULL, -- P2
  village text NOT NULL, -- P1
  street text NOT NULL, -- P1
  landmark text NOT NULL, -- P1
  lat_e6 bigint, -- P1
  lng_e6 bigint, -- P1
  wish text NOT NULL, -- asked or ended
  wish_n bigint NOT NULL,
  answer text NOT NULL, -- empty, accepted, refused or ended
  answer_n bigint NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, other_id)
);
SELECT tenant('haul_ties');

-- A parcel that was handed over lives in both businesses, joined by a token.
-- n counts what the shop told of it; the firm has the number it heard last.
CREATE TABLE haul_links (
  business_id uuid NOT NULL,
  token uuid NOT NULL,
  parcel_id uuid NOT NULL,
  other_id uuid NOT NULL,
  firm boolean NOT NULL,
  live boolean NOT NULL, -- the shop wants it carried by this firm
  n bigint NOT NULL,
  fee bigint NOT NULL, -- for carrying it, as agreed when it was booked
  status text NOT NULL,
  cod bigint NOT NULL,
  taken bigint NOT NULL,
  pickup_id uuid,
  payout_id uuid,
  created_at timestamptz NOT NULL,
  done_at timestamptz,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, token),
  CHECK (fee >= 0 AND cod >= 0 AND taken >= 0)
);
SELECT tenant('haul_links');
CREATE INDEX haul_links_parcel ON haul_links (business_id, parcel_id);
CREATE INDEX haul_links_other ON haul_links (business_id, other_id, changed_at, token);

-- Parcels that a firm is asked to fetch at a shop, under one id in both.
CREATE TABLE haul_pickups (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  other_id uuid NOT NULL,
  firm boolean NOT NULL,
  round_id uuid, -- firm: fetched together with others
  place bigint NOT NULL,
  courier_id uuid,
  share bigint NOT NULL, -- of the round's fare
  payout_id uuid,
  given_at timestamptz,
  taken_at timestamptz,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  CHECK (share >= 0)
);
SELECT tenant('haul_pickups');
CREATE INDEX haul_pickups_other ON haul_pickups (business_id, other_id, created_at);

CREATE TABLE haul_pickup_items (
  business_id uuid NOT NULL,
  pickup_id uuid NOT NULL,
  token uuid NOT NULL,
  given boolean NOT NULL, -- counted by the shop
  taken boolean NOT NULL, -- counted by the firm
  share bigint NOT NULL,
  PRIMARY KEY (business_id, pickup_id, token),
  FOREIGN KEY (business_id, pickup_id) REFERENCES haul_pickups (business_id, id)
);
SELECT tenant('haul_pickup_items');

-- One way to many shops: its fare is parted among the parcels.
CREATE TABLE haul_rounds (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  village text NOT NULL, -- P0
  courier_id uuid NOT NULL,
  fare bigint NOT NULL,
  parcels bigint NOT NULL,
  metres bigint NOT NULL,
  single_metres bigint NOT NULL, -- if each shop were a way of its own
  created_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  CHECK (fare >= 0)
);
SELECT tenant('haul_rounds');
CREATE INDEX haul_rounds_at ON haul_rounds (business_id, created_at);

-- What goes from one hub to the next, counted where it leaves and where it
-- comes.
CREATE TABLE haul_manifests (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  number text NOT NULL,
  from_hub uuid NOT NULL,
  to_hub uuid NOT NULL,
  vehicle_id uuid,
  state text NOT NULL, -- open, sent or received
  created_at timestamptz NOT NULL,
  sent_at timestamptz,
  received_at timestamptz,
  PRIMARY KEY (business_id, id)
);
SELECT tenant('haul_manifests');
CREATE INDEX haul_manifests_at ON haul_manifests (business_id, created_at);

CREATE TABLE haul_manifest_items (
  business_id uuid NOT NULL,
  manifest_id uuid NOT NULL,
  parcel_id uuid NOT NULL,
  sent boolean NOT NULL,
  received boolean NOT NULL,
  PRIMARY KEY (business_id, manifest_id, parcel_id),
  FOREIGN KEY (business_id, manifest_id) REFERENCES haul_manifests (business_id, id)
);
SELECT tenant('haul_manifest_items');

-- What a firm paid to a shop, under one id in both.
CREATE TABLE haul_payouts (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  other_id uuid NOT NULL,
  firm boolean NOT NULL,
  parcels bigint NOT NULL,
  cod bigint NOT NULL,
  fee bigint NOT NULL,
  net bigint NOT NULL, -- below zero: the shop paid the firm
  paid_on text NOT NULL,
  reference text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  CHECK (net = cod - fee)
);
SELECT tenant('haul_payouts');
CREATE INDEX haul_payouts_other ON haul_payouts (business_id, other_id, created_at);

-- What anybody may know of a firm: kept by a job, read by shops that choose.
CREATE TABLE haul_summaries (
  firm_id uuid NOT NULL,
  code text NOT NULL,
  name text NOT NULL,
  village text NOT NULL, -- P0
  services text NOT NULL,
  coverage text NOT NULL,
  from_fee bigint NOT NULL,
  cod_bp bigint NOT NULL,
  pay_days text NOT NULL,
  tariff text NOT NULL,
  open boolean NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (firm_id)
);
CREATE UNIQUE INDEX haul_summaries_code ON haul_summaries (code);
SELECT shared('haul_summaries');

-- Two businesses that carry for each other, when their books were compared
-- last, and how many parcels that looked at.
CREATE TABLE haul_pairs (
  shop_id uuid NOT NULL,
  firm_id uuid NOT NULL,
  compared_at timestamptz,
  compared bigint NOT NULL,
  PRIMARY KEY (shop_id, firm_id)
);
SELECT shared('haul_pairs');

-- What each side says of a parcel, by its token: no name, no place.
CREATE TABLE haul_marks (
  shop_id uuid NOT NULL,
  firm_id uuid NOT NULL,
  token uuid NOT NULL,
  firm boolean NOT NULL, -- who says it
  day text NOT NULL,
  live boolean NOT NULL,
  status text NOT NULL,
  cod bigint NOT NULL,
  taken bigint NOT NULL,
  paid boolean NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (shop_id, firm_id, token, firm)
);
SELECT shared('haul_marks');

-- Where the two do not say the same.
CREATE TABLE haul_differences (
  shop_id uuid NOT NULL,
  firm_id uuid NOT NULL,
  token uuid NOT NULL,
  kind text NOT NULL, -- missing, status, cod, taken or paid
  shop_says text NOT NULL,
  firm_says text NOT NULL,
  found_at timestamptz NOT NULL,
  PRIMARY KEY (shop_id, firm_id, token, kind)
);
CREATE INDEX haul_differences_firm ON haul_differences (firm_id, found_at);
SELECT shared('haul_differences');

-- +goose Down
DROP TABLE haul_differences;
DROP TABLE haul_marks;
DROP TABLE haul_pairs;
DROP TABLE haul_summaries;
DROP TABLE haul_payouts;
DROP TABLE haul_manifest_items;
DROP TABLE haul_manifests;
DROP TABLE haul_rounds;
DROP TABLE haul_pickup_items;
DROP TABLE haul_pickups;
DROP TABLE haul_links;
DROP TABLE haul_ties;
DROP TABLE haul_assets;
DROP TABLE haul_firms;
