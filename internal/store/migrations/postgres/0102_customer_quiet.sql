-- +goose Up
-- Who has not ordered for long is found without a look at contacts who never did.
CREATE INDEX customers_quiet ON customers (business_id, last_at, id) WHERE orders > 0 AND erased_at IS NULL;

-- +goose Down
DROP INDEX customers_quiet;
