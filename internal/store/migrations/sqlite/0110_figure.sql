-- +goose Up
-- Parcels of one status by age, for programs that go through them.
CREATE INDEX parcels_status_id ON parcels (business_id, status, id);

-- +goose Down
DROP INDEX parcels_status_id;
