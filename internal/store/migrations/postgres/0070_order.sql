-- +goose Up
CREATE TABLE orders (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  number bigint NOT NULL,
  body_hash text NOT NULL,
  revision bigint NOT NULL,
  channel text NOT NULL,
  state text NOT NULL,
  tab text NOT NULL,
  way text NOT NULL,
  pay_by text NOT NULL,
  pay_state text NOT NULL,
  customer_id uuid,
  name text NOT NULL, -- P2
  phone text NOT NULL, -- P2
  village text NOT NULL, -- P2
  street text NOT NULL, -- P2
  landmark text NOT NULL, -- P2
  lat_e6 bigint, -- P3
  lng_e6 bigint, -- P3
  note text NOT NULL, -- P2
  goods bigint NOT NULL,
  discount bigint NOT NULL,
  shipping bigint NOT NULL,
  cod_fee bigint NOT NULL,
  code bigint NOT NULL,
  total bigint NOT NULL,
  paid bigint NOT NULL,
  refunded bigint NOT NULL,
  allowance bigint NOT NULL,
  cash_given bigint NOT NULL,
  voucher text NOT NULL,
  weight_grams bigint NOT NULL,
  pieces bigint NOT NULL,
  brief text NOT NULL,
  ready_days bigint NOT NULL,
  hold_until timestamptz,
  claimed_at timestamptz,
  proof uuid,
  complaint text NOT NULL,
  complained_at timestamptz,
  reason text NOT NULL,
  courier_id uuid,
  receiver text NOT NULL, -- P2
  relation text NOT NULL,
  tries bigint NOT NULL,
  placed_by uuid,
  placed_at timestamptz NOT NULL,
  accepted_at timestamptz,
  packed_at timestamptz,
  sent_at timestamptz,
  done_at timestamptz,
  ended_at timestamptz,
  changed_at timestamptz NOT NULL,
  last_act text NOT NULL,
  last_from text NOT NULL,
  last_by uuid,
  last_at timestamptz,
  search text NOT NULL, -- P2
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, number),
  CHECK (total >= 0),
  CHECK (total = goods - discount + shipping + cod_fee + code),
  CHECK (paid >= refunded),
  CHECK (state IN ('placed', 'accepted', 'packed', 'sent', 'done', 'failed', 'returned', 'cancelled'))
);
SELECT tenant('orders');
CREATE INDEX orders_placed ON orders (business_id, placed_at, id);
CREATE INDEX orders_tab ON orders (business_id, tab, placed_at, id);
CREATE INDEX orders_phone ON orders (business_id, phone, placed_at);
CREATE INDEX orders_customer ON orders (business_id, customer_id, placed_at);
CREATE INDEX orders_courier ON orders (business_id, courier_id, state);

CREATE TABLE order_lines (
  business_id uuid NOT NULL,
  order_id uuid NOT NULL,
  n bigint NOT NULL,
  product_id uuid NOT NULL,
  variant_id uuid NOT NULL,
  title text NOT NULL,
  variant_name text NOT NULL,
  sku text NOT NULL,
  unit text NOT NULL,
  photo uuid,
  price bigint NOT NULL,
  quantity bigint NOT NULL,
  weight_grams bigint NOT NULL,
  ready_days bigint NOT NULL,
  tracked boolean NOT NULL,
  PRIMARY KEY (business_id, order_id, n),
  FOREIGN KEY (business_id, order_id) REFERENCES orders (business_id, id),
  CHECK (quantity > 0),
  CHECK (price >= 0)
);
SELECT tenant('order_lines');

-- What happened to an order. id is the move's own, so that a move sent twice happens once.
CREATE TABLE order_events (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  order_id uuid NOT NULL,
  act text NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  by_role text NOT NULL,
  person_id uuid,
  reason text NOT NULL,
  amount bigint NOT NULL,
  method text NOT NULL,
  text text NOT NULL, -- P2
  photo uuid,
  at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  FOREIGN KEY (business_id, order_id) REFERENCES orders (business_id, id)
);
SELECT tenant('order_events');
CREATE INDEX order_events_order ON order_events (business_id, order_id, at, id);

-- The next number of a shop's orders.
CREATE TABLE order_numbers (
  business_id uuid NOT NULL,
  last bigint NOT NULL,
  PRIMARY KEY (business_id)
);
SELECT tenant('order_numbers');

-- From the hash of a secret link to the order it opens.
CREATE TABLE order_tokens (
  token_hash text NOT NULL,
  business_id uuid NOT NULL,
  order_id uuid NOT NULL,
  expires_at timestamptz,
  PRIMARY KEY (token_hash)
);
CREATE INDEX order_tokens_order ON order_tokens (business_id, order_id);
SELECT shared('order_tokens');

-- +goose Down
DROP TABLE order_tokens;
DROP TABLE order_numbers;
DROP TABLE order_events;
DROP TABLE order_lines;
DROP TABLE orders;
