-- +goose Up
-- When the last event about an object was, so that old numbers can go.
ALTER TABLE webhook_counts ADD COLUMN at timestamptz NOT NULL DEFAULT now();
ALTER TABLE webhook_counts ALTER COLUMN at DROP DEFAULT;
CREATE INDEX webhook_counts_old ON webhook_counts (business_id, at);

-- +goose Down
DROP INDEX webhook_counts_old;
ALTER TABLE webhook_counts DROP COLUMN at;
