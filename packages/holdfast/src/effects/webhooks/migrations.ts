import type { Migration } from '../../storage/migrations/migration.ts'

/** The tables of outgoing webhooks. */
export const webhookMigrations: readonly Migration[] = [
  {
    name: '0001-webhooks',
    sql: `
create table holdfast.webhook_endpoints (
  id uuid primary key,
  -- The order in which they were added.
  seq bigint generated always as identity unique,
  -- The service that sends to it.
  service text not null,
  -- Whose it is: it gets what belongs to this owner, and nothing else.
  owner text not null,
  url text not null,
  -- Which events it gets; null: all.
  events text[],
  description text not null,
  state text not null default 'enabled' check (state in ('enabled', 'disabled')),
  -- Why it is disabled.
  reason text,
  -- Since when no delivery has succeeded; null where the last one has.
  failing_since timestamptz,
  created_at timestamptz not null default now()
) with (fillfactor = 85);
create index webhook_endpoints_owner on holdfast.webhook_endpoints (service, owner, seq);

-- What its deliveries are signed with. As they are: a secret that was hashed could sign nothing.
create table holdfast.webhook_secrets (
  endpoint_id uuid not null references holdfast.webhook_endpoints on delete cascade,
  secret text not null,
  created_at timestamptz not null default clock_timestamp(),
  -- Null: until another takes its place.
  valid_until timestamptz,
  primary key (endpoint_id, secret)
);

-- What is sent, once for all endpoints that get it: the same bytes each time.
create table holdfast.webhook_messages (
  id uuid primary key,
  -- The service that published it, and sends it.
  service text not null,
  event text not null,
  body text not null,
  created_at timestamptz not null default now()
);
create index webhook_messages_created_at on holdfast.webhook_messages (service, created_at);

create table holdfast.webhook_deliveries (
  id uuid primary key default gen_random_uuid(),
  seq bigint generated always as identity unique,
  endpoint_id uuid not null references holdfast.webhook_endpoints on delete cascade,
  message_id uuid not null references holdfast.webhook_messages on delete cascade,
  -- pending: it is tried, or will be. failed: it is not tried any more.
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  created_at timestamptz not null default now(),
  -- When it was delivered, or given up.
  ended_at timestamptz,
  unique (endpoint_id, message_id)
) with (fillfactor = 85);
create index webhook_deliveries_endpoint on holdfast.webhook_deliveries (endpoint_id, seq);
create index webhook_deliveries_message on holdfast.webhook_deliveries (message_id);

-- Each time that something was sent, or could not be.
create table holdfast.webhook_attempts (
  delivery_id uuid not null references holdfast.webhook_deliveries on delete cascade,
  seq bigint generated always as identity,
  attempted_at timestamptz not null,
  duration_ms integer not null,
  -- That of the answer; null where there was none.
  status integer,
  -- The beginning of its body.
  answer text,
  -- Why there was no answer.
  failure jsonb,
  primary key (delivery_id, seq)
);
`,
  },
]
