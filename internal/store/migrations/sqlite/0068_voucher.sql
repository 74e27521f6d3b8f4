-- +goose Up
CREATE TABLE vouchers (
  business_id blob NOT NULL,
  id blob NOT NULL,
  code text NOT NULL,
  kind text NOT NULL,
  value bigint NOT NULL,
  cap bigint NOT NULL,
  min_goods bigint NOT NULL,
  starts_at datetime NOT NULL,
  ends_at datetime,
  max_uses bigint NOT NULL,
  per_buyer bigint NOT NULL,
  used bigint NOT NULL,
  active boolean NOT NULL,
  created_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, code),
  CHECK (kind IN ('amount', 'percent', 'shipping')),
  CHECK (used >= 0)
) WITHOUT ROWID;

CREATE TABLE voucher_buyers (
  business_id blob NOT NULL,
  voucher_id blob NOT NULL,
  buyer text NOT NULL,
  used bigint NOT NULL,
  PRIMARY KEY (business_id, voucher_id, buyer),
  FOREIGN KEY (business_id, voucher_id) REFERENCES vouchers (business_id, id),
  CHECK (used >= 0)
) WITHOUT ROWID;

CREATE TABLE voucher_uses (
  business_id blob NOT NULL,
  order_id blob NOT NULL,
  voucher_id blob NOT NULL,
  buyer text NOT NULL,
  amount bigint NOT NULL,
  at datetime NOT NULL,
  PRIMARY KEY (business_id, order_id),
  FOREIGN KEY (business_id, voucher_id) REFERENCES vouchers (business_id, id)
) WITHOUT ROWID;
CREATE INDEX voucher_uses_voucher ON voucher_uses (business_id, voucher_id);

-- +goose Down
DROP TABLE voucher_uses;
DROP TABLE voucher_buyers;
DROP TABLE vouchers;
