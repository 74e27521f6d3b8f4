-- +goose Up
-- How goods leave the shop: fetched, or brought for a fee. A shop without a
-- row lets them be fetched and brings nothing.
CREATE TABLE delivery_ways (
  business_id uuid NOT NULL,
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
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (business_id),
  CHECK (kind IN ('flat', 'areas', 'zones')),
  CHECK (flat >= 0 AND free_from >= 0 AND min_order >= 0 AND included_kg >= 0 AND per_kg >= 0 AND tolerance >= 0)
);
SELECT tenant('delivery_ways');

-- What bringing to a region costs, or that nothing is brought there.
CREATE TABLE delivery_areas (
  business_id uuid NOT NULL,
  code text NOT NULL,
  fee bigint NOT NULL,
  closed boolean NOT NULL,
  PRIMARY KEY (business_id, code),
  CHECK (fee >= 0)
);
SELECT tenant('delivery_areas');

-- What bringing costs up to a distance.
CREATE TABLE delivery_zones (
  business_id uuid NOT NULL,
  km bigint NOT NULL,
  fee bigint NOT NULL,
  PRIMARY KEY (business_id, km),
  CHECK (km > 0 AND fee >= 0)
);
SELECT tenant('delivery_zones');

-- +goose Down
DROP TABLE delivery_zones;
DROP TABLE delivery_areas;
DROP TABLE delivery_ways;
