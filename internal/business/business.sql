-- name: Business :one
SELECT business_id, slug, name, tagline, about, trade, kbli, kbli_edition, village, street, landmark, lat_e6, lng_e6, phone, whatsapp, mail,
  dye, zone, hours, any_time, closings, paused, paused_note, nib, npwp, nik_tail, halal, pirt, sold_before, state, hidden_reason, hidden_at,
  created_at, published_at, ended_at, updated_at
FROM businesses WHERE business_id = @business_id;

-- name: InsertBusiness :execrows
INSERT INTO businesses (business_id, slug, name, tagline, about, trade, kbli, kbli_edition, village, street, landmark, lat_e6, lng_e6,
  phone, whatsapp, mail, dye, zone, hours, any_time, closings, paused, paused_note, nib, npwp, nik_sealed, nik_mac, nik_tail, halal, pirt,
  sold_before, state, hidden_reason, created_at, updated_at)
VALUES (@business_id, @slug, @name, '', '', @trade, @kbli, @kbli_edition, @village, '', '', NULL, NULL,
  @phone, '', '', @dye, @zone, @hours, true, '[]', false, '', '', '', '', '', '', '', '',
  @sold_before, 'draft', '', @created_at, @created_at)
ON CONFLICT (business_id) DO NOTHING;

-- name: PutProfile :execrows
UPDATE businesses SET name = @name, tagline = @tagline, about = @about, trade = @trade, kbli = @kbli, kbli_edition = @kbli_edition,
  village = @village, zone = @zone, street = @street, landmark = @landmark, lat_e6 = sqlc.narg('lat_e6'), lng_e6 = sqlc.narg('lng_e6'),
  phone = @phone, whatsapp = @whatsapp, mail = @mail, updated_at = @updated_at
WHERE business_id = @business_id AND state <> 'ended';

-- name: PutLook :execrows
UPDATE businesses SET dye = @dye, updated_at = @updated_at WHERE business_id = @business_id AND state <> 'ended';

-- name: PutHours :execrows
UPDATE businesses SET hours = @hours, any_time = @any_time, updated_at = @updated_at WHERE business_id = @business_id AND state <> 'ended';

-- name: PutClosings :execrows
UPDATE businesses SET closings = @closings, updated_at = @updated_at WHERE business_id = @business_id AND state <> 'ended';

-- name: PutPause :execrows
UPDATE businesses SET paused = @paused, paused_note = @paused_note, updated_at = @updated_at WHERE business_id = @business_id AND state <> 'ended';

-- name: PutIdentity :execrows
UPDATE businesses SET nib = @nib, npwp = @npwp, halal = @halal, pirt = @pirt, updated_at = @updated_at
WHERE business_id = @business_id AND state <> 'ended';

-- name: PutNIK :execrows
UPDATE businesses SET nik_sealed = @nik_sealed, nik_mac = @nik_mac, nik_tail = @nik_tail, updated_at = @updated_at
WHERE business_id = @business_id AND state <> 'ended';

-- name: SealedNIK :one
SELECT nik_sealed FROM businesses WHERE business_id = @business_id;

-- name: PutSlugOf :execrows
UPDATE businesses SET slug = @slug, updated_at = @updated_at WHERE business_id = @business_id AND state <> 'ended';

-- name: Publish :execrows
UPDATE businesses SET state = 'open', published_at = @published_at, updated_at = @published_at
WHERE business_id = @business_id AND state = 'draft';

-- name: End :execrows
UPDATE businesses SET state = 'ended', ended_at = @ended_at, updated_at = @ended_at, paused = true,
  street = '', landmark = '', lat_e6 = NULL, lng_e6 = NULL, mail = '', npwp = '', nik_sealed = '', nik_mac = '', nik_tail = ''
WHERE business_id = @business_id AND state <> 'ended';

-- name: HideBusiness :execrows
UPDATE businesses SET hidden_reason = @hidden_reason, hidden_at = @hidden_at, updated_at = @hidden_at
WHERE business_id = @business_id AND hidden_at IS NULL;

-- name: ShowBusiness :execrows
UPDATE businesses SET hidden_reason = '', hidden_at = NULL, updated_at = @updated_at
WHERE business_id = @business_id AND hidden_at IS NOT NULL;

-- name: BySlug :one
SELECT s.business_id, c.slug FROM slugs s JOIN slugs c ON c.business_id = s.business_id AND c.live = true WHERE s.slug = @slug;

-- name: Slug :one
SELECT business_id, live FROM slugs WHERE slug = @slug;

-- Two who want one address at once: one row, and the other is told.
-- name: TakeSlug :execrows
INSERT INTO slugs (slug, business_id, live, created_at) VALUES (@slug, @business_id, true, @created_at)
ON CONFLICT (slug) DO NOTHING;

-- name: CountSlugs :one
SELECT count(*) FROM slugs WHERE business_id = @business_id;

-- name: RetireSlugs :execrows
UPDATE slugs SET live = false WHERE business_id = @business_id AND live = true;

-- name: ReviveSlug :execrows
UPDATE slugs SET live = true WHERE slug = @slug AND business_id = @business_id;

-- name: PutRegistry :exec
INSERT INTO registry (business_id, slug, name, name_search, trade, kbli, kbli_edition, nib, halal, pirt, province, regency, district, village,
  sold_before, state, hidden_reason, hidden_at, created_at, published_at, updated_at)
VALUES (@business_id, @slug, @name, @name_search, @trade, @kbli, @kbli_edition, @nib, @halal, @pirt, @province, @regency, @district, @village,
  @sold_before, @state, @hidden_reason, sqlc.narg('hidden_at'), @created_at, sqlc.narg('published_at'), @updated_at)
