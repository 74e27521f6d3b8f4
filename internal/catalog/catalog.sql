-- No row means that the product is there already: the form was sent twice.
-- name: InsertProduct :execrows
INSERT INTO products (business_id, id, slug, state, title, product_search, about, category_id, unit, shelf, labels, halal, pirt, options,
  made_to_order_days, min_quantity, max_quantity, position, form_hash, created_at, changed_at)
VALUES (@business_id, @id, @slug, @state, @title, @product_search, @about, @category_id, @unit, @shelf, @labels, @halal, @pirt, @options,
  @made_to_order_days, @min_quantity, @max_quantity, @position, @form_hash, @created_at, @changed_at)
ON CONFLICT (business_id, id) DO NOTHING;

-- name: UpdateProduct :execrows
UPDATE products SET slug = @slug, title = @title, product_search = @product_search, about = @about, category_id = @category_id, unit = @unit,
  shelf = @shelf, labels = @labels, halal = @halal, pirt = @pirt, options = @options, made_to_order_days = @made_to_order_days,
  min_quantity = @min_quantity, max_quantity = @max_quantity, changed_at = @changed_at
WHERE business_id = @business_id AND id = @id;

-- name: SetState :execrows
UPDATE products SET state = @state, changed_at = @changed_at WHERE business_id = @business_id AND id = @id AND state <> @state;

-- name: SetPosition :exec
UPDATE products SET position = @position WHERE business_id = @business_id AND id = @id;

-- name: ProductHash :one
SELECT form_hash FROM products WHERE business_id = @business_id AND id = @id;

-- name: CountProducts :one
SELECT count(*) FROM products WHERE business_id = @business_id;

-- name: LastPosition :one
SELECT position FROM products WHERE business_id = @business_id ORDER BY position DESC LIMIT 1;

-- name: Product :one
SELECT p.id, p.slug, p.state, p.title, p.about, p.category_id, p.unit, p.shelf, p.labels, p.halal, p.pirt, p.options,
  p.made_to_order_days, p.min_quantity, p.max_quantity, p.position, p.created_at, p.changed_at, coalesce(c.name, '') AS category
FROM products p LEFT JOIN categories c ON c.business_id = p.business_id AND c.id = p.category_id
WHERE p.business_id = @business_id AND p.id = @id;

-- HoldProduct keeps others from changing a product until the end of the transaction.
-- name: HoldProduct :one
SELECT id FROM products WHERE business_id = @business_id AND id = @id FOR UPDATE;

-- Products of one state, or of all when state is empty, in the shop's order.
-- name: Products :many
SELECT p.id, p.slug, p.state, p.title, p.about, p.category_id, p.unit, p.shelf, p.labels, p.halal, p.pirt, p.options,
  p.made_to_order_days, p.min_quantity, p.max_quantity, p.position, p.created_at, p.changed_at, coalesce(c.name, '') AS category
FROM products p LEFT JOIN categories c ON c.business_id = p.business_id AND c.id = p.category_id
WHERE p.business_id = @business_id AND p.state = @state
  AND (CAST(@any_category AS boolean) = true OR p.category_id = @category_id)
  AND (CAST(@words AS text) = '' OR p.product_search LIKE @words)
  AND (CAST(@more AS text) = '' OR p.product_search LIKE @more)
  AND p.position >= @after_position AND (p.position > @after_position OR p.id > @after_id)
ORDER BY p.position, p.id
LIMIT @max;

-- name: CountStates :many
SELECT state, count(*) AS n FROM products WHERE business_id = @business_id GROUP BY state;

-- name: Neighbours :many
SELECT id, position FROM products WHERE business_id = @business_id AND state = @state ORDER BY position, id;

-- name: InsertSlug :execrows
INSERT INTO product_slugs (business_id, slug, product_id) VALUES (@business_id, @slug, @product_id)
ON CONFLICT (business_id, slug) DO NOTHING;

-- name: SlugOwner :one
SELECT product_id FROM product_slugs WHERE business_id = @business_id AND slug = @slug;

-- name: InsertVariant :execrows
INSERT INTO variants (business_id, id, product_id, name, choices, sku, price, was_price, weight_grams, length_cm, width_cm, height_cm, tracked, gone, position)
VALUES (@business_id, @id, @product_id, @name, @choices, @sku, @price, @was_price, @weight_grams, @length_cm, @width_cm, @height_cm, @tracked, false, @position)
ON CONFLICT (business_id, id) DO UPDATE SET name = excluded.name, choices = excluded.choices, sku = excluded.sku, price = excluded.price,
  was_price = excluded.was_price, weight_grams = excluded.weight_grams, length_cm = excluded.length_cm, width_cm = excluded.width_cm,
  height_cm = excluded.height_cm, tracked = excluded.tracked, gone = false, position = excluded.position
WHERE variants.product_id = excluded.product_id;

-- name: SetGone :exec
UPDATE variants SET gone = true WHERE business_id = @business_id AND id = @id;

