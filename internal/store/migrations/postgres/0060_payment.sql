-- +goose Up
-- How a shop is paid. A fee is rupiah, or hundredths of a percent of what the courier collects.
CREATE TABLE payment_settings (
  business_id uuid NOT NULL,
  cash boolean NOT NULL,
  cod boolean NOT NULL,
  cod_fee_kind text NOT NULL,
  cod_fee bigint NOT NULL,
  cod_max bigint NOT NULL,
  transfer boolean NOT NULL,
  transfer_hold bigint NOT NULL,
  codes boolean NOT NULL,
  qris boolean NOT NULL,
  qris_hold bigint NOT NULL,
  qris_text text NOT NULL,
  qris_photo uuid,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (business_id)
);
SELECT tenant('payment_settings');

-- Buyers who ordered are shown these, so they are no secret of the shop.
CREATE TABLE payment_accounts (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  bank text NOT NULL,
  number text NOT NULL, -- P2
  holder text NOT NULL, -- P2
  position bigint NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, bank, number)
);
SELECT tenant('payment_accounts');

-- Amounts that open invoices wait for, each once in a shop. free_at is empty
-- while the invoice is open; after it the amount may be given again.
CREATE TABLE payment_codes (
  business_id uuid NOT NULL,
  amount bigint NOT NULL,
  order_id uuid NOT NULL,
  free_at timestamptz,
  PRIMARY KEY (business_id, amount)
);
SELECT tenant('payment_codes');
CREATE INDEX payment_codes_order ON payment_codes (business_id, order_id);

-- Money of an order: received (amount above zero) and given back (below).
CREATE TABLE payments (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  order_id uuid NOT NULL,
  method text NOT NULL,
  amount bigint NOT NULL,
  holder uuid NOT NULL,
  person_id uuid,
  note text NOT NULL, -- P2
  at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id)
);
SELECT tenant_log('payments');
CREATE INDEX payments_order ON payments (business_id, order_id, at);
CREATE INDEX payments_at ON payments (business_id, at);

-- +goose Down
DROP TABLE payments;
DROP TABLE payment_codes;
DROP TABLE payment_accounts;
DROP TABLE payment_settings;
