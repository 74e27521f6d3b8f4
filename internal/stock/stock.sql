-- Levels begin at nothing.
-- name: OpenLevel :exec
INSERT INTO stock_levels (business_id, variant_id, on_hand, reserved, threshold, short)
VALUES (@business_id, @variant_id, 0, 0, 0, false) ON CONFLICT (business_id, variant_id) DO NOTHING;

-- Reserve takes quantity only if that much is free; no row means it is not.
-- name: Reserve :one
UPDATE stock_levels SET reserved = reserved + @quantity
WHERE business_id = @business_id AND variant_id = @variant_id AND on_hand - reserved - threshold >= @quantity
RETURNING on_hand;

-- name: GiveBack :one
UPDATE stock_levels SET reserved = reserved - @quantity,
  short = (reserved - @quantity > 0 AND on_hand - (reserved - @quantity) - threshold < 0)
WHERE business_id = @business_id AND variant_id = @variant_id AND reserved >= @quantity
RETURNING on_hand;

-- Take lets quantity go that was reserved; no row means that less is on hand.
-- name: Take :one
UPDATE stock_levels SET on_hand = on_hand - @quantity, reserved = reserved - @quantity
WHERE business_id = @business_id AND variant_id = @variant_id AND on_hand >= @quantity AND reserved >= @quantity
RETURNING on_hand;

-- Lock lets nobody else change the level until the transaction ends, and
-- returns what is on hand: what is reckoned from it stays true.
-- name: Lock :one
UPDATE stock_levels SET on_hand = on_hand WHERE business_id = @business_id AND variant_id = @variant_id RETURNING on_hand;

-- Add changes what is on hand, by less than nothing too. No row means
-- that it would leave less than nothing.
-- name: Add :one
UPDATE stock_levels SET on_hand = on_hand + @quantity,
  short = (reserved > 0 AND on_hand + @quantity < reserved + threshold)
WHERE business_id = @business_id AND variant_id = @variant_id AND on_hand + @quantity >= 0
RETURNING on_hand;

-- name: SetRule :exec
UPDATE stock_levels SET threshold = CAST(@threshold AS bigint), warn_at = @warn_at, short = (reserved > 0 AND on_hand - reserved < CAST(@threshold AS bigint))
WHERE business_id = @business_id AND variant_id = @variant_id;

-- name: Level :one
SELECT on_hand, reserved, threshold, warn_at FROM stock_levels WHERE business_id = @business_id AND variant_id = @variant_id;

-- name: Levels :many
SELECT variant_id, on_hand, reserved, threshold, warn_at FROM stock_levels
WHERE business_id = @business_id AND variant_id IN (SELECT value FROM each_id(@variants));

-- name: AllLevels :many
SELECT variant_id, on_hand, reserved, threshold, warn_at FROM stock_levels WHERE business_id = @business_id;

-- No row means that the move was made already: the form was sent twice.
-- name: InsertMove :execrows
INSERT INTO stock_moves (business_id, id, variant_id, reason, quantity, held, balance, order_id, person_id, note, at)
VALUES (@business_id, @id, @variant_id, @reason, @quantity, @held, @balance, @order_id, @person_id, @note, @at)
ON CONFLICT (business_id, id) DO NOTHING;

-- name: HasMove :one
SELECT count(*) FROM stock_moves WHERE business_id = @business_id AND id = @id;

-- name: Moves :many
SELECT id, variant_id, reason, quantity, held, balance, order_id, person_id, note, at FROM stock_moves
WHERE business_id = @business_id AND variant_id = @variant_id AND at <= @before_at AND (at < @before_at OR id < @before_id)
ORDER BY at DESC, id DESC LIMIT @max;

-- name: SoldSince :many
SELECT variant_id, CAST(sum(-quantity) AS bigint) AS pieces FROM stock_moves
WHERE business_id = @business_id AND reason = 'sold' AND at >= @since GROUP BY variant_id;

-- name: InsertHold :exec
INSERT INTO stock_holds (business_id, order_id, variant_id, quantity, until) VALUES (@business_id, @order_id, @variant_id, @quantity, @until)
ON CONFLICT (business_id, order_id, variant_id) DO UPDATE SET quantity = stock_holds.quantity + excluded.quantity;

-- name: SetUntil :execrows
UPDATE stock_holds SET until = @until WHERE business_id = @business_id AND order_id = @order_id;

-- name: Holds :many
SELECT variant_id, quantity, until FROM stock_holds WHERE business_id = @business_id AND order_id = @order_id ORDER BY variant_id;

-- Whoever deletes the row of a hold moves its stock, so it happens once.
-- name: DropHold :one
DELETE FROM stock_holds WHERE business_id = @business_id AND order_id = @order_id AND variant_id = @variant_id RETURNING quantity;

-- name: InsertCount :exec
INSERT INTO stock_counts (business_id, id, shelf, state, person_id, started_at)
VALUES (@business_id, @id, @shelf, 'counting', @person_id, @started_at) ON CONFLICT (business_id, id) DO NOTHING;

-- name: Count :one
SELECT id, shelf, state, person_id, approved_by, started_at, ended_at FROM stock_counts WHERE business_id = @business_id AND id = @id;

-- name: Counts :many
SELECT id, shelf, state, person_id, approved_by, started_at, ended_at FROM stock_counts WHERE business_id = @business_id ORDER BY id DESC LIMIT @max;

-- name: EndCount :execrows
UPDATE stock_counts SET state = @state, approved_by = @approved_by, ended_at = @ended_at
WHERE business_id = @business_id AND id = @id AND state = CAST(@was AS text);

-- A line may be counted again while the count goes on.
-- name: PutLine :exec
INSERT INTO stock_count_lines (business_id, count_id, variant_id, counted, expected, at)
VALUES (@business_id, @count_id, @variant_id, @counted, @expected, @at)
ON CONFLICT (business_id, count_id, variant_id) DO UPDATE SET counted = excluded.counted, expected = excluded.expected, at = excluded.at;

-- name: Lines :many
SELECT variant_id, counted, expected FROM stock_count_lines WHERE business_id = @business_id AND count_id = @count_id ORDER BY variant_id;
