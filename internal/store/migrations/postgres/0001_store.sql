-- +goose Up
-- What every other migration stands on: the role that transactions act as,
-- and one word for each kind of table.

-- Roles belong to the whole server, so another database, or another server
-- that migrates in the same moment, may have made it.
-- +goose StatementBegin
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'lapak_app') THEN
    BEGIN
      CREATE ROLE lapak_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;
    END;
  END IF;
  IF NOT pg_has_role(current_user, 'lapak_app', 'MEMBER') THEN
    EXECUTE format('GRANT lapak_app TO %I', current_user);
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO lapak_app', current_schema());
END $$;
-- +goose StatementEnd

-- spread places a table's rows on the servers of a Citus cluster by business,
-- or everywhere; without Citus it does nothing.
-- +goose StatementBegin
CREATE FUNCTION spread(t text, col text DEFAULT 'business_id') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
    RETURN;
  END IF;
  IF col = 'everywhere' THEN
    EXECUTE format('SELECT create_reference_table(%L)', t);
  ELSE
    EXECUTE format('SELECT create_distributed_table(%L, %L)', t, col); -- all by one type: one group of shards
  END IF;
END $$;
-- +goose StatementEnd

-- walled lets the application's role see and write only rows of the business
-- that the transaction is bound to; bound to none, it sees nothing.
-- +goose StatementBegin
CREATE FUNCTION walled(t text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  mine text := 'business_id = CAST(nullif(current_setting(''app.business_id'', true), '''') AS uuid)';
BEGIN
  PERFORM spread(t);
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  EXECUTE format('CREATE POLICY business ON %I USING (%s) WITH CHECK (%s)', t, mine, mine);
END $$;
-- +goose StatementEnd

-- tenant makes a table one of businesses' own.
-- +goose StatementBegin
CREATE FUNCTION tenant(t text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM walled(t);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO lapak_app', t);
END $$;
-- +goose StatementEnd

-- tenant_log is tenant for a table whose rows are written once and stay.
-- +goose StatementBegin
CREATE FUNCTION tenant_log(t text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM walled(t);
  EXECUTE format('GRANT SELECT, INSERT ON %I TO lapak_app', t);
END $$;
-- +goose StatementEnd

-- shared opens a table that belongs to no business: people, look-ups, jobs.
-- +goose StatementBegin
CREATE FUNCTION shared(t text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO lapak_app', t);
END $$;
-- +goose StatementEnd

-- each_id makes rows of a JSON list of ids.
-- +goose StatementBegin
CREATE FUNCTION each_id(ids text) RETURNS TABLE (value uuid) LANGUAGE sql IMMUTABLE AS $$
  SELECT CAST(j.value AS uuid) FROM json_array_elements_text(CAST(ids AS json)) AS j (value)
$$;
-- +goose StatementEnd

-- min_reader is the oldest program that may use this schema.
CREATE TABLE store_schema (
  id bigint NOT NULL,
  min_reader bigint NOT NULL,
  PRIMARY KEY (id)
);
INSERT INTO store_schema (id, min_reader) VALUES (1, 1);
GRANT SELECT ON store_schema TO lapak_app;

-- +goose Down
DROP TABLE store_schema;
DROP FUNCTION each_id(text);
DROP FUNCTION shared(text);
DROP FUNCTION tenant_log(text);
DROP FUNCTION tenant(text);
DROP FUNCTION walled(text);
DROP FUNCTION spread(text, text);
