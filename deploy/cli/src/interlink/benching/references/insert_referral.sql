-- What accepting one file writes, with the same indexes, in one transaction: one statement a table.
-- Run by `interlink bench` with pgbench -M prepared. Given with -D: n=0, tenant, suspects, and lengths in bytes, measured
-- from a file that intake accepted in the same run. Ids rise per client, as UUIDv7 do.
\set n :n + 1
BEGIN;
INSERT INTO intake.referral (id, tenant, number, reference, format, version, key_id, testmode, state, published_to,
                             received_at, updated_at)
VALUES (format('%s-0000-7000-8000-%s', lpad(to_hex(:client_id::int), 8, '0'), lpad(to_hex(:n::bigint), 12, '0'))::uuid,
        :tenant::text, format('IL-2026-%s-%s', :client_id::int, :n::bigint),
        format('BENCH-%s-%s', :client_id::int, :n::bigint), 'native', 1, gen_random_uuid(), true, 'accepted', 0,
        now(), now());
INSERT INTO intake.referral_version (referral_id, version, tenant, received_at, media_type, body_sha256,
                                     content_sha256, size, frame, receipt)
VALUES (format('%s-0000-7000-8000-%s', lpad(to_hex(:client_id::int), 8, '0'), lpad(to_hex(:n::bigint), 12, '0'))::uuid,
        1, :tenant::text, now(), 'application/json', repeat('x', 32)::bytea, repeat('x', 32)::bytea, 1,
        to_jsonb(repeat('x', :frame_bytes::int)), repeat('x', :receipt_bytes::int)::bytea);
INSERT INTO intake.payload (referral_id, version, chunk, tenant, nonce, data)
VALUES (format('%s-0000-7000-8000-%s', lpad(to_hex(:client_id::int), 8, '0'), lpad(to_hex(:n::bigint), 12, '0'))::uuid,
        1, 0, :tenant::text, repeat('x', 12)::bytea, repeat('x', :payload_bytes::int)::bytea);
INSERT INTO intake.entry (id, tenant, referral_id, position, version, kind, role, state, review, naming,
                          reference_key, digest, fingerprints, label_nonce, label_data, parts, grade, priority,
                          factors, handling)
SELECT format('%s-0001-7000-8000-%s', lpad(to_hex(:client_id::int), 8, '0'),
              lpad(to_hex(:n::bigint * 4096 + i), 12, '0'))::uuid,
       :tenant::text,
       format('%s-0000-7000-8000-%s', lpad(to_hex(:client_id::int), 8, '0'), lpad(to_hex(:n::bigint), 12, '0'))::uuid,
       i, 1, 'suspect', 'suspect', 'current', false, 'reference', repeat('x', 32)::bytea, repeat('x', 32)::bytea,
       repeat('x', :fingerprints_bytes::int)::bytea, repeat('x', 12)::bytea, repeat('x', 32)::bytea, 1, 'A', 'P3',
       ARRAY['evidence.standard=P3'], 'H1/AMBER'
FROM generate_series(1, :suspects::int) AS i;
INSERT INTO intake.entry_part (entry_id, version, part, tenant, nonce, data)
SELECT format('%s-0001-7000-8000-%s', lpad(to_hex(:client_id::int), 8, '0'),
              lpad(to_hex(:n::bigint * 4096 + i), 12, '0'))::uuid,
       1, 1, :tenant::text, repeat('x', 12)::bytea, repeat('x', :part_bytes::int)::bytea
FROM generate_series(1, :suspects::int) AS i;
INSERT INTO intake.idempotency (tenant, key, body_sha256, referral_id, version, created_at)
VALUES (:tenant::text, format('key-%s-%s', :client_id::int, :n::bigint), repeat('x', 32)::bytea,
        format('%s-0000-7000-8000-%s', lpad(to_hex(:client_id::int), 8, '0'),
               lpad(to_hex(:n::bigint), 12, '0'))::uuid, 1, now());
INSERT INTO intake.event_sequence (topic, subject, last)
SELECT 'interlink.suspects', format('%s-0001-7000-8000-%s', lpad(to_hex(:client_id::int), 8, '0'),
                                    lpad(to_hex(:n::bigint * 4096 + i), 12, '0')), 1
FROM generate_series(0, :suspects::int) AS i;
INSERT INTO intake.outbox (shard, topic, key, headers, payload)
SELECT i % 16, 'interlink.suspects', repeat('x', 36)::bytea, repeat('x', :headers_bytes::int)::bytea,
       repeat('x', :event_bytes::int)::bytea
FROM generate_series(0, :suspects::int) AS i;
INSERT INTO intake.audit_entry (at, actor, client, tenant, action, subject, detail)
VALUES (now(), 'bureau-nl', 'bureau-nl', :tenant::text, 'referral.received',
        format('%s-%s', :client_id::int, :n::bigint), '{}');
COMMIT;