-- name: SetPrice :execrows
UPDATE variants SET price = @price, was_price = CASE WHEN was_price > @price THEN was_price ELSE 0 END
WHERE business_id = @business_id AND id = @id AND gone = false;

-- name: VariantsOf :many
SELECT id, product_id, name, choices, sku, price, was_price, weight_grams, length_cm, width_cm, height_cm, tracked
FROM variants WHERE business_id = @business_id AND gone = false AND product_id IN (SELECT value FROM each_id(@products))
ORDER BY product_id, position, id;

-- name: PhotosOf :many
SELECT product_id, blob_id, width, height, alt FROM product_photos
WHERE business_id = @business_id AND product_id IN (SELECT value FROM each_id(@products))
ORDER BY product_id, position, blob_id;

-- name: PutPhoto :exec
INSERT INTO product_photos (business_id, product_id, blob_id, width, height, alt, position)
VALUES (@business_id, @product_id, @blob_id, @width, @height, @alt, @position)
ON CONFLICT (business_id, product_id, blob_id) DO UPDATE SET alt = excluded.alt, position = excluded.position;

-- name: DeletePhoto :exec
DELETE FROM product_photos WHERE business_id = @business_id AND product_id = @product_id AND blob_id = @blob_id;

-- Offers of variants that are still there, whatever the state of the product.
-- name: Offers :many
SELECT v.id, v.product_id, v.name, v.sku, v.price, v.was_price, v.weight_grams, v.length_cm, v.width_cm, v.height_cm, v.tracked, p.slug, p.title, p.unit, p.state,
  p.made_to_order_days, p.min_quantity, p.max_quantity, coalesce(c.name, '') AS category
FROM variants v
JOIN products p ON p.business_id = v.business_id AND p.id = v.product_id
LEFT JOIN categories c ON c.business_id = p.business_id AND c.id = p.category_id
WHERE v.business_id = @business_id AND v.gone = false AND v.id IN (SELECT value FROM each_id(@variants));

-- Labels names variants, gone ones too, for stock and reports.
-- name: Labels :many
SELECT v.id, v.product_id, v.name, v.tracked, v.gone, p.title, p.unit, p.shelf, p.state
FROM variants v JOIN products p ON p.business_id = v.business_id AND p.id = v.product_id
WHERE v.business_id = @business_id AND v.id IN (SELECT value FROM each_id(@variants));

-- Counted lists the variants whose stock is counted, in the shop's order.
-- name: Counted :many
SELECT v.id, v.product_id, v.name, p.title, p.unit, p.shelf, p.state
FROM variants v JOIN products p ON p.business_id = v.business_id AND p.id = v.product_id
WHERE v.business_id = @business_id AND v.gone = false AND v.tracked = true AND p.state <> 'archived'
ORDER BY p.position, p.id, v.position, v.id
LIMIT @max;

-- name: Categories :many
SELECT c.id, c.name, c.position, CAST(count(p.id) AS bigint) AS products
FROM categories c LEFT JOIN products p ON p.business_id = c.business_id AND p.category_id = c.id AND p.state <> 'archived'
WHERE c.business_id = @business_id
GROUP BY c.id, c.name, c.position
ORDER BY c.position, c.id;

-- name: InsertCategory :exec
INSERT INTO categories (business_id, id, name, name_search, position) VALUES (@business_id, @id, @name, @name_search, @position)
ON CONFLICT (business_id, name_search) DO NOTHING;

-- name: CategoryNamed :one
SELECT id FROM categories WHERE business_id = @business_id AND name_search = @name_search;

-- name: RenameCategory :execrows
UPDATE categories SET name = @name, name_search = @name_search WHERE categories.business_id = @business_id AND categories.id = @id
  AND NOT EXISTS (SELECT 1 FROM categories o WHERE o.business_id = @business_id AND o.name_search = @name_search AND o.id <> @id);

-- name: PlaceCategory :exec
UPDATE categories SET position = @position WHERE business_id = @business_id AND id = @id;

-- name: EmptyCategory :exec
UPDATE products SET category_id = NULL WHERE business_id = @business_id AND category_id = @category_id;

-- name: DeleteCategory :execrows
DELETE FROM categories WHERE business_id = @business_id AND id = @id;

-- name: SetSlug :exec
UPDATE products SET slug = @slug WHERE business_id = @business_id AND id = @id;

-- name: TouchProduct :exec
UPDATE products SET changed_at = @changed_at WHERE business_id = @business_id AND id = @id;

-- name: Prices :many
SELECT id, product_id, price FROM variants WHERE business_id = @business_id AND gone = false AND id IN (SELECT value FROM each_id(@variants));

-- What a shop's goods are called by in other systems.
-- name: SKUs :many
SELECT id, product_id, sku FROM variants WHERE business_id = @business_id AND sku <> '' AND gone = false ORDER BY id LIMIT 100000;
