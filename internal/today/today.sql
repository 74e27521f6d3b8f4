-- Live counts the orders that are not over, by what is to be done with them;
-- what was imported is taken care of where it came from. They are found by the
-- index alone, and then read by their key: asked for their columns at once,
-- SQLite reads all orders that the shop ever had.
-- name: Live :many
SELECT o.state, o.way,
  CAST(CASE WHEN o.complaint <> '' THEN true ELSE false END AS boolean) AS complaint,
  CAST(CASE WHEN o.claimed_at IS NOT NULL AND o.paid < o.total THEN true ELSE false END AS boolean) AS claimed,
  CAST(CASE WHEN o.paid - o.refunded > o.total - o.allowance OR (o.state IN ('returned', 'cancelled') AND o.paid > o.refunded) THEN true ELSE false END AS boolean) AS owed,
  CAST(count(*) AS bigint) AS n
FROM (SELECT a.id FROM orders a WHERE a.business_id = @business_id AND a.tab IN ('action', 'work', 'sent')) x
JOIN orders o ON o.business_id = @business_id AND o.id = x.id
WHERE o.channel NOT IN ('shopee', 'tokopedia', 'tiktok', 'file')
GROUP BY 1, 2, 3, 4, 5;

-- Oldest is the new order that waits longest.
-- name: Oldest :one
SELECT id, placed_at FROM orders
WHERE business_id = @business_id AND tab = 'action' AND state = 'placed'
ORDER BY placed_at, id LIMIT 1;

-- Newest is the order that came last, for the page to sound when another comes.
-- name: Newest :one
SELECT id FROM orders
WHERE business_id = @business_id AND tab = 'action' AND state = 'placed'
ORDER BY placed_at DESC, id DESC LIMIT 1;

-- Claim is the oldest order whose buyer says that it is paid.
-- name: Claim :one
SELECT id, name, pay_by, total, paid FROM orders
WHERE business_id = @business_id AND tab = 'action' AND claimed_at IS NOT NULL AND paid < total
ORDER BY placed_at, id LIMIT 1;

-- Takings sums what was ordered on each of the last seven days, and until this
-- hour a week ago; d0 is the start of today.
-- name: Takings :one
SELECT
  CAST(coalesce(sum(CASE WHEN placed_at >= @d0 THEN total - allowance ELSE 0 END), 0) AS bigint) AS today,
  CAST(coalesce(sum(CASE WHEN placed_at >= @d0 THEN 1 ELSE 0 END), 0) AS bigint) AS orders,
  CAST(coalesce(sum(CASE WHEN placed_at >= @d1 AND placed_at < @d0 THEN total - allowance ELSE 0 END), 0) AS bigint) AS back1,
  CAST(coalesce(sum(CASE WHEN placed_at >= @d2 AND placed_at < @d1 THEN total - allowance ELSE 0 END), 0) AS bigint) AS back2,
  CAST(coalesce(sum(CASE WHEN placed_at >= @d3 AND placed_at < @d2 THEN total - allowance ELSE 0 END), 0) AS bigint) AS back3,
  CAST(coalesce(sum(CASE WHEN placed_at >= @d4 AND placed_at < @d3 THEN total - allowance ELSE 0 END), 0) AS bigint) AS back4,
  CAST(coalesce(sum(CASE WHEN placed_at >= @d5 AND placed_at < @d4 THEN total - allowance ELSE 0 END), 0) AS bigint) AS back5,
  CAST(coalesce(sum(CASE WHEN placed_at >= @d6 AND placed_at < @d5 THEN total - allowance ELSE 0 END), 0) AS bigint) AS back6,
  CAST(coalesce(sum(CASE WHEN placed_at >= @d7 AND placed_at < @until THEN total - allowance ELSE 0 END), 0) AS bigint) AS weekago
FROM orders
WHERE business_id = @business_id AND placed_at >= @d7 AND state NOT IN ('cancelled', 'returned');

-- Rest is the money from the door that has not reached the till, and how many
-- receivers of news were switched off.
-- name: Rest :one
SELECT CAST(coalesce(sum(amount), 0) AS bigint) AS amount,
  CAST((SELECT count(*) FROM webhook_receivers w WHERE w.business_id = @business_id AND w.state IN ('off', 'gone')) AS bigint) AS told
FROM ledger_balances
WHERE business_id = @business_id AND account = 'courier_cash';

-- Any tells whether the shop ever had an order.
-- name: Any :one
SELECT id FROM orders WHERE business_id = @business_id LIMIT 1;
