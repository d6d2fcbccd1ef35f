import type { Migration } from '../../storage/migrations/migration.ts'

/** The tables of outgoing webhooks. */
export const webhookMigrations: readonly Migration[] = [
  {
    name: '0001-webhooks',
    sql: `
create table holdfast.webhook_endpoints (
  id uuid primary key,
  -- The order in which endpoints were added.
  seq bigint generated always as identity unique,
  -- The service that sends webhooks to the endpoint.
  service text not null,
  -- The owner. The endpoint receives only messages of this owner.
  owner text not null,
  url text not null,
  -- The events that the endpoint receives; null for all events.
  events text[],
  description text not null,
  state text not null default 'enabled' check (state in ('enabled', 'disabled')),
  -- The reason why the endpoint is disabled.
  reason text,
  -- The time of the first failure since the last successful delivery; null if the last delivery
  -- succeeded.
  failing_since timestamptz,
  created_at timestamptz not null default now()
) with (fillfactor = 85);
create index webhook_endpoints_owner on holdfast.webhook_endpoints (service, owner, seq);

-- The secrets that sign the deliveries of endpoints. They are not hashed, because a hash could not
-- be used to sign.
create table holdfast.webhook_secrets (
  endpoint_id uuid not null references holdfast.webhook_endpoints on delete cascade,
  secret text not null,
  created_at timestamptz not null default clock_timestamp(),
  -- Null until another secret replaces this one.
  valid_until timestamptz,
  primary key (endpoint_id, secret)
);

-- The bodies of webhooks. A body is stored once for all endpoints, and every attempt sends the same
-- bytes.
create table holdfast.webhook_messages (
  id uuid primary key,
  -- The service that published the message and sends the webhooks.
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
  -- pending: an attempt is running or planned. failed: there are no further attempts.
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  created_at timestamptz not null default now(),
  -- When the delivery succeeded or failed permanently.
  ended_at timestamptz,
  unique (endpoint_id, message_id)
) with (fillfactor = 85);
create index webhook_deliveries_endpoint on holdfast.webhook_deliveries (endpoint_id, seq);
create index webhook_deliveries_message on holdfast.webhook_deliveries (message_id);

-- The attempts of deliveries, including attempts that could not send anything.
create table holdfast.webhook_attempts (
  delivery_id uuid not null references holdfast.webhook_deliveries on delete cascade,
  seq bigint generated always as identity,
  attempted_at timestamptz not null,
  duration_ms integer not null,
  -- The status of the answer; null if there was no answer.
  status integer,
  -- The beginning of the answer's body.
  answer text,
  -- The reason why there was no answer.
  failure jsonb,
  primary key (delivery_id, seq)
);
`,
  },
]
