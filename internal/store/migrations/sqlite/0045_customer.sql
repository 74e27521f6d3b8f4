-- +goose Up
CREATE TABLE customers (
  business_id blob NOT NULL,
  id blob NOT NULL,
  phone text NOT NULL,
  name text NOT NULL,
  search text NOT NULL,
  note text NOT NULL,
  tags text NOT NULL,
  orders bigint NOT NULL,
  spent bigint NOT NULL,
  first_order_at datetime,
  last_order_at datetime,
  last_at datetime NOT NULL,
  created_at datetime NOT NULL,
  erased_at datetime,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, phone),
  CHECK (orders >= 0)
) WITHOUT ROWID;
CREATE INDEX customers_last ON customers (business_id, last_at, id);

CREATE TABLE customer_addresses (
  business_id blob NOT NULL,
  id blob NOT NULL,
  customer_id blob NOT NULL,
  mark text NOT NULL,
  village text NOT NULL,
  street text NOT NULL,
  landmark text NOT NULL,
  lat_e6 bigint,
  lng_e6 bigint,
  used_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, customer_id, mark),
  FOREIGN KEY (business_id, customer_id) REFERENCES customers (business_id, id)
) WITHOUT ROWID;

CREATE TABLE customer_consents (
  business_id blob NOT NULL,
  id blob NOT NULL,
  customer_id blob NOT NULL,
  purpose text NOT NULL,
  version text NOT NULL,
  channel text NOT NULL,
  source text NOT NULL,
  given_at datetime NOT NULL,
  withdrawn_at datetime,
  withdrawn_by text NOT NULL,
  PRIMARY KEY (business_id, id),
  FOREIGN KEY (business_id, customer_id) REFERENCES customers (business_id, id)
) WITHOUT ROWID;
CREATE INDEX customer_consents_customer ON customer_consents (business_id, customer_id, id);

CREATE TABLE customer_stops (
  token_hash text NOT NULL,
  business_id blob NOT NULL,
  customer_id blob NOT NULL,
  PRIMARY KEY (token_hash)
);
CREATE INDEX customer_stops_customer ON customer_stops (business_id, customer_id);

-- +goose Down
DROP TABLE customer_stops;
DROP TABLE customer_consents;
DROP TABLE customer_addresses;
DROP TABLE customers;
