-- +goose Up
-- Who has ordered from a shop. The figures are kept by the orders, in their
-- own transactions. last_at is the last order, or when the row was made.
CREATE TABLE customers (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  phone text NOT NULL, -- P2
  name text NOT NULL, -- P2
  search text NOT NULL, -- P2
  note text NOT NULL, -- P2
  tags text NOT NULL, -- P2
  orders bigint NOT NULL,
  spent bigint NOT NULL,
  first_order_at timestamptz,
  last_order_at timestamptz,
  last_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  erased_at timestamptz,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, phone),
  CHECK (orders >= 0)
);
SELECT tenant('customers');
CREATE INDEX customers_last ON customers (business_id, last_at, id);

-- Where a customer had things brought; the mark tells one address from another.
CREATE TABLE customer_addresses (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  customer_id uuid NOT NULL,
  mark text NOT NULL, -- P2
  village text NOT NULL, -- P2
  street text NOT NULL, -- P2
  landmark text NOT NULL, -- P2
  lat_e6 bigint, -- P3
  lng_e6 bigint, -- P3
  used_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, customer_id, mark),
  FOREIGN KEY (business_id, customer_id) REFERENCES customers (business_id, id)
);
SELECT tenant('customer_addresses');

-- What a customer agreed to: to which words, where, when, and until when.
CREATE TABLE customer_consents (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  customer_id uuid NOT NULL,
  purpose text NOT NULL,
  version text NOT NULL,
  channel text NOT NULL,
  source text NOT NULL,
  given_at timestamptz NOT NULL,
  withdrawn_at timestamptz,
  withdrawn_by text NOT NULL,
  PRIMARY KEY (business_id, id),
  FOREIGN KEY (business_id, customer_id) REFERENCES customers (business_id, id)
);
SELECT tenant('customer_consents');
CREATE INDEX customer_consents_customer ON customer_consents (business_id, customer_id, id);

-- The links by which customers say stop; only their hashes are kept.
CREATE TABLE customer_stops (
  token_hash text NOT NULL,
  business_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  PRIMARY KEY (token_hash)
);
CREATE INDEX customer_stops_customer ON customer_stops (business_id, customer_id);
SELECT shared('customer_stops');

-- +goose Down
DROP TABLE customer_stops;
DROP TABLE customer_consents;
DROP TABLE customer_addresses;
DROP TABLE customers;
