-- +goose Up
-- A browser that a person allowed to show news of one business.
CREATE TABLE push_subscriptions (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  endpoint text NOT NULL, -- P2
  endpoint_hash text NOT NULL,
  p256dh text NOT NULL, -- P2
  auth text NOT NULL, -- P2
  lang text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, endpoint_hash)
);
SELECT tenant('push_subscriptions');

-- +goose Down
DROP TABLE push_subscriptions;
