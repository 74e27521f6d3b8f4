-- name: Ways :one
SELECT * FROM delivery_ways WHERE business_id = @business_id;

-- name: Areas :many
SELECT code, fee, closed FROM delivery_areas WHERE business_id = @business_id ORDER BY code;

-- name: Zones :many
SELECT km, fee FROM delivery_zones WHERE business_id = @business_id ORDER BY km;

-- name: PutWays :exec
INSERT INTO delivery_ways (business_id, pickup, pickup_place, pickup_ready, own, kind, flat, free_from, min_order, included_kg, per_kg, tolerance, promise, updated_at)
VALUES (@business_id, @pickup, @pickup_place, @pickup_ready, @own, @kind, @flat, @free_from, @min_order, @included_kg, @per_kg, @tolerance, @promise, @updated_at)
ON CONFLICT (business_id) DO UPDATE SET pickup = excluded.pickup, pickup_place = excluded.pickup_place, pickup_ready = excluded.pickup_ready,
  own = excluded.own, kind = excluded.kind, flat = excluded.flat, free_from = excluded.free_from, min_order = excluded.min_order,
  included_kg = excluded.included_kg, per_kg = excluded.per_kg, tolerance = excluded.tolerance, promise = excluded.promise, updated_at = excluded.updated_at;

-- name: DropAreas :exec
DELETE FROM delivery_areas WHERE business_id = @business_id;

-- name: InsertArea :exec
INSERT INTO delivery_areas (business_id, code, fee, closed) VALUES (@business_id, @code, @fee, @closed);

-- name: DropZones :exec
DELETE FROM delivery_zones WHERE business_id = @business_id;

-- name: InsertZone :exec
INSERT INTO delivery_zones (business_id, km, fee) VALUES (@business_id, @km, @fee);
