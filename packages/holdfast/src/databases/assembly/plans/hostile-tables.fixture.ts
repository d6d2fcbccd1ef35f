import type pg from 'pg'

/*
 * Fills the tables of the framework with one of two populations. The statistics of one are wrong
 * for the other:
 *
 *   quiet: almost no row runs, waits, is new or has expired
 *   busy:  almost every row runs, waits, is new or has expired
 *
 * In both populations, the jobs with the ids 1 to 10 are running. A few of the rows after them have
 * the states that are common in the other population.
 */

/** The number of rows of a large table. */
export const hostileSize = 5_000

/** A population of the tables. */
export type Population = 'quiet' | 'busy'

/** Tables that have only a few rows in production too: one per process, name, event or leaf. */
export const smallTables: ReadonlySet<string> = new Set([
  'idempotency_ring',
  'job_heartbeats',
  'job_names',
  'job_pauses',
  'job_schedules',
  'job_workers',
  'message_positions',
  'secrets',
  'service_leaders',
  'subscriptions',
  'trail_anchors',
  'trail_heads',
  // The test fills the first leaf only.
  ...Array.from({ length: 7 }, (_, leaf) => [
    `idempotency_keys_${leaf + 1}`,
    `idempotency_subjects_${leaf + 1}`,
  ]).flat(),
])

const largeTables = [
  'api_keys',
  'account_tokens',
  'accounts',
  'authenticators',
  'passkeys',
  'pending_sign_ins',
  'recovery_codes',
  'begun_sign_ins',
  'dead_messages',
  'ended_jobs',
  'erasures',
  'idempotency_keys_0',
  'idempotency_subjects_0',
  'inbox',
  'job_limits',
  'job_steps',
  'job_waits',
  'jobs',
  'linked_identities',
  'messages',
  'sessions',
  'sign_in_failures',
  'subjects',
  'unverified_identities',
  'used_ids',
  'webhook_attempts',
  'webhook_deliveries',
  'webhook_endpoints',
  'webhook_messages',
  'webhook_secrets',
]

/** Keeps autovacuum from correcting the statistics. */
export async function stopAutovacuum(client: pg.Client): Promise<void> {
  for (const table of largeTables)
    await client.query(`alter table holdfast.${table} set (autovacuum_enabled = false)`)
  // The trail refuses TRUNCATE, and only its partitions have settings.
  await client.query(`
    do $$ declare part regclass; begin
      for part in select inhrelid from pg_inherits where inhparent = 'holdfast.trail'::regclass loop
        execute format('alter table %s set (autovacuum_enabled = false)', part);
        execute format('alter table %s disable trigger user', part);
      end loop;
      alter table holdfast.trail disable trigger user;
    end $$`)
}

/** Deletes all rows, but keeps the statistics of their columns. */
export async function emptyTables(client: pg.Client): Promise<void> {
  const tables = [...largeTables, 'trail', 'job_workers', 'job_heartbeats', 'subscriptions']
  await client.query(`truncate ${tables.map((table) => `holdfast.${table}`).join(', ')} cascade`)
}

/** Inserts the rows `from` to `to` of a population. */
export async function fillTables(
  client: pg.Client,
  population: Population,
  [from, to]: readonly [number, number],
): Promise<void> {
  await client.query(
    `select set_config('test.busy', $1, false), set_config('test.from', $2, false), set_config('test.to', $3, false)`,
    [String(population === 'busy'), String(from), String(to)],
  )
  await client.query(`
    create or replace view pg_temp.rows as
    select n, md5(n::text)::uuid as id, is_busy, n <= 10 or is_busy and n % 25 <> 0 as runs, is_busy or n between 3901 and 3960 as moves,
      case when n <= 4000 then 'plans' else 'other' end as service
    from generate_series(current_setting('test.from')::int, current_setting('test.to')::int) as n,
      (select current_setting('test.busy')::boolean as is_busy) as population;
    ${inserts}`)
}

