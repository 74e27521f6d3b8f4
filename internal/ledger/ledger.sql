-- No row means that the key is booked already.
-- name: InsertEntry :execrows
INSERT INTO ledger_entries (business_id, id, key, kind, order_id, person_id, at)
VALUES (@business_id, @id, @key, @kind, @order_id, @person_id, @at)
ON CONFLICT (business_id, key) DO NOTHING;

-- name: InsertLine :exec
INSERT INTO ledger_lines (business_id, entry_id, n, account, holder, amount)
VALUES (@business_id, @entry_id, @n, @account, @holder, @amount);

-- name: AddBalance :exec
INSERT INTO ledger_balances (business_id, account, holder, amount) VALUES (@business_id, @account, @holder, @amount)
ON CONFLICT (business_id, account, holder) DO UPDATE SET amount = ledger_balances.amount + excluded.amount;

-- name: Balances :many
SELECT account, holder, amount FROM ledger_balances WHERE business_id = @business_id AND amount <> 0 ORDER BY account, holder;

-- name: Balance :one
SELECT amount FROM ledger_balances WHERE business_id = @business_id AND account = @account AND holder = @holder;

-- name: EntryByKey :many
SELECT e.order_id, l.account, l.holder, l.amount FROM ledger_entries e
JOIN ledger_lines l ON l.business_id = e.business_id AND l.entry_id = e.id
WHERE e.business_id = @business_id AND e.key = @key ORDER BY l.n;

-- name: OrderSum :one
SELECT CAST(coalesce(sum(l.amount), 0) AS bigint) AS amount FROM ledger_entries e
JOIN ledger_lines l ON l.business_id = e.business_id AND l.entry_id = e.id
WHERE e.business_id = @business_id AND e.order_id = @order_id AND l.account = @account;

-- name: Between :many
SELECT l.account, CAST(sum(l.amount) AS bigint) AS amount FROM ledger_entries e
JOIN ledger_lines l ON l.business_id = e.business_id AND l.entry_id = e.id
WHERE e.business_id = @business_id AND e.at >= @since AND e.at < @before
GROUP BY l.account ORDER BY l.account;

-- name: HasKey :one
SELECT count(*) FROM ledger_entries WHERE business_id = @business_id AND key = @key;

-- Who reads a balance to take from it keeps others from doing so meanwhile.
-- name: LockBalance :one
UPDATE ledger_balances SET amount = amount WHERE business_id = @business_id AND account = @account AND holder = @holder RETURNING amount;
