-- name: Parcels :many
SELECT p.id, p.n, p.carrier, p.courier_id, p.village, p.status, p.attempts, p.due_until, p.handed_at, p.out_at, p.done_at, p.cod, p.taken, p.cost, o.packed_at, o.shipping
FROM parcels p LEFT JOIN orders o ON o.business_id = p.business_id AND o.id = p.order_id
WHERE p.business_id = @business_id AND p.handed_at < @until AND p.handed_at >= @after_at AND (p.handed_at > @after_at OR p.id > @after_id)
ORDER BY p.handed_at, p.id LIMIT @most;

-- Claim locks a business's day, and tells where it is counted.
-- name: Claim :one
INSERT INTO figure_days (business_id, day, regency, trade, delivered, cod, promised, on_time) VALUES (@business_id, @day, '', '', 0, 0, 0, 0)
ON CONFLICT (business_id, day) DO UPDATE SET day = excluded.day
RETURNING regency, trade, delivered, cod, promised, on_time;

-- name: Count :one
SELECT CAST(count(*) AS bigint) AS delivered, CAST(coalesce(sum(CASE WHEN cod > 0 THEN 1 ELSE 0 END), 0) AS bigint) AS cod,
  CAST(coalesce(sum(CASE WHEN due_until IS NOT NULL THEN 1 ELSE 0 END), 0) AS bigint) AS promised,
  CAST(coalesce(sum(CASE WHEN done_at <= due_until THEN 1 ELSE 0 END), 0) AS bigint) AS on_time
FROM parcels WHERE business_id = @business_id AND status = 'delivered' AND done_at >= @since AND done_at < @until;

-- name: PutDay :exec
UPDATE figure_days SET regency = @regency, trade = @trade, delivered = @delivered, cod = @cod, promised = @promised, on_time = @on_time
WHERE business_id = @business_id AND day = @day;

-- name: DropDay :exec
DELETE FROM figure_days WHERE business_id = @business_id AND day = @day;

-- name: AddTotal :exec
INSERT INTO figure_totals (day, regency, trade, shops, delivered, cod, promised, on_time)
VALUES (@day, @regency, @trade, @shops, @delivered, @cod, @promised, @on_time)
ON CONFLICT (day, regency, trade) DO UPDATE SET shops = figure_totals.shops + excluded.shops, delivered = figure_totals.delivered + excluded.delivered,
  cod = figure_totals.cod + excluded.cod, promised = figure_totals.promised + excluded.promised, on_time = figure_totals.on_time + excluded.on_time;

-- name: DropEmpty :exec
DELETE FROM figure_totals WHERE day = @day AND regency = @regency AND trade = @trade AND shops = 0;

-- name: Totals :many
SELECT * FROM figure_totals WHERE day >= @since AND day <= @until ORDER BY day, regency, trade;

-- Days finds the first delivery after a moment.
-- name: Days :many
SELECT done_at FROM parcels WHERE business_id = @business_id AND status = 'delivered' AND done_at > @after ORDER BY done_at LIMIT 1;
