-- name: InsertPerson :exec
INSERT INTO people (id, name, phone, mail, password, password_tag, totp_sealed, totp_step, lang, created_at, updated_at, phone_proven_at)
VALUES (@id, @name, @phone, @mail, @password, @password_tag, '', 0, @lang, @created_at, @created_at, sqlc.narg('phone_proven_at'));

-- name: Person :one
SELECT id, name, phone, phone_proven_at, mail, mail_proven_at, password, password_tag, totp_sealed, totp_at, totp_step, lang, disabled_at, last_membership, created_at, updated_at
FROM people WHERE id = @id;

-- name: HoldPerson :one
SELECT id FROM people WHERE id = @id FOR UPDATE;

-- name: ClaimantsByPhone :many
SELECT id, password, disabled_at FROM people WHERE phone = @phone AND password_tag = @password_tag AND password <> '' ORDER BY id LIMIT 5;

-- name: ClaimantsByMail :many
SELECT id, password, disabled_at FROM people WHERE mail = @mail AND password_tag = @password_tag AND password <> '' ORDER BY id LIMIT 5;

-- name: ClaimsOf :many
SELECT id, name, phone, phone_proven_at, created_at FROM people WHERE phone = @phone ORDER BY id LIMIT 20;

-- name: PhoneOwner :one
SELECT person_id FROM phone_owners WHERE phone = @phone;

-- name: MailOwner :one
SELECT person_id FROM mail_owners WHERE mail = @mail;

-- name: OwnPhone :exec
INSERT INTO phone_owners (phone, person_id, proven_at) VALUES (@phone, @person_id, @proven_at)
ON CONFLICT (phone) DO UPDATE SET person_id = excluded.person_id, proven_at = excluded.proven_at;

-- name: OwnMail :exec
INSERT INTO mail_owners (mail, person_id, proven_at) VALUES (@mail, @person_id, @proven_at)
ON CONFLICT (mail) DO UPDATE SET person_id = excluded.person_id, proven_at = excluded.proven_at;

-- name: LetPhoneGo :exec
DELETE FROM phone_owners WHERE phone = @phone AND person_id = @person_id;

-- name: LetMailGo :exec
DELETE FROM mail_owners WHERE mail = @mail AND person_id = @person_id;

-- name: PutName :exec
UPDATE people SET name = @name, updated_at = @updated_at WHERE id = @id;

-- name: PutLang :exec
UPDATE people SET lang = @lang WHERE id = @id;

-- name: PutPhone :exec
UPDATE people SET phone = @phone, phone_proven_at = sqlc.narg('phone_proven_at'), updated_at = @updated_at WHERE id = @id;

-- name: PutMail :exec
UPDATE people SET mail = @mail, mail_proven_at = sqlc.narg('mail_proven_at'), updated_at = @updated_at WHERE id = @id;

-- name: PutPassword :exec
UPDATE people SET password = @password, password_tag = @password_tag, updated_at = @updated_at WHERE id = @id;

-- name: UnprovePhoneOfOthers :exec
UPDATE people SET phone_proven_at = NULL WHERE phone = @phone AND id <> @id;

-- name: UnproveMailOfOthers :exec
UPDATE people SET mail_proven_at = NULL WHERE mail = @mail AND id <> @id;

-- name: OtherClaims :many
SELECT id FROM people WHERE phone = @phone AND id <> @id ORDER BY id LIMIT 50;

-- name: PutTOTP :exec
UPDATE people SET totp_sealed = @totp_sealed, totp_at = sqlc.narg('totp_at'), totp_step = @totp_step, updated_at = @updated_at WHERE id = @id;

-- name: UseTOTPStep :execrows
UPDATE people SET totp_step = @totp_step WHERE id = @id AND totp_step < @totp_step;

-- name: PutLastMembership :exec
UPDATE people SET last_membership = sqlc.narg('last_membership') WHERE id = @id;

