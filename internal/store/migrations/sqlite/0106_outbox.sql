-- +goose Up
-- The phones that sent acts of a person for a business. Its row is held while
-- an act of the phone is answered, so that none overtakes another.
CREATE TABLE outbox_phones (
  business_id blob NOT NULL,
  person_id blob NOT NULL,
  device_id blob NOT NULL,
  first_at datetime NOT NULL,
  last_at datetime NOT NULL,
  PRIMARY KEY (business_id, person_id, device_id)
) WITHOUT ROWID;

-- Acts made on a phone, with or without signal, each answered once.
CREATE TABLE outbox_acts (
  business_id blob NOT NULL,
  id blob NOT NULL, -- made on the phone
  person_id blob NOT NULL,
  membership_id blob NOT NULL,
  by_pin boolean NOT NULL,
  device_id blob NOT NULL,
  after_id blob,
  kind text NOT NULL,
  object_id blob,
  at datetime NOT NULL,
  received_at datetime NOT NULL,
  body_hash text NOT NULL,
  body text NOT NULL,
  seen text NOT NULL,
  photo_id blob,
  state text NOT NULL,
  fault text NOT NULL,
  fault_args text NOT NULL,
  mine text NOT NULL,
  theirs text NOT NULL,
  chosen boolean NOT NULL,
  answered_at datetime,
  emptied_at datetime,
  PRIMARY KEY (business_id, id)
) WITHOUT ROWID;
CREATE INDEX outbox_acts_parked ON outbox_acts (business_id, person_id, device_id) WHERE state = 'parked';
CREATE INDEX outbox_acts_open ON outbox_acts (business_id, received_at) WHERE state IN ('parked', 'clash', 'refused');
CREATE INDEX outbox_acts_full ON outbox_acts (business_id, answered_at) WHERE emptied_at IS NULL;
CREATE INDEX outbox_acts_object ON outbox_acts (business_id, object_id);

-- +goose Down
DROP TABLE outbox_acts;
DROP TABLE outbox_phones;
