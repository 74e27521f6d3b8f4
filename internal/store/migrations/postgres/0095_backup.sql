-- +goose Up
-- A backup reads every row of every business. The walls hold for the owner of
-- the tables too, unless it is a superuser; this opens them to the owner alone,
-- never to the role that transactions act as, and only in a transaction that
-- says so.
-- +goose StatementBegin
CREATE FUNCTION open_to_owner(t text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE POLICY whole ON %I TO %I USING (current_setting(''app.whole'', true) = ''on'')', t, current_user);
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
DECLARE
  t name;
BEGIN
  FOR t IN SELECT relname FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relrowsecurity ORDER BY relname LOOP
    PERFORM open_to_owner(t);
  END LOOP;
END $$;
-- +goose StatementEnd

-- walled as before, and open to the owner's backups.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION walled(t text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  mine text := 'business_id = CAST(nullif(current_setting(''app.business_id'', true), '''') AS uuid)';
BEGIN
  PERFORM spread(t);
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  EXECUTE format('CREATE POLICY business ON %I USING (%s) WITH CHECK (%s)', t, mine, mine);
  PERFORM open_to_owner(t);
END $$;
-- +goose StatementEnd

-- Each time that a backup was made, a drill held, or either failed.
CREATE TABLE backup_runs (
  id uuid NOT NULL,
  kind text NOT NULL, -- backup, drill
  state text NOT NULL, -- running, done, failed
  wanted_by uuid, -- who asked; null: the schedule
  started_at timestamptz NOT NULL,
  beat_at timestamptz NOT NULL, -- while it runs: when it last said so
  ended_at timestamptz,
  covers_at timestamptz, -- all that was committed before is in it
  file text NOT NULL,
  size bigint NOT NULL,
  row_count bigint NOT NULL,
  sum text NOT NULL,
  places text NOT NULL, -- JSON: where copies are
  detail text NOT NULL, -- JSON: what a drill found; why it failed
  PRIMARY KEY (id)
);
CREATE INDEX backup_runs_started ON backup_runs (kind, started_at, id);
-- One at a time.
CREATE UNIQUE INDEX backup_runs_one ON backup_runs (state) WHERE state = 'running';
SELECT shared('backup_runs');

-- Whom a shop erased: ids alone. A backup that is older than an entry holds the
-- person still, so the list is kept beside the backups and is followed again
-- after one was brought back.
CREATE TABLE backup_erasures (
  business_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  erased_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, customer_id)
);
CREATE INDEX backup_erasures_at ON backup_erasures (erased_at, business_id, customer_id);
SELECT shared('backup_erasures');

-- +goose Down
DROP TABLE backup_erasures;
DROP TABLE backup_runs;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION walled(t text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  mine text := 'business_id = CAST(nullif(current_setting(''app.business_id'', true), '''') AS uuid)';
BEGIN
  PERFORM spread(t);
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  EXECUTE format('CREATE POLICY business ON %I USING (%s) WITH CHECK (%s)', t, mine, mine);
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
DECLARE
  t name;
BEGIN
  FOR t IN SELECT relname FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relrowsecurity LOOP
    EXECUTE format('DROP POLICY IF EXISTS whole ON %I', t);
  END LOOP;
END $$;
-- +goose StatementEnd
DROP FUNCTION open_to_owner(text);