const inserts = `
    insert into holdfast.job_workers (id, service, host, pid)
    select md5('worker ' || n)::uuid, 'plans', 'host', n from pg_temp.rows where n <= 20 on conflict do nothing;
    insert into holdfast.job_heartbeats (worker) select md5('worker ' || n)::uuid from pg_temp.rows where n <= 20;
    insert into holdfast.subscriptions (service, kind, name, publisher, position)
    select 'plans', kind, kind, 'plans', case when is_busy then 0 else n end
    from pg_temp.rows, unnest(array['consumer', 'subscriber', 'relay']) as kind
    where n = 10 on conflict do nothing;

    insert into holdfast.jobs (
      id, service, name, input, state, run_at, claim, worker, claimed_at, unique_key, holds_key, limit_key, has_slot, is_cancelled
    )
    select id, service, 'work', '{}',
      case when runs then 'running'
        when moves then (array['ready', 'limited', 'blocked', 'scheduled', 'waiting'])[n / case when is_busy then 25 else 1 end % 5 + 1]
        else 'scheduled' end,
      case when moves then now() else now() + interval '1 day' end,
      case n when 10 then 2 else 1 end, case when runs then md5('worker ' || (n % 20 + 1))::uuid end, case when runs then now() end,
      'u' || n, true, 'k' || n % 500, runs, n = 1
    from pg_temp.rows;
    insert into holdfast.ended_jobs (
      id, service, name, seq, input, state, priority, run_at, claim, failures, snoozes, unique_key, keeps_key, is_cancelled,
      enqueued_at, expires_at
    )
    select md5('ended ' || n)::uuid, service, 'work', n, '{}',
      case when moves then 'dead' else 'succeeded' end, 0, now(), 1, 0, 0, 'u' || n, false, false, now(),
      now() + interval '1 day' * case when moves then -1 else 1 end
    from pg_temp.rows;
    insert into holdfast.job_steps (job_id, name, is_done) select id, 'a', true from pg_temp.rows;
    insert into holdfast.job_waits (job_id, step, publisher, event, key)
    select id, 'a', service, 'paid', 'k' || n from pg_temp.rows;
    insert into holdfast.job_limits (service, name, kind, key, slots)
    select service, 'work', 'concurrency', 'k' || n, case when is_busy then 1 else 0 end from pg_temp.rows;

    insert into holdfast.messages (id, service, event, key, payload, published_at, position)
    select id, service, 'paid', 'k' || n, '{}', now() - case when moves then interval '90 days' else interval '0' end,
      case when n % 25 = 0 or not moves then n end
    from pg_temp.rows;
    insert into holdfast.inbox (service, consumer, message_id) select service, 'consumer', id from pg_temp.rows;
    insert into holdfast.dead_messages (service, subscriber, message_id, event, key, failure, is_redriven)
    select service, 'subscriber', id, 'paid', 'k' || n, '{}', moves from pg_temp.rows;

    insert into holdfast.webhook_endpoints (id, service, owner, url, description, state, failing_since)
    select id, service, 'o' || n % 500, 'https://a.test', '', case when is_busy and n > 10 then 'disabled' else 'enabled' end,
      case when is_busy and n > 10 then now() end
    from pg_temp.rows;
    insert into holdfast.webhook_secrets (endpoint_id, secret) select id, 's' from pg_temp.rows;
    insert into holdfast.webhook_messages (id, service, event, body, created_at)
    select id, service, 'paid', '{}', now() - case when moves then interval '90 days' else interval '0' end from pg_temp.rows;
    insert into holdfast.webhook_deliveries (id, endpoint_id, message_id, state)
    select id, id, id, case when moves then 'pending' else 'delivered' end from pg_temp.rows;
    insert into holdfast.webhook_attempts (delivery_id, attempted_at, duration_ms) select id, now(), 1 from pg_temp.rows;

    insert into holdfast.sessions (id, service, token_hash, account, expires_at)
    select id, service, sha256(id::text::bytea), 'a' || n % 500,
      now() + case when moves then interval '-1 day' else interval '30 days' end
    from pg_temp.rows;
    insert into holdfast.api_keys (id, service, hash, start, kind, caller, name, scopes)
    select id, service, sha256(id::text::bytea), 'hf_live_', 'service', 'a' || n % 500, '', '{}'
    from pg_temp.rows;
    insert into holdfast.used_ids (id, expires_at)
    select sha256(id::text::bytea), now() + case when moves then interval '-1 day' else interval '1 minute' end
    from pg_temp.rows;
    insert into holdfast.accounts (id, service, email, email_key, password_hash)
    select id, service, 'a' || n, 'a' || n, 'h' from pg_temp.rows;
    insert into holdfast.linked_identities (id, service, account_id, provider, issuer, subject)
    select id, service, id, 'p', 'https://a.test', 's' || n from pg_temp.rows;
    insert into holdfast.begun_sign_ins (state_hash, browser_hash, service, provider, return_to,
      link_session, link_account, reauthenticates, expires_at)
    select sha256(id::text::bytea), sha256(id::text::bytea), service, 'p', '/', id, id, false,
      now() + case when moves then interval '-1 day' else interval '10 minutes' end
    from pg_temp.rows;
    insert into holdfast.unverified_identities (id, service, provider, issuer, subject, email, email_key,
      token_hash, mailed_at, expires_at)
    select id, service, 'p', 'https://a.test', 's' || n, 'a' || n, 'a' || n, sha256(id::text::bytea), now(),
      now() + case when moves then interval '-1 day' else interval '1 day' end
    from pg_temp.rows;
    insert into holdfast.account_tokens (token_hash, account_id, purpose, job_id, created_at, expires_at)
    select sha256(id::text::bytea), id, 'reset', id, now(),
      now() + case when moves then interval '-1 day' else interval '30 minutes' end
    from pg_temp.rows;
    insert into holdfast.passkeys (id, account_id, service, credential_id, public_key, counter, transports, name, backed_up)
    select id, id, service, 'c' || n, '', 0, '{}', '', false from pg_temp.rows;
    insert into holdfast.authenticators (account_id, sealed_secret, confirmed_at)
    select id, '', now() from pg_temp.rows;
    insert into holdfast.recovery_codes (account_id, code_hash) select id, sha256(id::text::bytea) from pg_temp.rows;
    insert into holdfast.pending_sign_ins (token_hash, account_id, expires_at)
    select sha256(id::text::bytea), id, now() + case when moves then interval '-1 day' else interval '5 minutes' end
    from pg_temp.rows;
    insert into holdfast.sign_in_failures (id, ends_at)
    select sha256(id::text::bytea), now() + case when moves then interval '-1 day' else interval '15 minutes' end
    from pg_temp.rows;
    insert into holdfast.trail (id, service, at, operation, caller_kind, request_id, status, position, hash)
    select id, service, date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' + interval '1 second' * n,
      'ship', 'user', 'r', 200, case when not moves then n end, case when not moves then ''::bytea end
    from pg_temp.rows;
    insert into holdfast.subjects (subject, service, kind, id)
    select case when n <= 10 then md5('subject')::uuid else gen_random_uuid() end, service, kind, id
    from pg_temp.rows, unnest(array['job', 'message', 'webhook']) as kind;
    insert into holdfast.erasures (id, service, subject) select id, service, id from pg_temp.rows;
    insert into holdfast.idempotency_keys_0 (id, service, scope, key, fingerprint, status, headers)
    select id, service, '', n::text, '1', 200, '{}' from pg_temp.rows;
    insert into holdfast.idempotency_subjects_0 (subject, service, id)
    select case when n <= 10 then md5('subject')::uuid else gen_random_uuid() end, service, id from pg_temp.rows;`
