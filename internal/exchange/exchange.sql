-- name: InsertImport :execrows
INSERT INTO imports (business_id, id, kind, format, bytes, state, header, header_row, samples, mapping, how, total, done_line, rows_done, fresh, changed, same, bad,
  problems, trouble, person_id, created_at, changed_at)
VALUES (@business_id, @id, @kind, @format, @bytes, @state, @header, @header_row, @samples, @mapping, @how, 0, 0, 0, 0, 0, 0, 0, '', '', @person_id, @now, @now)
ON CONFLICT (business_id, id) DO NOTHING;

-- name: InsertPart :exec
INSERT INTO import_parts (business_id, import_id, n, content) VALUES (@business_id, @import_id, @n, @content)
ON CONFLICT (business_id, import_id, n) DO NOTHING;

-- name: Part :one
SELECT content FROM import_parts WHERE business_id = @business_id AND import_id = @import_id AND n = @n;

-- name: DeleteParts :exec
DELETE FROM import_parts WHERE business_id = @business_id AND import_id = @import_id;

-- name: GetImport :one
SELECT business_id, id, kind, format, bytes, state, header, header_row, samples, mapping, how, total, done_line, rows_done, fresh, changed, same, bad, problems, trouble,
  person_id, created_at, changed_at FROM imports WHERE business_id = @business_id AND id = @id;

-- name: ListImports :many
SELECT business_id, id, kind, format, bytes, state, header, header_row, samples, mapping, how, total, done_line, rows_done, fresh, changed, same, bad, problems, trouble,
  person_id, created_at, changed_at FROM imports WHERE business_id = @business_id AND state <> 'uploading' ORDER BY id DESC LIMIT @most;

-- name: Working :one
SELECT count(*) FROM imports WHERE business_id = @business_id AND id <> @id AND state IN ('checking', 'taking');

-- SetState moves an import on; no row means that it is not where it was thought to be.
-- name: SetState :execrows
UPDATE imports SET state = @state, trouble = @trouble, changed_at = @now WHERE business_id = @business_id AND id = @id AND state = @was;

-- Plan keeps how a file is to be read and begins its check anew.
-- name: Plan :execrows
UPDATE imports SET mapping = @mapping, how = @how, state = @state, total = 0, done_line = 0, rows_done = 0, fresh = 0, changed = 0, same = 0, bad = 0, problems = '', trouble = '',
  changed_at = @now WHERE business_id = @business_id AND id = @id AND state IN ('uploaded', 'checked');

-- name: Looked :execrows
UPDATE imports SET how = @how, total = @total, changed_at = @now WHERE business_id = @business_id AND id = @id AND state = @state;

-- Step counts what a batch did; no row means that the import was stopped, or that another worker did the batch.
-- name: Step :execrows
UPDATE imports SET done_line = @done_line, rows_done = rows_done + @rows_done, fresh = fresh + @fresh, changed = changed + @changed, same = same + @same, bad = bad + @bad,
  problems = CASE WHEN CAST(@problems AS text) = '' THEN problems ELSE CAST(@problems AS text) END, changed_at = @now
WHERE business_id = @business_id AND id = @id AND state = @state AND done_line = @was_line;

-- name: Restart :execrows
UPDATE imports SET state = @state, done_line = 0, rows_done = 0, fresh = 0, changed = 0, same = 0, bad = 0, problems = '', changed_at = @now
WHERE business_id = @business_id AND id = @id AND state = 'checked';

-- name: OldImports :many
SELECT id FROM imports WHERE business_id = @business_id AND changed_at < @before ORDER BY id LIMIT 100;

-- name: DeleteImport :exec
DELETE FROM imports WHERE business_id = @business_id AND id = @id;

-- name: KeepMapping :exec
INSERT INTO import_mappings (business_id, kind, fingerprint, mapping, used_at) VALUES (@business_id, @kind, @fingerprint, @mapping, @now)
ON CONFLICT (business_id, kind, fingerprint) DO UPDATE SET mapping = excluded.mapping, used_at = excluded.used_at;

-- name: KeptMapping :one
SELECT mapping FROM import_mappings WHERE business_id = @business_id AND kind = @kind AND fingerprint = @fingerprint;

-- name: InsertExport :exec
INSERT INTO exports (business_id, id, kind, format, person_id, at) VALUES (@business_id, @id, @kind, @format, @person_id, @at);

-- name: CountExports :one
SELECT count(*) FROM exports WHERE business_id = @business_id AND at > @since;

-- name: SweepExports :exec
DELETE FROM exports WHERE business_id = @business_id AND at < @before;
