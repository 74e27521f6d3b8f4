-- +goose Up
-- What the directory shows of every open shop: public already, kept by a job.
CREATE TABLE directory_shops (
  business_id blob NOT NULL PRIMARY KEY,
  slug text NOT NULL,
  name text NOT NULL,
  tagline text NOT NULL,
  trade text NOT NULL,
  village text NOT NULL,
  place text NOT NULL,
  dye text NOT NULL,
  photo blob,
  products bigint NOT NULL,
  bucket bigint NOT NULL,
  opened_at datetime NOT NULL,
  changed_at datetime NOT NULL
) WITHOUT ROWID;
CREATE INDEX directory_shops_bucket ON directory_shops (bucket, business_id);

CREATE TABLE directory_products (
  business_id blob NOT NULL,
  product_id blob NOT NULL,
  slug text NOT NULL,
  title text NOT NULL,
  price bigint NOT NULL,
  price_to bigint NOT NULL,
  photo blob,
  free boolean NOT NULL,
  words text NOT NULL,
  bucket bigint NOT NULL,
  changed_at datetime NOT NULL,
  PRIMARY KEY (product_id)
) WITHOUT ROWID;
CREATE INDEX directory_products_business ON directory_products (business_id, product_id);
CREATE INDEX directory_products_bucket ON directory_products (bucket, product_id);

-- Each shop stands in several lists (all, its trade, its places, trade in
-- place), so that each list is read from one end whatever it is narrowed to.
CREATE TABLE directory_lists (
  list text NOT NULL,
  opened_at datetime NOT NULL,
  business_id blob NOT NULL,
  PRIMARY KEY (list, opened_at, business_id)
) WITHOUT ROWID;
CREATE INDEX directory_lists_business ON directory_lists (business_id);

-- The words in use, how often, and by which misspellings each is found; near
-- is a hash of the misspelling.
CREATE TABLE directory_words (
  word text NOT NULL PRIMARY KEY,
  uses bigint NOT NULL
) WITHOUT ROWID;
CREATE TABLE directory_near (
  near blob NOT NULL,
  word text NOT NULL,
  PRIMARY KEY (near, word)
) WITHOUT ROWID;
CREATE INDEX directory_near_word ON directory_near (word);

-- What is searched for; package store alone reads and writes it.
CREATE VIRTUAL TABLE search_docs USING fts5 (
  id UNINDEXED, weight UNINDEXED, title UNINDEXED, words,
  tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3', detail = 'none', columnsize = 0
);

-- +goose Down
DROP TABLE search_docs;
DROP TABLE directory_near;
DROP TABLE directory_words;
DROP TABLE directory_lists;
DROP TABLE directory_products;
DROP TABLE directory_shops;
