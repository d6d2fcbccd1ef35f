import type { Migration } from '../../storage/migrations/migration.ts'

/** The tables of messages. */
export const messageMigrations: readonly Migration[] = [
  {
    name: '0001-messages',
    sql: `
create table holdfast.messages (
  id uuid primary key,
  -- Assigned while the key is locked until the commit. So the numbers of one key follow the order
  -- of its commits.
  seq bigint generated always as identity,
  -- The service that published the message.
  service text not null,
  event text not null,
  key text not null,
  payload json not null,
  traceparent text,
  -- The tenant of the transaction that published the message. Its consumers run as this tenant.
  tenant text default nullif(current_setting('holdfast.tenant', true), ''),
  published_at timestamptz not null default clock_timestamp(),
  -- Assigned by the dispatcher after the commit, so a subscription that reads in the order of
  -- positions misses no message.
  position bigint unique
) with (fillfactor = 90);

create index messages_new on holdfast.messages (seq) where position is null;
create index messages_key on holdfast.messages (event, key, seq);

create sequence holdfast.message_positions;

-- The consumers, subscribers and relays of all services, each with the position up to which it has
-- read.
create table holdfast.subscriptions (
  service text not null,
  kind text not null check (kind in ('consumer', 'subscriber', 'relay')),
  name text not null,
  -- The service whose messages the subscription reads.
  publisher text not null,
  -- The events that the subscription reads; null for all events.
  events text[],
  position bigint not null,
  -- When the subscription last handled a message.
  handled_at timestamptz,
  -- When a process that runs the subscription was last seen.
  seen_at timestamptz not null default now(),
  failure jsonb,
  primary key (service, kind, name)
) with (fillfactor = 50);

-- The dead letters: messages that failed permanently for a subscriber.
create table holdfast.dead_messages (
  service text not null,
  subscriber text not null,
  message_id uuid not null,
  event text not null,
  key text not null,
  failure jsonb not null,
  -- True if the subscriber has to handle the message again.
  is_redriven boolean not null default false,
  died_at timestamptz not null default now(),
  primary key (service, subscriber, message_id)
);
create index dead_messages_redriven on holdfast.dead_messages (service, subscriber, message_id) where is_redriven;

-- The messages that consumers have consumed. The ids are UUIDv7, so the oldest messages of a
-- consumer come first.
create table holdfast.inbox (
  service text not null,
  consumer text not null,
  message_id uuid not null,
  consumed_at timestamptz not null default now(),
  primary key (service, consumer, message_id)
);
`,
  },
]
