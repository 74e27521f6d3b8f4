-- +goose Up
CREATE TABLE categories (
  business_id blob NOT NULL,
  id blob NOT NULL,
  name text NOT NULL,
  name_search text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, name_search)
) WITHOUT ROWID;

CREATE TABLE products (
  business_id blob NOT NULL,
  id blob NOT NULL,
  slug text NOT NULL,
  state text NOT NULL,
  title text NOT NULL,
  product_search text NOT NULL,
  about text NOT NULL,
  category_id blob,
  unit text NOT NULL,
  shelf text NOT NULL,
  labels text NOT NULL,
  halal text NOT NULL,
  pirt text NOT NULL,
  options text NOT NULL,
  made_to_order_days bigint NOT NULL,
  min_quantity bigint NOT NULL,
  max_quantity bigint NOT NULL,
  position bigint NOT NULL,
  form_hash text NOT NULL,
  created_at datetime NOT NULL,
  changed_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  FOREIGN KEY (business_id, category_id) REFERENCES categories (business_id, id),
  CHECK (state IN ('draft', 'published', 'archived'))
) WITHOUT ROWID;
CREATE INDEX products_shown ON products (business_id, state, position, id);

CREATE TABLE product_slugs (
  business_id blob NOT NULL,
  slug text NOT NULL,
  product_id blob NOT NULL,
  PRIMARY KEY (business_id, slug),
  FOREIGN KEY (business_id, product_id) REFERENCES products (business_id, id)
) WITHOUT ROWID;

CREATE TABLE variants (
  business_id blob NOT NULL,
  id blob NOT NULL,
  product_id blob NOT NULL,
  name text NOT NULL,
  choices text NOT NULL,
  sku text NOT NULL,
  price bigint NOT NULL,
  was_price bigint NOT NULL,
  weight_grams bigint NOT NULL,
  length_cm bigint NOT NULL,
  width_cm bigint NOT NULL,
  height_cm bigint NOT NULL,
  tracked boolean NOT NULL,
  gone boolean NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (business_id, id),
  FOREIGN KEY (business_id, product_id) REFERENCES products (business_id, id),
  CHECK (price >= 0 AND was_price >= 0 AND weight_grams >= 0)
) WITHOUT ROWID;
CREATE INDEX variants_product ON variants (business_id, product_id, position);

CREATE TABLE product_photos (
  business_id blob NOT NULL,
  product_id blob NOT NULL,
  blob_id blob NOT NULL,
  width bigint NOT NULL,
  height bigint NOT NULL,
  alt text NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (business_id, product_id, blob_id),
  FOREIGN KEY (business_id, product_id) REFERENCES products (business_id, id)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE product_photos;
DROP TABLE variants;
DROP TABLE product_slugs;
DROP TABLE products;
DROP TABLE categories;
