-- +goose Up
-- A business and its public face. Hours and closings are JSON: read whole, never searched.
CREATE TABLE businesses (
  business_id uuid NOT NULL,
  slug text NOT NULL,
  name text NOT NULL,
  tagline text NOT NULL,
  about text NOT NULL,
  trade text NOT NULL,
  kbli text NOT NULL,
  kbli_edition text NOT NULL,
  village text NOT NULL,
  street text NOT NULL, -- P2
  landmark text NOT NULL, -- P2
  lat_e6 bigint, -- P3
  lng_e6 bigint, -- P3
  phone text NOT NULL, -- P2
  whatsapp text NOT NULL, -- P2
  mail text NOT NULL, -- P2
  dye text NOT NULL,
  zone text NOT NULL,
  hours text NOT NULL,
  any_time boolean NOT NULL,
  closings text NOT NULL,
  paused boolean NOT NULL,
  paused_note text NOT NULL,
  nib text NOT NULL,
  npwp text NOT NULL, -- P3
  nik_sealed text NOT NULL, -- P3
  nik_mac text NOT NULL, -- P3
  nik_tail text NOT NULL, -- P3
  halal text NOT NULL,
  pirt text NOT NULL,
  sold_before text NOT NULL,
  state text NOT NULL,
  hidden_reason text NOT NULL,
  hidden_at timestamptz,
  created_at timestamptz NOT NULL,
  published_at timestamptz,
  ended_at timestamptz,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (business_id)
);
SELECT tenant('businesses');

-- Every address a shop ever had. An old one leads to the current one for ever.
CREATE TABLE slugs (
  slug text NOT NULL,
  business_id uuid NOT NULL,
  live boolean NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (slug)
);
CREATE INDEX slugs_business ON slugs (business_id, live);
SELECT shared('slugs');

-- What the office may know of each business: public facts and standing, kept in
-- the transaction that changes the business.
CREATE TABLE registry (
  business_id uuid NOT NULL,
  slug text NOT NULL,
  name text NOT NULL,
  name_search text NOT NULL,
  trade text NOT NULL,
  kbli text NOT NULL,
  kbli_edition text NOT NULL,
  nib text NOT NULL,
  halal text NOT NULL,
  pirt text NOT NULL,
  province text NOT NULL,
  regency text NOT NULL,
  district text NOT NULL,
  village text NOT NULL,
  sold_before text NOT NULL,
  state text NOT NULL,
  hidden_reason text NOT NULL,
  hidden_at timestamptz,
  created_at timestamptz NOT NULL,
  published_at timestamptz,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (business_id)
);
CREATE INDEX registry_regency ON registry (regency, created_at, business_id);
CREATE INDEX registry_province ON registry (province, created_at, business_id);
CREATE INDEX registry_created ON registry (created_at, business_id);
SELECT shared('registry');

-- An owner's answer to the office's hiding of the shop, and the office's decision.
CREATE TABLE appeals (
  id uuid NOT NULL,
  business_id uuid NOT NULL,
  province text NOT NULL,
  regency text NOT NULL,
  hidden_reason text NOT NULL,
  text text NOT NULL, -- P2
  made_by uuid NOT NULL,
  made_at timestamptz NOT NULL,
  decision text NOT NULL,
  answer text NOT NULL, -- P2
  decided_by uuid,
  decided_at timestamptz,
  PRIMARY KEY (id)
);
CREATE INDEX appeals_business ON appeals (business_id, made_at);
CREATE INDEX appeals_open ON appeals (decision, made_at, id);
-- One open appeal for a business.
CREATE UNIQUE INDEX appeals_one_open ON appeals (business_id) WHERE decision = 'open';
SELECT shared('appeals');

-- A link by which a shop goes to another owner.
CREATE TABLE handovers (
  token_hash text NOT NULL,
  business_id uuid NOT NULL,
  from_person uuid NOT NULL,
  to_person uuid,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  revoked_at timestamptz,
  PRIMARY KEY (token_hash)
);
CREATE INDEX handovers_business ON handovers (business_id, created_at);
SELECT shared('handovers');

-- How far a person has come in opening a shop.
CREATE TABLE onboardings (
  person_id uuid NOT NULL,
  business_id uuid,
  step text NOT NULL,
  name text NOT NULL,
  trade text NOT NULL,
  village text NOT NULL,
  phone text NOT NULL, -- P2
  sold_before text NOT NULL,
  product_id uuid,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (person_id)
);
SELECT shared('onboardings');

-- +goose Down
DROP TABLE onboardings;
DROP TABLE handovers;
DROP TABLE appeals;
DROP TABLE registry;
DROP TABLE slugs;
DROP TABLE businesses;