-- name: InsertMembership :execrows
INSERT INTO memberships (id, person_id, business_id, role, perms, regions, created_at)
VALUES (@id, @person_id, @business_id, @role, @perms, @regions, @created_at) ON CONFLICT (person_id, business_id, role) DO NOTHING;

-- name: Membership :one
SELECT id, person_id, business_id, role, perms, regions, created_at FROM memberships WHERE id = @id;

-- name: Memberships :many
SELECT id, person_id, business_id, role, perms, regions, created_at FROM memberships WHERE person_id = @person_id ORDER BY id LIMIT 100;

-- name: MembershipsIn :many
SELECT id, person_id, business_id, role, perms, regions, created_at FROM memberships WHERE person_id = @person_id AND business_id = @business_id ORDER BY id;

-- name: Members :many
SELECT m.id, m.person_id, m.role, m.perms, m.created_at, p.name, p.phone, p.password <> '' AS has_password, q.tries, q.set_at
FROM memberships m JOIN people p ON p.id = m.person_id LEFT JOIN pins q ON q.membership_id = m.id
WHERE m.business_id = @business_id ORDER BY m.id LIMIT 200;

-- OwnerMails are the addresses that owners of a business have proven.
-- name: OwnerMails :many
SELECT p.mail, p.lang FROM memberships m JOIN people p ON p.id = m.person_id
WHERE m.business_id = @business_id AND m.role = 'owner' AND p.mail <> '' AND p.mail_proven_at IS NOT NULL AND p.disabled_at IS NULL
ORDER BY m.id;

-- name: PutPerms :execrows
UPDATE memberships SET perms = @perms WHERE id = @id AND business_id = @business_id AND role = 'staff';

-- name: DeleteMembership :execrows
DELETE FROM memberships WHERE id = @id AND business_id = @business_id;

-- name: DeleteMembershipsOf :exec
DELETE FROM memberships WHERE person_id = @person_id AND business_id = @business_id;

-- name: DeleteMembershipsIn :exec
DELETE FROM memberships WHERE business_id = @business_id;

-- name: CountRole :one
SELECT count(*) FROM memberships WHERE business_id = @business_id AND role = @role;

-- name: EndSessionsOfMember :exec
DELETE FROM sessions WHERE membership_id IN (SELECT m.id FROM memberships m WHERE m.person_id = @person_id AND m.business_id = @business_id);

-- name: EndSessionsIn :exec
DELETE FROM sessions WHERE membership_id IN (SELECT m.id FROM memberships m WHERE m.business_id = @business_id);

-- name: EndSessionsOfMembership :exec
DELETE FROM sessions WHERE membership_id = @membership_id;

-- name: InsertSession :exec
INSERT INTO sessions (token_hash, id, person_id, membership_id, device_id, pending, label, created_at, seen_at, proven_at, factor_at)
VALUES (@token_hash, @id, @person_id, sqlc.narg('membership_id'), sqlc.narg('device_id'), @pending, @label, @created_at, @seen_at, @proven_at, sqlc.narg('factor_at'));

-- name: Session :one
SELECT s.id, s.person_id, s.membership_id, s.device_id, s.pending, s.label, s.created_at, s.seen_at, s.proven_at, s.factor_at,
  p.name, p.lang, p.phone, p.disabled_at, p.totp_at,
  m.business_id, m.role, m.perms, m.regions,
  (SELECT count(*) FROM memberships x WHERE x.person_id = s.person_id) AS choices,
  (SELECT count(*) FROM passkeys k WHERE k.person_id = s.person_id) AS passkeys
FROM sessions s JOIN people p ON p.id = s.person_id LEFT JOIN memberships m ON m.id = s.membership_id AND m.person_id = s.person_id
WHERE s.token_hash = @token_hash;

