-- Find makes the customer of a phone number, or keeps the one there is and
-- gives it the name it was called by last.
-- name: Find :one
INSERT INTO customers (business_id, id, phone, name, search, note, tags, orders, spent, last_at, created_at)
VALUES (@business_id, @id, @phone, @name, @search, '', '', 0, 0, @now, @now)
ON CONFLICT (business_id, phone) DO UPDATE SET
  name = CASE WHEN excluded.name = '' THEN customers.name ELSE excluded.name END,
  search = CASE WHEN excluded.name = '' THEN customers.search ELSE excluded.search END
RETURNING *;

-- name: Get :one
SELECT * FROM customers WHERE business_id = @business_id AND id = @id;

-- name: Hold :one
SELECT id FROM customers WHERE business_id = @business_id AND id = @id FOR UPDATE;

-- name: ByPhone :one
SELECT * FROM customers WHERE business_id = @business_id AND phone = @phone;

-- name: List :many
SELECT * FROM customers
WHERE business_id = @business_id AND last_at <= @before_at AND (last_at < @before_at OR id < @before_id)
ORDER BY last_at DESC, id DESC LIMIT @most;

-- The words are looked for among the newest of the list.
-- name: Search :many
SELECT * FROM customers
WHERE business_id = @business_id AND last_at <= @before_at AND (last_at < @before_at OR id < @before_id) AND search LIKE @words
ORDER BY last_at DESC, id DESC LIMIT @most;

-- name: ListRegular :many
SELECT * FROM customers
WHERE business_id = @business_id AND last_at <= @before_at AND (last_at < @before_at OR id < @before_id) AND orders >= @least
ORDER BY last_at DESC, id DESC LIMIT @most;

-- name: ListNew :many
SELECT * FROM customers
WHERE business_id = @business_id AND last_at <= @before_at AND (last_at < @before_at OR id < @before_id) AND created_at >= @since
ORDER BY last_at DESC, id DESC LIMIT @most;

-- name: ListConsenting :many
SELECT * FROM customers
WHERE customers.business_id = @business_id AND last_at <= @before_at AND (last_at < @before_at OR customers.id < @before_id)
  AND EXISTS (SELECT 1 FROM customer_consents c WHERE c.business_id = customers.business_id AND c.customer_id = customers.id
    AND c.purpose = @purpose AND c.withdrawn_at IS NULL)
ORDER BY last_at DESC, customers.id DESC LIMIT @most;

-- name: CountQuiet :one
SELECT count(*) FROM (SELECT x.id FROM customers x
  WHERE x.business_id = @business_id AND x.last_at < @before_at AND x.orders > 0 AND x.erased_at IS NULL LIMIT @most) q;

-- name: ListQuiet :many
SELECT * FROM customers
WHERE business_id = @business_id AND last_at <= @before_at AND (last_at < @before_at OR id < @before_id) AND orders > 0 AND erased_at IS NULL
ORDER BY last_at DESC, id DESC LIMIT @most;

-- name: Put :execrows
UPDATE customers SET name = @name, phone = @phone, search = @search, note = @note, tags = @tags
WHERE customers.business_id = @business_id AND customers.id = @id AND customers.erased_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM customers o WHERE o.business_id = @business_id AND o.phone = @phone AND o.id <> @id);

-- name: Ordered :execrows
UPDATE customers SET orders = orders + 1, first_order_at = CASE WHEN first_order_at IS NULL OR first_order_at > @at THEN @at ELSE first_order_at END,
  last_order_at = CASE WHEN last_order_at IS NULL OR last_order_at < @at THEN @at ELSE last_order_at END,
  last_at = CASE WHEN last_order_at IS NULL OR last_at < @at THEN @at ELSE last_at END
WHERE business_id = @business_id AND id = @id;

-- name: Dropped :exec
UPDATE customers SET orders = orders - 1 WHERE business_id = @business_id AND id = @id AND orders > 0;

-- name: Spent :exec
UPDATE customers SET spent = spent + @amount WHERE business_id = @business_id AND id = @id;

