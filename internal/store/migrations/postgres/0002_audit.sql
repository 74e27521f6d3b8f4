-- +goose Up
-- Each entry holds the hash of the one before it, so that none can be changed
-- or taken out unseen.
CREATE TABLE audit (
  business_id uuid NOT NULL, -- all zeros: the installation's
  seq bigint NOT NULL,
  at timestamptz NOT NULL,
  actor_id uuid,
  membership_id uuid,
  on_behalf_id uuid,
  role text NOT NULL,
  verb text NOT NULL,
  object_id uuid,
  result text NOT NULL,
  request text NOT NULL,
  diff text NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (business_id, seq)
);
SELECT tenant_log('audit');
CREATE INDEX audit_object ON audit (business_id, object_id, seq);
CREATE POLICY installation ON audit
  USING (business_id = '00000000-0000-0000-0000-000000000000' AND coalesce(current_setting('app.business_id', true), '') = '')
  WITH CHECK (business_id = '00000000-0000-0000-0000-000000000000' AND coalesce(current_setting('app.business_id', true), '') = '');

-- The end of each business's chain.
CREATE TABLE audit_heads (
  business_id uuid NOT NULL,
  seq bigint NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (business_id)
);
SELECT tenant('audit_heads');
REVOKE DELETE ON audit_heads FROM lapak_app;
CREATE POLICY installation ON audit_heads
  USING (business_id = '00000000-0000-0000-0000-000000000000' AND coalesce(current_setting('app.business_id', true), '') = '')
  WITH CHECK (business_id = '00000000-0000-0000-0000-000000000000' AND coalesce(current_setting('app.business_id', true), '') = '');

-- +goose Down
DROP TABLE audit_heads;
DROP TABLE audit;
