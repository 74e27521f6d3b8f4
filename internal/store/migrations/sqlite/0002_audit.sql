-- +goose Up
CREATE TABLE audit (
  business_id blob NOT NULL,
  seq bigint NOT NULL,
  at datetime NOT NULL,
  actor_id blob,
  membership_id blob,
  on_behalf_id blob,
  role text NOT NULL,
  verb text NOT NULL,
  object_id blob,
  result text NOT NULL,
  request text NOT NULL,
  diff text NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (business_id, seq)
) WITHOUT ROWID;
CREATE INDEX audit_object ON audit (business_id, object_id, seq);
-- +goose StatementBegin
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit entries stay as they are'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_remains BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit entries stay'); END;
-- +goose StatementEnd

CREATE TABLE audit_heads (
  business_id blob NOT NULL,
  seq bigint NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (business_id)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE audit_heads;
DROP TABLE audit;
