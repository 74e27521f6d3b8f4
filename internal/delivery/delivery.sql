-- name: Ways :one
SELECT * FROM delivery_ways WHERE business_id = @business_id;

-- name: Areas :many
SELECT code, fee, closed FROM delivery_areas WHERE business_id = @business_id ORDER BY code;

-- name: Zones :many
SELECT km, fee FROM delivery_zones WHERE business_id = @business_id ORDER BY km;

-- name: Steps :many
SELECT kg, extra FROM delivery_steps WHERE business_id = @business_id ORDER BY kg;

-- name: Windows :many
SELECT from_minute, until_minute, most FROM delivery_windows WHERE business_id = @business_id ORDER BY from_minute;

-- name: PutWays :exec
INSERT INTO delivery_ways (business_id, pickup, pickup_place, pickup_ready, own, kind, flat, free_from, min_order, included_kg, per_kg, tolerance, promise,
  divisor, days, cutoff, day_before, per_day, updated_at)
VALUES (@business_id, @pickup, @pickup_place, @pickup_ready, @own, @kind, @flat, @free_from, @min_order, @included_kg, @per_kg, @tolerance, @promise,
  @divisor, @days, @cutoff, @day_before, @per_day, @updated_at)
ON CONFLICT (business_id) DO UPDATE SET pickup = excluded.pickup, pickup_place = excluded.pickup_place, pickup_ready = excluded.pickup_ready,
  own = excluded.own, kind = excluded.kind, flat = excluded.flat, free_from = excluded.free_from, min_order = excluded.min_order,
  included_kg = excluded.included_kg, per_kg = excluded.per_kg, tolerance = excluded.tolerance, promise = excluded.promise, divisor = excluded.divisor,
  days = excluded.days, cutoff = excluded.cutoff, day_before = excluded.day_before, per_day = excluded.per_day, updated_at = excluded.updated_at;

-- LockWays makes who changes the ways second wait for who changes them first;
-- no row: nobody has set any.
-- name: LockWays :execrows
UPDATE delivery_ways SET updated_at = @updated_at WHERE business_id = @business_id;

-- name: PutArea :exec
INSERT INTO delivery_areas (business_id, code, fee, closed) VALUES (@business_id, @code, @fee, @closed)
ON CONFLICT (business_id, code) DO UPDATE SET fee = excluded.fee, closed = excluded.closed;

-- name: DropArea :exec
DELETE FROM delivery_areas WHERE business_id = @business_id AND code = @code;

-- name: DropZones :exec
DELETE FROM delivery_zones WHERE business_id = @business_id;

-- name: InsertZone :exec
INSERT INTO delivery_zones (business_id, km, fee) VALUES (@business_id, @km, @fee);

-- name: DropSteps :exec
DELETE FROM delivery_steps WHERE business_id = @business_id;

-- name: InsertStep :exec
INSERT INTO delivery_steps (business_id, kg, extra) VALUES (@business_id, @kg, @extra);

-- name: DropWindows :exec
DELETE FROM delivery_windows WHERE business_id = @business_id;

-- name: InsertWindow :exec
INSERT INTO delivery_windows (business_id, from_minute, until_minute, most) VALUES (@business_id, @from_minute, @until_minute, @most);

-- name: Slots :many
SELECT on_day, slot, taken FROM delivery_slots WHERE business_id = @business_id AND on_day >= @from_day AND on_day <= @until_day;

-- Take counts one order more, if there is room; no row changed means that there is none.
-- name: Take :execrows
INSERT INTO delivery_slots (business_id, on_day, slot, taken) VALUES (@business_id, @on_day, @slot, 1)
ON CONFLICT (business_id, on_day, slot) DO UPDATE SET taken = delivery_slots.taken + 1 WHERE delivery_slots.taken < @most;

-- name: GiveBack :exec
UPDATE delivery_slots SET taken = taken - 1 WHERE business_id = @business_id AND on_day = @on_day AND slot = @slot;

-- name: Booking :one
SELECT on_day, slot FROM delivery_bookings WHERE business_id = @business_id AND order_id = @order_id;

-- name: InsertBooking :exec
INSERT INTO delivery_bookings (business_id, order_id, on_day, slot) VALUES (@business_id, @order_id, @on_day, @slot);

-- name: DeleteBooking :execrows
DELETE FROM delivery_bookings WHERE business_id = @business_id AND order_id = @order_id;
