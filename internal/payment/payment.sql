-- name: Settings :one
SELECT cash, cod, cod_fee_kind, cod_fee, cod_max, transfer, transfer_hold, codes, qris, qris_hold, qris_text, qris_photo, updated_at
FROM payment_settings WHERE business_id = @business_id;

-- name: PutSettings :exec
INSERT INTO payment_settings (business_id, cash, cod, cod_fee_kind, cod_fee, cod_max, transfer, transfer_hold, codes, qris, qris_hold,
  qris_text, qris_photo, updated_at)
VALUES (@business_id, @cash, @cod, @cod_fee_kind, @cod_fee, @cod_max, @transfer, @transfer_hold, @codes, @qris, @qris_hold,
  @qris_text, @qris_photo, @updated_at)
ON CONFLICT (business_id) DO UPDATE SET cash = excluded.cash, cod = excluded.cod, cod_fee_kind = excluded.cod_fee_kind,
  cod_fee = excluded.cod_fee, cod_max = excluded.cod_max, transfer = excluded.transfer, transfer_hold = excluded.transfer_hold,
  codes = excluded.codes, qris = excluded.qris, qris_hold = excluded.qris_hold, qris_text = excluded.qris_text,
  qris_photo = excluded.qris_photo, updated_at = excluded.updated_at;

-- name: Accounts :many
SELECT id, bank, number, holder FROM payment_accounts WHERE business_id = @business_id ORDER BY position, id;

-- name: DeleteAccounts :exec
DELETE FROM payment_accounts WHERE business_id = @business_id;

-- name: InsertAccount :execrows
INSERT INTO payment_accounts (business_id, id, bank, number, holder, position)
VALUES (@business_id, @id, @bank, @number, @holder, @position)
ON CONFLICT (business_id, bank, number) DO NOTHING;

-- Amounts that are waited for, or were until a short while ago.
-- name: UsedAmounts :many
SELECT amount FROM payment_codes
WHERE business_id = @business_id AND amount >= @least AND amount <= @most AND (free_at IS NULL OR free_at > @now);

-- No row means that somebody else waits for the amount.
-- name: TakeAmount :execrows
INSERT INTO payment_codes (business_id, amount, order_id, free_at) VALUES (@business_id, @amount, @order_id, NULL)
ON CONFLICT (business_id, amount) DO UPDATE SET order_id = excluded.order_id, free_at = NULL
WHERE payment_codes.free_at IS NOT NULL AND payment_codes.free_at <= @now;

-- name: FreeAmounts :execrows
UPDATE payment_codes SET free_at = @free_at WHERE business_id = @business_id AND order_id = @order_id AND free_at IS NULL;

-- name: OrderOfAmount :one
SELECT order_id FROM payment_codes WHERE business_id = @business_id AND amount = @amount;

-- No row means that the payment is noted already.
-- name: InsertPayment :execrows
INSERT INTO payments (business_id, id, order_id, method, amount, holder, person_id, note, at)
VALUES (@business_id, @id, @order_id, @method, @amount, @holder, @person_id, @note, @at)
ON CONFLICT (business_id, id) DO NOTHING;

-- name: Payment :one
SELECT id, order_id, method, amount, holder, person_id, note, at FROM payments WHERE business_id = @business_id AND id = @id;

-- name: PaymentsOf :many
SELECT id, order_id, method, amount, holder, person_id, note, at FROM payments
WHERE business_id = @business_id AND order_id = @order_id ORDER BY at, id;

-- Money in and out by method from since up to, and without, before.
-- name: TakenBetween :many
SELECT method, CAST(sum(amount) AS bigint) AS amount FROM payments
WHERE business_id = @business_id AND at >= @since AND at < @before GROUP BY method ORDER BY method;
