-- +goose Up
-- A shop's vouchers. Zero in cap, min_goods, max_uses or per_buyer means no limit.
CREATE TABLE vouchers (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  code text NOT NULL,
  kind text NOT NULL,
  value bigint NOT NULL,
  cap bigint NOT NULL,
  min_goods bigint NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz,
  max_uses bigint NOT NULL,
  per_buyer bigint NOT NULL,
  used bigint NOT NULL,
  active boolean NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, code),
  CHECK (kind IN ('amount', 'percent', 'shipping')),
  CHECK (used >= 0)
);
SELECT tenant('vouchers');

-- How often one buyer has used a voucher. The buyer is a keyed hash of the phone number.
CREATE TABLE voucher_buyers (
  business_id uuid NOT NULL,
  voucher_id uuid NOT NULL,
  buyer text NOT NULL, -- P2
  used bigint NOT NULL,
  PRIMARY KEY (business_id, voucher_id, buyer),
  FOREIGN KEY (business_id, voucher_id) REFERENCES vouchers (business_id, id),
  CHECK (used >= 0)
);
SELECT tenant('voucher_buyers');

-- Which order used which voucher: one at most.
CREATE TABLE voucher_uses (
  business_id uuid NOT NULL,
  order_id uuid NOT NULL,
  voucher_id uuid NOT NULL,
  buyer text NOT NULL, -- P2
  amount bigint NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (business_id, order_id),
  FOREIGN KEY (business_id, voucher_id) REFERENCES vouchers (business_id, id)
);
SELECT tenant('voucher_uses');
CREATE INDEX voucher_uses_voucher ON voucher_uses (business_id, voucher_id);

-- +goose Down
DROP TABLE voucher_uses;
DROP TABLE voucher_buyers;
DROP TABLE vouchers;
