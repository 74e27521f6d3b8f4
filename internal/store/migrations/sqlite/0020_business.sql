-- +goose Up
-- A business and its public face. Hours and closings are JSON: read whole, never searched.
CREATE TABLE businesses (
  business_id blob NOT NULL,
  slug text NOT NULL,
  name text NOT NULL,
  tagline text NOT NULL,
  about text NOT NULL,
  trade text NOT NULL,
  kbli text NOT NULL,
  kbli_edition text NOT NULL,
  village text NOT NULL,
  street text NOT NULL,
  landmark text NOT NULL,
  lat_e6 bigint,
  lng_e6 bigint,
  phone text NOT NULL,
  whatsapp text NOT NULL,
  mail text NOT NULL,
  dye text NOT NULL,
  zone text NOT NULL,
  hours text NOT NULL,
  any_time boolean NOT NULL,
  closings text NOT NULL,
  paused boolean NOT NULL,
  paused_note text NOT NULL,
  nib text NOT NULL,
  npwp text NOT NULL,
  nik_sealed text NOT NULL,
  nik_mac text NOT NULL,
  nik_tail text NOT NULL,
  halal text NOT NULL,
  pirt text NOT NULL,
  sold_before text NOT NULL,
  state text NOT NULL,
  hidden_reason text NOT NULL,
  hidden_at datetime,
  created_at datetime NOT NULL,
  published_at datetime,
  ended_at datetime,
  updated_at datetime NOT NULL,
  PRIMARY KEY (business_id)
) WITHOUT ROWID;

-- Every address a shop ever had. An old one leads to the current one for ever.
CREATE TABLE slugs (
  slug text NOT NULL,
  business_id blob NOT NULL,
  live boolean NOT NULL,
  created_at datetime NOT NULL,
  PRIMARY KEY (slug)
);
CREATE INDEX slugs_business ON slugs (business_id, live);

-- What the office may know of each business: public facts and standing, kept in
-- the transaction that changes the business.
CREATE TABLE registry (
  business_id blob NOT NULL,
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
  hidden_at datetime,
  created_at datetime NOT NULL,
  published_at datetime,
  updated_at datetime NOT NULL,
  PRIMARY KEY (business_id)
);
CREATE INDEX registry_regency ON registry (regency, created_at, business_id);
CREATE INDEX registry_province ON registry (province, created_at, business_id);
CREATE INDEX registry_created ON registry (created_at, business_id);

-- An owner's answer to the office's hiding of the shop, and the office's decision.
CREATE TABLE appeals (
  id blob NOT NULL,
  business_id blob NOT NULL,
  province text NOT NULL,
  regency text NOT NULL,
  hidden_reason text NOT NULL,
  text text NOT NULL,
  made_by blob NOT NULL,
  made_at datetime NOT NULL,
  decision text NOT NULL,
  answer text NOT NULL,
  decided_by blob,
  decided_at datetime,
  PRIMARY KEY (id)
);
CREATE INDEX appeals_business ON appeals (business_id, made_at);
CREATE INDEX appeals_open ON appeals (decision, made_at, id);
-- One open appeal for a business.
CREATE UNIQUE INDEX appeals_one_open ON appeals (business_id) WHERE decision = 'open';

-- A link by which a shop goes to another owner.
CREATE TABLE handovers (
  token_hash text NOT NULL,
  business_id blob NOT NULL,
  from_person blob NOT NULL,
  to_person blob,
  created_at datetime NOT NULL,
  expires_at datetime NOT NULL,
  accepted_at datetime,
  revoked_at datetime,
  PRIMARY KEY (token_hash)
);
CREATE INDEX handovers_business ON handovers (business_id, created_at);

-- How far a person has come in opening a shop.
CREATE TABLE onboardings (
  person_id blob NOT NULL,
  business_id blob,
  step text NOT NULL,
  name text NOT NULL,
  trade text NOT NULL,
  village text NOT NULL,
  phone text NOT NULL,
  sold_before text NOT NULL,
  product_id blob,
  updated_at datetime NOT NULL,
  PRIMARY KEY (person_id)
);

-- +goose Down
DROP TABLE onboardings;
DROP TABLE handovers;
DROP TABLE appeals;
DROP TABLE registry;
DROP TABLE slugs;
DROP TABLE businesses;