-- name: PutAddress :exec
INSERT INTO customer_addresses (business_id, id, customer_id, mark, village, street, landmark, lat_e6, lng_e6, used_at)
VALUES (@business_id, @id, @customer_id, @mark, @village, @street, @landmark, @lat_e6, @lng_e6, @used_at)
ON CONFLICT (business_id, customer_id, mark) DO UPDATE SET used_at = excluded.used_at, street = excluded.street, landmark = excluded.landmark,
  lat_e6 = CASE WHEN excluded.lat_e6 IS NULL THEN customer_addresses.lat_e6 ELSE excluded.lat_e6 END,
  lng_e6 = CASE WHEN excluded.lng_e6 IS NULL THEN customer_addresses.lng_e6 ELSE excluded.lng_e6 END;

-- name: Addresses :many
SELECT * FROM customer_addresses WHERE business_id = @business_id AND customer_id = @customer_id ORDER BY used_at DESC, id DESC LIMIT 20;

-- name: LastAddresses :many
SELECT a.customer_id, a.village FROM customer_addresses a
WHERE a.business_id = @business_id AND a.customer_id IN (SELECT value FROM each_id(@customers))
ORDER BY a.used_at DESC LIMIT 1000;

-- name: DropAddress :execrows
DELETE FROM customer_addresses WHERE business_id = @business_id AND customer_id = @customer_id AND id = @id;

-- name: DropAddresses :exec
DELETE FROM customer_addresses WHERE business_id = @business_id AND customer_id = @customer_id;

-- name: InsertConsent :exec
INSERT INTO customer_consents (business_id, id, customer_id, purpose, version, channel, source, given_at, withdrawn_by)
VALUES (@business_id, @id, @customer_id, @purpose, @version, @channel, @source, @given_at, '');

-- name: Withdraw :execrows
UPDATE customer_consents SET withdrawn_at = CAST(@now AS timestamptz), withdrawn_by = @by_whom
WHERE business_id = @business_id AND customer_id = @customer_id AND purpose = @purpose AND withdrawn_at IS NULL;

-- name: Consents :many
SELECT * FROM customer_consents WHERE business_id = @business_id AND customer_id = @customer_id ORDER BY id DESC LIMIT 100;

-- name: Consenting :many
SELECT DISTINCT customer_id FROM customer_consents
WHERE business_id = @business_id AND purpose = @purpose AND withdrawn_at IS NULL AND customer_id IN (SELECT value FROM each_id(@customers));

-- name: InsertStop :exec
INSERT INTO customer_stops (token_hash, business_id, customer_id) VALUES (@token_hash, @business_id, @customer_id)
ON CONFLICT (token_hash) DO NOTHING;

-- name: Stop :one
SELECT business_id, customer_id FROM customer_stops WHERE token_hash = @token_hash;

-- name: Erase :execrows
UPDATE customers SET phone = @phone, name = '', search = '', note = '', tags = '', erased_at = @now
WHERE business_id = @business_id AND id = @id AND erased_at IS NULL;

-- Past counts orders that were imported, in one step for each customer.
-- name: Past :exec
UPDATE customers SET orders = orders + @orders, spent = spent + @amount,
  first_order_at = CASE WHEN first_order_at IS NULL OR first_order_at > @first_at THEN @first_at ELSE first_order_at END,
  last_order_at = CASE WHEN last_order_at IS NULL OR last_order_at < @last_at THEN @last_at ELSE last_order_at END,
  last_at = CASE WHEN last_order_at IS NULL OR last_at < @last_at THEN @last_at ELSE last_at END
WHERE business_id = @business_id AND id = @id;

-- name: Change :exec
UPDATE customers SET orders = orders + @orders, spent = spent + @amount WHERE business_id = @business_id AND id = @id;

-- name: ByPhones :many
SELECT * FROM customers WHERE business_id = @business_id AND phone IN (SELECT value FROM each_text(@phones));

-- name: All :many
SELECT * FROM customers WHERE business_id = @business_id AND id > @after ORDER BY id LIMIT @most;

-- name: ConsentedSince :many
SELECT customer_id, given_at FROM customer_consents
WHERE business_id = @business_id AND purpose = @purpose AND withdrawn_at IS NULL AND customer_id IN (SELECT value FROM each_id(@customers)) ORDER BY given_at DESC;
