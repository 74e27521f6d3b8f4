-- +goose Up
-- The phones that sent acts of a person for a business. Its row is held while
-- an act of the phone is answered, so that none overtakes another.
CREATE TABLE outbox_phones (
  business_id uuid NOT NULL,
  person_id uuid NOT NULL,
  device_id uuid NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, person_id, device_id)
);
SELECT tenant('outbox_phones');

-- Acts made on a phone, with or without signal, each answered once.
CREATE TABLE outbox_acts (
  business_id uuid NOT NULL,
  id uuid NOT NULL, -- made on the phone
  person_id uuid NOT NULL,
  membership_id uuid NOT NULL,
  by_pin boolean NOT NULL,
  device_id uuid NOT NULL,
  after_id uuid,
  kind text NOT NULL,
  object_id uuid,
  at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  body_hash text NOT NULL,
  body text NOT NULL, -- P2, what the person filled in
  seen text NOT NULL, -- P2
  photo_id uuid,
  state text NOT NULL,
  fault text NOT NULL,
  fault_args text NOT NULL, -- P2
  mine text NOT NULL, -- P2
  theirs text NOT NULL, -- P2
  chosen boolean NOT NULL,
  answered_at timestamptz,
  emptied_at timestamptz,
  PRIMARY KEY (business_id, id)
);
SELECT tenant('outbox_acts');
CREATE INDEX outbox_acts_parked ON outbox_acts (business_id, person_id, device_id) WHERE state = 'parked';
CREATE INDEX outbox_acts_open ON outbox_acts (business_id, received_at) WHERE state IN ('parked', 'clash', 'refused');
CREATE INDEX outbox_acts_full ON outbox_acts (business_id, answered_at) WHERE emptied_at IS NULL;
CREATE INDEX outbox_acts_object ON outbox_acts (business_id, object_id);

-- +goose Down
DROP TABLE outbox_acts;
DROP TABLE outbox_phones;