-- name: Sessions :many
SELECT s.id, s.token_hash, s.membership_id, s.device_id, s.label, s.created_at, s.seen_at FROM sessions s
WHERE s.person_id = @person_id AND s.pending = false ORDER BY s.id DESC LIMIT 50;

-- name: SeeSession :exec
UPDATE sessions SET seen_at = @seen_at WHERE token_hash = @token_hash AND seen_at < @seen_at;

-- name: ProveSession :exec
UPDATE sessions SET proven_at = @proven_at WHERE token_hash = @token_hash;

-- name: EndSession :execrows
DELETE FROM sessions WHERE token_hash = @token_hash;

-- name: EndSessionByID :execrows
DELETE FROM sessions WHERE id = @id AND person_id = @person_id;

-- name: EndOtherSessions :exec
DELETE FROM sessions WHERE person_id = @person_id AND token_hash <> @token_hash;

-- name: EndSessionsOfDevice :exec
DELETE FROM sessions WHERE device_id = @device_id;

-- name: SweepSessions :execrows
DELETE FROM sessions WHERE seen_at < @seen_at;

-- name: PutPIN :exec
INSERT INTO pins (membership_id, business_id, hash, tries, set_at) VALUES (@membership_id, @business_id, @hash, 0, @set_at)
ON CONFLICT (membership_id) DO UPDATE SET hash = excluded.hash, tries = 0, set_at = excluded.set_at;

-- name: PIN :one
SELECT q.membership_id, q.business_id, q.hash, q.tries, m.person_id, p.name, p.disabled_at FROM pins q
JOIN memberships m ON m.id = q.membership_id JOIN people p ON p.id = m.person_id WHERE q.membership_id = @membership_id AND q.business_id = @business_id;

-- name: TryPIN :execrows
UPDATE pins SET tries = tries + 1 WHERE membership_id = @membership_id AND business_id = @business_id AND tries < 5;

-- name: ClearTries :exec
UPDATE pins SET tries = 0 WHERE membership_id = @membership_id;

-- name: DeletePIN :exec
DELETE FROM pins WHERE membership_id = @membership_id AND business_id = @business_id;

-- name: DeletePINsIn :exec
DELETE FROM pins WHERE business_id = @business_id;

-- name: DeletePINsOf :exec
DELETE FROM pins WHERE membership_id IN (SELECT m.id FROM memberships m WHERE m.person_id = @person_id AND m.business_id = @business_id);

-- name: InsertDevice :exec
INSERT INTO devices (id, business_id, token_hash, name, created_by, created_at) VALUES (@id, @business_id, @token_hash, @name, @created_by, @created_at);

-- name: Device :one
SELECT id, business_id, name, created_at FROM devices WHERE token_hash = @token_hash;

-- name: Devices :many
SELECT id, name, created_at FROM devices WHERE business_id = @business_id ORDER BY id LIMIT 50;

-- name: DeleteDevice :execrows
DELETE FROM devices WHERE id = @id AND business_id = @business_id;

-- name: DeleteDevicesIn :exec
DELETE FROM devices WHERE business_id = @business_id;

-- name: InsertInvitation :exec
INSERT INTO invitations (id, token_hash, business_id, role, perms, regions, name, created_by, created_at, expires_at)
VALUES (@id, @token_hash, @business_id, @role, @perms, @regions, @name, @created_by, @created_at, @expires_at);

-- name: Invitation :one
SELECT id, business_id, role, perms, regions, name, created_by, expires_at, used_at FROM invitations WHERE token_hash = @token_hash;

-- name: Invitations :many
SELECT id, role, perms, name, expires_at FROM invitations WHERE business_id = @business_id AND used_at IS NULL AND expires_at > @now ORDER BY id LIMIT 100;

-- name: UseInvitation :execrows
UPDATE invitations SET used_at = @used_at WHERE id = @id AND used_at IS NULL AND expires_at > @used_at;

-- name: DeleteInvitation :execrows
DELETE FROM invitations WHERE id = @id AND business_id = @business_id AND used_at IS NULL;