ON CONFLICT (business_id) DO UPDATE SET slug = excluded.slug, name = excluded.name, name_search = excluded.name_search, trade = excluded.trade,
  kbli = excluded.kbli, kbli_edition = excluded.kbli_edition, nib = excluded.nib, halal = excluded.halal, pirt = excluded.pirt,
  province = excluded.province, regency = excluded.regency, district = excluded.district, village = excluded.village,
  sold_before = excluded.sold_before, state = excluded.state, hidden_reason = excluded.hidden_reason, hidden_at = excluded.hidden_at,
  published_at = excluded.published_at, updated_at = excluded.updated_at;

-- name: Entry :one
SELECT * FROM registry WHERE business_id = @business_id;

-- Entries lists one region's businesses, the newest first.
-- name: Entries :many
SELECT * FROM registry
WHERE (CAST(sqlc.narg('province') AS text) IS NULL OR province = sqlc.narg('province'))
  AND (CAST(sqlc.narg('regency') AS text) IS NULL OR regency = sqlc.narg('regency'))
  AND (CAST(sqlc.narg('district') AS text) IS NULL OR district = sqlc.narg('district'))
  AND (CAST(sqlc.narg('trade') AS text) IS NULL OR trade = sqlc.narg('trade'))
  AND (CAST(sqlc.narg('state') AS text) IS NULL OR state = sqlc.narg('state'))
  AND (CAST(sqlc.narg('sold_before') AS text) IS NULL OR sold_before = sqlc.narg('sold_before'))
  AND (CAST(@hidden_only AS boolean) = false OR hidden_at IS NOT NULL)
  AND (CAST(sqlc.narg('like') AS text) IS NULL OR name_search LIKE sqlc.narg('like'))
  AND created_at <= @before_at AND (created_at < @before_at OR business_id < @before_id)
ORDER BY created_at DESC, business_id DESC
LIMIT @max;

-- name: InsertAppeal :execrows
INSERT INTO appeals (id, business_id, province, regency, hidden_reason, text, made_by, made_at, decision, answer)
VALUES (@id, @business_id, @province, @regency, @hidden_reason, @text, @made_by, @made_at, 'open', '')
ON CONFLICT DO NOTHING;

-- name: Appeal :one
SELECT * FROM appeals WHERE id = @id;

-- name: AppealsOf :many
SELECT * FROM appeals WHERE business_id = @business_id ORDER BY made_at DESC, id DESC LIMIT 20;

-- Appeals of one region; open ones come oldest first, so that nobody waits unseen.
-- name: OpenAppeals :many
SELECT a.*, r.name, r.slug FROM appeals a JOIN registry r ON r.business_id = a.business_id
WHERE a.decision = 'open'
  AND (CAST(sqlc.narg('province') AS text) IS NULL OR a.province = sqlc.narg('province'))
  AND (CAST(sqlc.narg('regency') AS text) IS NULL OR a.regency = sqlc.narg('regency'))
ORDER BY a.made_at, a.id LIMIT 100;

-- name: DecidedAppeals :many
SELECT a.*, r.name, r.slug FROM appeals a JOIN registry r ON r.business_id = a.business_id
WHERE a.decision <> 'open'
  AND (CAST(sqlc.narg('province') AS text) IS NULL OR a.province = sqlc.narg('province'))
  AND (CAST(sqlc.narg('regency') AS text) IS NULL OR a.regency = sqlc.narg('regency'))
ORDER BY a.made_at DESC, a.id DESC LIMIT 50;

-- name: DecideAppeal :execrows
UPDATE appeals SET decision = @decision, answer = @answer, decided_by = @decided_by, decided_at = @decided_at
WHERE id = @id AND decision = 'open';

-- A shop shown again without an answer to its appeal closes the appeal.
-- name: CloseAppeals :exec
UPDATE appeals SET decision = 'lifted', answer = @answer, decided_by = @decided_by, decided_at = @decided_at
WHERE business_id = @business_id AND decision = 'open';

-- name: InsertHandover :exec
INSERT INTO handovers (token_hash, business_id, from_person, created_at, expires_at)
VALUES (@token_hash, @business_id, @from_person, @created_at, @expires_at);

-- name: Handover :one
SELECT * FROM handovers WHERE token_hash = @token_hash;

-- name: OpenHandover :many
SELECT * FROM handovers WHERE business_id = @business_id AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > @now
ORDER BY created_at DESC LIMIT 1;

-- name: RevokeHandovers :execrows
UPDATE handovers SET revoked_at = @revoked_at WHERE business_id = @business_id AND accepted_at IS NULL AND revoked_at IS NULL;

-- name: AcceptHandover :execrows
UPDATE handovers SET accepted_at = @accepted_at, to_person = @to_person
WHERE token_hash = @token_hash AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > @accepted_at;

-- name: Onboarding :one
SELECT * FROM onboardings WHERE person_id = @person_id;

-- name: PutOnboarding :exec
INSERT INTO onboardings (person_id, business_id, step, name, trade, village, phone, sold_before, product_id, updated_at)
VALUES (@person_id, sqlc.narg('business_id'), @step, @name, @trade, @village, @phone, @sold_before, sqlc.narg('product_id'), @updated_at)
ON CONFLICT (person_id) DO UPDATE SET business_id = excluded.business_id, step = excluded.step, name = excluded.name, trade = excluded.trade,
  village = excluded.village, phone = excluded.phone, sold_before = excluded.sold_before, product_id = excluded.product_id,
  updated_at = excluded.updated_at;

-- name: DeleteOnboarding :execrows
DELETE FROM onboardings WHERE person_id = @person_id;

-- Businesses lists all of them in the order of their ids, for what goes over the whole installation.
-- name: Businesses :many
SELECT business_id FROM registry WHERE business_id > @after ORDER BY business_id LIMIT @max;
