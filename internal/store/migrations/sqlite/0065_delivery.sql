-- +goose Up
CREATE TABLE delivery_ways (
  business_id blob NOT NULL,
  pickup boolean NOT NULL,
  pickup_place text NOT NULL,
  pickup_ready text NOT NULL,
  own boolean NOT NULL,
  kind text NOT NULL,
  flat bigint NOT NULL,
  free_from bigint NOT NULL,
  min_order bigint NOT NULL,
  included_kg bigint NOT NULL,
  per_kg bigint NOT NULL,
  tolerance bigint NOT NULL,
  promise text NOT NULL,
  updated_at datetime NOT NULL,
  PRIMARY KEY (business_id),
  CHECK (kind IN ('flat', 'areas', 'zones')),
  CHECK (flat >= 0 AND free_from >= 0 AND min_order >= 0 AND included_kg >= 0 AND per_kg >= 0 AND tolerance >= 0)
) WITHOUT ROWID;

CREATE TABLE delivery_areas (
  business_id blob NOT NULL,
  code text NOT NULL,
  fee bigint NOT NULL,
  closed boolean NOT NULL,
  PRIMARY KEY (business_id, code),
  CHECK (fee >= 0)
) WITHOUT ROWID;

CREATE TABLE delivery_zones (
  business_id blob NOT NULL,
  km bigint NOT NULL,
  fee bigint NOT NULL,
  PRIMARY KEY (business_id, km),
  CHECK (km > 0 AND fee >= 0)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE delivery_zones;
DROP TABLE delivery_areas;
DROP TABLE delivery_ways;