-- name: DeleteInvitationsIn :exec
DELETE FROM invitations WHERE business_id = @business_id;

-- name: InsertLink :exec
INSERT INTO account_links (token_hash, purpose, person_id, mail, created_by, created_at, expires_at)
VALUES (@token_hash, @purpose, @person_id, @mail, @created_by, @created_at, @expires_at);

-- name: Link :one
SELECT token_hash, purpose, person_id, mail, created_by, expires_at, used_at FROM account_links WHERE token_hash = @token_hash AND purpose = @purpose;

-- name: UseLink :execrows
UPDATE account_links SET used_at = @used_at WHERE token_hash = @token_hash AND purpose = @purpose AND used_at IS NULL AND expires_at > @used_at;

-- name: VoidLinks :exec
DELETE FROM account_links WHERE person_id = @person_id AND purpose = @purpose AND used_at IS NULL;

-- name: SweepLinks :execrows
DELETE FROM account_links WHERE expires_at < @expires_at;

-- name: DeleteCodes :exec
DELETE FROM recovery_codes WHERE person_id = @person_id;

-- name: InsertCode :exec
INSERT INTO recovery_codes (person_id, hash) VALUES (@person_id, @hash);

-- name: UseCode :execrows
UPDATE recovery_codes SET used_at = @used_at WHERE person_id = @person_id AND hash = @hash AND used_at IS NULL;

-- name: Guess :one
SELECT failures, since, wait_until FROM guesses WHERE key = @key;

-- name: CountGuess :one
INSERT INTO guesses (key, failures, since, wait_until) VALUES (@key, 1, @now, @now)
ON CONFLICT (key) DO UPDATE SET failures = CASE WHEN guesses.since < @cutoff THEN 1 ELSE guesses.failures + 1 END,
  since = CASE WHEN guesses.since < @cutoff THEN excluded.since ELSE guesses.since END
RETURNING failures;

-- name: WaitGuess :exec
UPDATE guesses SET wait_until = @wait_until WHERE key = @key;

-- name: UncountGuess :exec
UPDATE guesses SET failures = failures - 1 WHERE key = @key AND failures > 0;

-- name: DeleteGuess :exec
DELETE FROM guesses WHERE key = @key;

-- name: SweepGuesses :execrows
DELETE FROM guesses WHERE since < @since;

-- name: InsertNotice :exec
INSERT INTO account_notices (id, person_id, kind, at) VALUES (@id, @person_id, @kind, @at);

-- name: Notices :many
SELECT id, kind, at FROM account_notices WHERE person_id = @person_id AND seen_at IS NULL ORDER BY id DESC LIMIT 20;

-- name: SeeNotices :exec
UPDATE account_notices SET seen_at = @seen_at WHERE person_id = @person_id AND seen_at IS NULL;

-- name: LatestVersion :one
SELECT version, published_at FROM legal_texts WHERE kind = @kind ORDER BY version DESC LIMIT 1;

-- name: LegalText :one
SELECT body FROM legal_texts WHERE kind = @kind AND version = @version AND lang = @lang;

-- name: InsertText :execrows
INSERT INTO legal_texts (kind, version, lang, body, published_by, published_at) VALUES (@kind, @version, @lang, @body, @published_by, @published_at)
ON CONFLICT (kind, version, lang) DO NOTHING;

-- name: Accept :exec
INSERT INTO acceptances (person_id, kind, version, channel, at) VALUES (@person_id, @kind, @version, @channel, @at)
ON CONFLICT (person_id, kind, version) DO NOTHING;

-- name: Officers :many
SELECT m.id, m.person_id, m.role, m.perms, m.regions, m.created_at, p.name, p.phone, p.mail, p.totp_at,
  (SELECT count(*) FROM passkeys k WHERE k.person_id = m.person_id) AS passkeys
