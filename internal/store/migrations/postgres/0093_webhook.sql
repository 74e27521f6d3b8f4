-- +goose Up
-- Where a shop's events go. The secret is sealed under the installation's key;
-- the one before it signs too until old_until.
CREATE TABLE webhook_receivers (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  url text NOT NULL, -- P3, an address may hold a token
  about text NOT NULL,
  kinds text NOT NULL,
  sealed text NOT NULL, -- P3, sealed
  old_sealed text NOT NULL, -- P3, sealed
  old_until timestamptz NOT NULL,
  state text NOT NULL,
  failing_at timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id)
);
SELECT tenant('webhook_receivers');

-- What is sent to one receiver: ids, states, sums and times, no personal data.
CREATE TABLE webhook_deliveries (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  receiver_id uuid NOT NULL,
  event_id uuid NOT NULL,
  kind text NOT NULL,
  body text NOT NULL,
  state text NOT NULL,
  tries bigint NOT NULL,
  status bigint NOT NULL,
  took_ms bigint NOT NULL,
  answer text NOT NULL, -- P2, what the receiver said
  why text NOT NULL,
  begun_at timestamptz NOT NULL,
  tried_at timestamptz,
  due_at timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id)
);
SELECT tenant('webhook_deliveries');
CREATE INDEX webhook_deliveries_receiver ON webhook_deliveries (business_id, receiver_id, id);
CREATE INDEX webhook_deliveries_old ON webhook_deliveries (business_id, created_at);

-- The number of the last event about an object.
CREATE TABLE webhook_counts (
  business_id uuid NOT NULL,
  object_id uuid NOT NULL,
  last bigint NOT NULL,
  PRIMARY KEY (business_id, object_id)
);
SELECT tenant('webhook_counts');

-- +goose Down
DROP TABLE webhook_counts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_receivers;
