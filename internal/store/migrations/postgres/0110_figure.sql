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

-- Parcels by when they were delivered, to be counted by day.
CREATE INDEX parcels_done ON parcels (business_id, done_at) WHERE done_at IS NOT NULL;

-- What a business delivered on a day, and in which cell of the totals it is
-- counted: what is counted anew is first taken out of there.
CREATE TABLE figure_days (
  business_id uuid NOT NULL,
  day text NOT NULL, -- 2026-11-30, where the shop is
  regency text NOT NULL,
  trade text NOT NULL,
  delivered bigint NOT NULL,
  cod bigint NOT NULL,
  promised bigint NOT NULL,
  on_time bigint NOT NULL,
  PRIMARY KEY (business_id, day)
);
SELECT tenant('figure_days');

-- Deliveries by day, regency and trade of the shops, for offices. How many
-- shops are in a cell says whether it may be shown.
CREATE TABLE figure_totals (
  day text NOT NULL,
  regency text NOT NULL,
  trade text NOT NULL,
  shops bigint NOT NULL,
  delivered bigint NOT NULL,
  cod bigint NOT NULL,
  promised bigint NOT NULL,
  on_time bigint NOT NULL,
  PRIMARY KEY (day, regency, trade)
);
SELECT shared('figure_totals');

-- +goose Down
DROP TABLE figure_totals;
DROP TABLE figure_days;
DROP INDEX parcels_done;
ALTER TABLE parcel_settings DROP COLUMN max_attempts;
ALTER TABLE parcels DROP COLUMN cost;
ALTER TABLE parcels DROP COLUMN leave_with;
DROP INDEX parcels_handed;
DROP INDEX parcels_cod;
DROP INDEX parcels_status_id;
