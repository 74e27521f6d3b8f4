-- +goose Up
-- What a shop's books hold that was made elsewhere: where it came from, what it is called there, and what else its file
-- said. A sale is an order with the same id; a return, a write-off or a debt given up stands here alone, with its lines.
CREATE TABLE order_papers (
  business_id uuid NOT NULL,
  id uuid NOT NULL,
  mark uuid NOT NULL,
  number bigint NOT NULL,
  kind text NOT NULL,
  source text NOT NULL,
  outside text NOT NULL,
  hash text NOT NULL,
  customer_id uuid,
  buyer text NOT NULL, -- P2
  city text NOT NULL, -- P2
  province text NOT NULL,
  country text NOT NULL,
  courier text NOT NULL,
  waybill text NOT NULL, -- P2
  note text NOT NULL, -- P2
  line_times text NOT NULL,
  total bigint NOT NULL,
  pieces bigint NOT NULL,
  revision bigint NOT NULL,
  at timestamptz NOT NULL,
  imported_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, mark),
  UNIQUE (business_id, number),
  CHECK (kind IN ('sale', 'return', 'write_off', 'bad_debt'))
);
SELECT tenant('order_papers');
CREATE INDEX order_papers_alone ON order_papers (business_id, at, number) WHERE kind <> 'sale';
CREATE INDEX order_papers_customer ON order_papers (business_id, customer_id);

-- The lines of what is no sale. Quantity and price may be below zero here.
CREATE TABLE order_paper_lines (
  business_id uuid NOT NULL,
  paper_id uuid NOT NULL,
  n bigint NOT NULL,
  product_id uuid NOT NULL,
  variant_id uuid NOT NULL,
  sku text NOT NULL,
  title text NOT NULL,
  variant_name text NOT NULL,
  price bigint NOT NULL,
  quantity bigint NOT NULL,
  PRIMARY KEY (business_id, paper_id, n),
  FOREIGN KEY (business_id, paper_id) REFERENCES order_papers (business_id, id)
);
SELECT tenant('order_paper_lines');

-- +goose Down
DROP TABLE order_paper_lines;
DROP TABLE order_papers;
