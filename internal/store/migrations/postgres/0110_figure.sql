-- +goose Up
-- Parcels of one status by age, for programs that go through them.
CREATE INDEX parcels_status_id ON parcels (business_id, status, id);

-- Parcels with money to be taken, by district: how many of them are refused.
CREATE INDEX parcels_cod ON parcels (business_id, substr(village, 1, 8)) WHERE cod > 0;

-- Parcels that left, by when: what the figures are reckoned from.
CREATE INDEX parcels_handed ON parcels (business_id, handed_at) WHERE handed_at IS NOT NULL;

-- With whom it may be left, and what the carrier took for it; unknown if null.
ALTER TABLE parcels ADD COLUMN leave_with text NOT NULL DEFAULT ''; -- P2
ALTER TABLE parcels ADD COLUMN cost bigint;

-- How often a parcel is brought before it is to go back; 0: as often as needed.
ALTER TABLE parcel_settings ADD COLUMN max_attempts bigint NOT NULL DEFAULT 3;
ALTER TABLE parcels ALTER COLUMN leave_with DROP DEFAULT;
ALTER TABLE parcel_settings ALTER COLUMN max_attempts DROP DEFAULT;

-- +goose Down
ALTER TABLE parcel_settings DROP COLUMN max_attempts;
ALTER TABLE parcels DROP COLUMN cost;
ALTER TABLE parcels DROP COLUMN leave_with;
DROP INDEX parcels_handed;
DROP INDEX parcels_cod;
DROP INDEX parcels_status_id;
