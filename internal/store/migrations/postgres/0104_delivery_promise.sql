-- +goose Up
-- More of the tariff and the times in which a shop brings goods. days is a set
-- of bits, Sunday first; cutoff is in minutes after midnight. Zeros leave a rule out.
ALTER TABLE delivery_ways ADD COLUMN divisor bigint NOT NULL DEFAULT 0 CHECK (divisor >= 0);
ALTER TABLE delivery_ways ADD COLUMN days bigint NOT NULL DEFAULT 0 CHECK (days >= 0 AND days < 128);
ALTER TABLE delivery_ways ADD COLUMN cutoff bigint NOT NULL DEFAULT 0 CHECK (cutoff >= 0 AND cutoff < 1440);
ALTER TABLE delivery_ways ADD COLUMN day_before boolean NOT NULL DEFAULT false;
ALTER TABLE delivery_ways ADD COLUMN per_day bigint NOT NULL DEFAULT 0 CHECK (per_day >= 0);

-- What a weight costs more, up to so many kilograms.
CREATE TABLE delivery_steps (
  business_id uuid NOT NULL,
  kg bigint NOT NULL,
  extra bigint NOT NULL,
  PRIMARY KEY (business_id, kg),
  CHECK (kg > 0 AND extra >= 0)
);
SELECT tenant('delivery_steps');

-- Hours of a day in which the shop brings goods, in minutes after midnight of
-- its clock, and how many orders at most; zero: no limit.
CREATE TABLE delivery_windows (
  business_id uuid NOT NULL,
  from_minute bigint NOT NULL,
  until_minute bigint NOT NULL,
  most bigint NOT NULL,
  PRIMARY KEY (business_id, from_minute),
  CHECK (from_minute >= 0 AND until_minute > from_minute AND until_minute <= 1440 AND most >= 0)
);
SELECT tenant('delivery_windows');

-- How many orders are promised for some hours of a day; slot is the minute in
-- which they begin, and -1 counts the whole day.
CREATE TABLE delivery_slots (
  business_id uuid NOT NULL,
  on_day text NOT NULL,
  slot bigint NOT NULL,
  taken bigint NOT NULL,
  PRIMARY KEY (business_id, on_day, slot),
  CHECK (taken >= 0)
);
SELECT tenant('delivery_slots');

-- Which order took a place of which hours.
CREATE TABLE delivery_bookings (
  business_id uuid NOT NULL,
  order_id uuid NOT NULL,
  on_day text NOT NULL,
  slot bigint NOT NULL,
  PRIMARY KEY (business_id, order_id)
);
SELECT tenant('delivery_bookings');

-- The time in which the shop promised to bring an order; empty: it promised none.
ALTER TABLE orders ADD COLUMN promised_from timestamptz;
ALTER TABLE orders ADD COLUMN promised_until timestamptz;

-- +goose Down
ALTER TABLE orders DROP COLUMN promised_until;
ALTER TABLE orders DROP COLUMN promised_from;
DROP TABLE delivery_bookings;
DROP TABLE delivery_slots;
DROP TABLE delivery_windows;
DROP TABLE delivery_steps;
ALTER TABLE delivery_ways DROP COLUMN per_day;
ALTER TABLE delivery_ways DROP COLUMN day_before;
ALTER TABLE delivery_ways DROP COLUMN cutoff;
ALTER TABLE delivery_ways DROP COLUMN days;
ALTER TABLE delivery_ways DROP COLUMN divisor;
