-- +goose Up
-- Shops are searched apart from products: their words begin with a mark.
UPDATE search_docs SET weight = weight - 1000, words = array_to_tsvector(ARRAY(SELECT 'qq1' || w FROM unnest(tsvector_to_array(words)) AS w)) WHERE weight >= 1000;

-- +goose Down
UPDATE search_docs SET weight = weight + 1000,
  words = array_to_tsvector(array_append(ARRAY(SELECT substr(w, 4) FROM unnest(tsvector_to_array(words)) AS w), 'qqkshop'))
WHERE words @@ CAST('qq1:*' AS tsquery);
