-- +goose Up
-- Shops are searched apart from products: their keys begin with another number.
CREATE TEMP TABLE search_kept AS SELECT doc, id, weight, title, words FROM search_docs;
DELETE FROM search_docs;
INSERT INTO search_docs (doc, id, weight, title, words)
SELECT CASE WHEN weight >= 1000 THEN 576460752303423488 ELSE 0 END + (doc & 576460752303423487), id,
  CASE WHEN weight >= 1000 THEN weight - 1000 ELSE weight END, title,
  CASE WHEN weight >= 1000 THEN words || array_to_tsvector(ARRAY['qqgroup1']) ELSE words END
FROM search_kept ON CONFLICT (doc) DO NOTHING;
DROP TABLE search_kept;

-- +goose Down
UPDATE search_docs SET weight = weight + 1000 WHERE doc >= 576460752303423488;
