-- +goose Up
-- Shops are searched apart from products: their words begin with a mark.
UPDATE search_docs SET weight = weight - 1000, words = 'qq1' || replace(words, ' ', ' qq1') WHERE weight >= 1000;

-- +goose Down
UPDATE search_docs SET weight = weight + 1000, words = 'qqkshop' || replace(replace(' ' || words, ' qq1', ' '), ' qqkshop', '') WHERE words LIKE 'qq1%';
