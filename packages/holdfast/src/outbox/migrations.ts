import type { Migration } from '../migrate/migration.ts'

/** The tables of messages. */
export const outboxMigrations: readonly Migration[] = [
  {
    name: '0001-messages',
    sql: `
create table holdfast.messages (
  id uuid primary key,
  -- Given while the key is locked until the commit: among the messages of a key, it is the order of their commits.
  seq bigint generated always as identity,
  event text not null,
  key text not null,
  payload json not null,
  traceparent text,
  published_at timestamptz not null default clock_timestamp(),
  -- Given by the dispatcher when all who hear of messages have heard of it; those who read on from a position miss none.
  position bigint unique
) with (fillfactor = 90);

create index messages_new on holdfast.messages (seq) where position is null;
create index messages_key on holdfast.messages (event, key, seq);

create sequence holdfast.message_positions;

-- Up to which position relays have sent messages on.
create table holdfast.relays (
  name text primary key,
  position bigint not null,
  sent_at timestamptz,
  failure jsonb
);

-- What consumers have consumed.
create table holdfast.inbox (
  consumer text not null,
  message_id uuid not null,
  consumed_at timestamptz not null default now(),
  primary key (consumer, message_id)
);
create index inbox_consumed_at on holdfast.inbox using brin (consumed_at) with (autosummarize = on);
`,
  },
]