FROM memberships m JOIN people p ON p.id = m.person_id
WHERE m.business_id = @business_id ORDER BY m.id LIMIT 500;

-- name: PutOfficer :execrows
UPDATE memberships SET perms = @perms, regions = @regions WHERE id = @id AND business_id = @business_id AND role = @role;

-- name: OfficeInvitations :many
SELECT id, role, perms, regions, name, expires_at FROM invitations WHERE business_id = @business_id AND used_at IS NULL AND expires_at > @now ORDER BY id LIMIT 200;

-- LockAdmins locks the memberships of all admins until the transaction ends, and counts them.
-- name: LockAdmins :execrows
UPDATE memberships SET role = 'admin' WHERE business_id = @business_id AND role = 'admin';

-- name: LinkOf :one
SELECT token_hash, created_by, created_at, expires_at FROM account_links
WHERE person_id = @person_id AND purpose = @purpose AND used_at IS NULL AND expires_at > @now ORDER BY created_at DESC LIMIT 1;

-- name: Accepted :many
SELECT kind, version FROM acceptances WHERE person_id = @person_id;

-- name: DeleteLinksOf :exec
DELETE FROM account_links WHERE person_id = @person_id;

-- name: DeleteMembershipsOfPerson :exec
DELETE FROM memberships WHERE person_id = @person_id;

-- name: DeletePINsOfPerson :exec
DELETE FROM pins WHERE membership_id IN (SELECT m.id FROM memberships m WHERE m.person_id = @person_id);

-- name: DeleteNotices :exec
DELETE FROM account_notices WHERE person_id = @person_id;

-- ClosePerson overwrites what is personal; the row stays, so that the log's ids lead somewhere.
-- name: ClosePerson :exec
UPDATE people SET name = '', phone = '', phone_proven_at = NULL, mail = '', mail_proven_at = NULL, password = '', password_tag = '',
  totp_sealed = '', totp_at = NULL, totp_step = 0, last_membership = NULL, disabled_at = @at, updated_at = @at WHERE id = @id;

-- Rights reads what a membership allows now, and whether its person may still come in.
-- name: Rights :one
SELECT m.role, m.perms, p.disabled_at FROM memberships m JOIN people p ON p.id = m.person_id
WHERE m.id = @id AND m.business_id = @business_id AND m.person_id = @person_id;

-- name: InsertPasskey :execrows
INSERT INTO passkeys (id, person_id, credential_id, credential, name, created_at)
VALUES (@id, @person_id, @credential_id, @credential, @name, @created_at) ON CONFLICT (credential_id) DO NOTHING;

-- name: Passkeys :many
SELECT id, person_id, credential_id, credential, name, created_at, used_at FROM passkeys WHERE person_id = @person_id ORDER BY id LIMIT 50;

-- name: CountPasskeys :one
SELECT count(*) FROM passkeys WHERE person_id = @person_id;

-- UsePasskey keeps the counter of a key after an answer; no row: the key is gone.
-- name: UsePasskey :execrows
UPDATE passkeys SET credential = @credential, used_at = @used_at WHERE person_id = @person_id AND credential_id = @credential_id;

-- name: DeletePasskey :execrows
DELETE FROM passkeys WHERE id = @id AND person_id = @person_id;

-- name: DeletePasskeys :exec
DELETE FROM passkeys WHERE person_id = @person_id;

-- name: InsertChallenge :exec
INSERT INTO passkey_challenges (hash, purpose, person_id, session, expires_at) VALUES (@hash, @purpose, sqlc.narg('person_id'), @session, @expires_at);

-- TakeChallenge takes a question away, so that it is answered once.
-- name: TakeChallenge :one
DELETE FROM passkey_challenges WHERE hash = @hash AND purpose = @purpose AND expires_at > @now RETURNING person_id, session;

-- name: SweepChallenges :execrows
DELETE FROM passkey_challenges WHERE expires_at < @expires_at;
