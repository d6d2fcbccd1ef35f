import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'
const locks = `${src}/effects/messages/subscription-locks.postgres.test.ts`
const wakes = `${src}/databases/assembly/admin-wakes.postgres.test.ts`

/**
 * Mutants of the statements and code that assign positions to messages and pass them to their
 * readers.
 */
export const messageMutants: readonly Mutant[] = [
  {
    name: 'consumers: rows are not locked',
    file: `${src}/effects/messages/queries/subscriptions.ts`,
    text: `      order by name
      for update skip locked`,
    replacement: '      order by name',
    killedBy: [{ file: locks, name: 'consumers that another process advances are skipped' }],
    why: 'Two processes would enqueue the job of a consumer twice for one message.',
  },
  {
    name: 'consumers: waits for rows that are locked',
    file: `${src}/effects/messages/queries/subscriptions.ts`,
    text: `      order by name
      for update skip locked`,
    replacement: `      order by name
      for update`,
    killedBy: [{ file: locks, name: 'consumers that another process advances are skipped' }],
    why: 'Processes would wait for one another, and hold connections for nothing.',
  },
  {
    name: 'subscriptions: advanced from any position',
    file: `${src}/effects/messages/queries/subscriptions.ts`,
    text: 'and kind = $4 and position = $5`',
    replacement: 'and kind = $4 and $5::bigint is not null`',
    killedBy: [
      {
        file: `${src}/effects/messages/relays/relays.postgres.test.ts`,
        name: 'a relay that is moved while it sends continues at its new position',
      },
      { file: locks, name: 'a subscription that was moved during a pass stays at its new position' },
    ],
    why: 'A subscription that an operator rewinds during a pass would jump to its old position, and its messages would not be sent again.',
  },
  {
    name: 'consumers: moved back',
    file: `${src}/effects/messages/queries/subscriptions.ts`,
    text: 'and name = any ($2) and position < $3`',
    replacement: 'and name = any ($2)`',
    killedBy: [{ file: locks, name: 'a consumer is not moved back' }],
    why: 'A consumer that is ahead of the others would read messages twice.',
  },
  {
    name: 'positions: assigned by several processes at once',
    file: `${src}/effects/messages/queries/dispatch.ts`,
    text: "select pg_try_advisory_xact_lock(hashtextextended('holdfast dispatch', 0)) as is_locked",
    replacement: 'select true as is_locked',
    killedBy: [{ file: locks, name: 'one transaction at a time gives positions' }],
    why: 'A reader would see a position before an earlier one is committed, and lose that message.',
  },
  {
    name: 'subscriptions: advanced by several processes at once',
    file: `${src}/effects/messages/queries/subscriptions.ts`,
    text: `      select pg_try_advisory_xact_lock(
        hashtextextended('holdfast subscription ' || $1 || ' ' || $2 || ' ' || $3, 0)
      ) as is_locked`,
    replacement: `      select $1::text || $2::text || $3::text is not null as is_locked`,
    killedBy: [{ file: locks, name: 'one transaction at a time advances a subscription' }],
    why: 'Two processes would send the same messages at once, out of their order.',
  },
  {
    name: 'positions: not repaired',
    file: `${src}/effects/messages/queries/subscriptions.ts`,
    text: 'where used.position > positions.last_value',
    replacement: 'where used.position > positions.last_value and false',
    killedBy: [
      {
        file: `${src}/effects/messages/subscriptions.postgres.test.ts`,
        name: 'a sequence that was restored from an earlier time is moved after every position when a service starts',
      },
    ],
    why: 'After a restore, new messages would get positions that every subscription has already passed.',
  },
  {
    name: 'positions: repaired by messages alone',
    file: `${src}/effects/messages/queries/subscriptions.ts`,
    text: '(select max(position) from holdfast.subscriptions)\n',
    replacement: '0\n',
    killedBy: [
      {
        file: `${src}/effects/messages/subscriptions.postgres.test.ts`,
        name: 'a sequence that was restored from an earlier time is moved after every position when a service starts',
      },
    ],
    why: 'After a restore of a pruned log, new messages would be skipped.',
  },
  {
    name: 'dead letters: none is stored',
    file: `${src}/effects/messages/queries/dead-messages.ts`,
    text: 'from unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) as dead (id, event, key, failure)',
    replacement:
      'from unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) as dead (id, event, key, failure) where false',
    killedBy: [
      {
        file: `${src}/effects/messages/dispatcher.postgres.test.ts`,
        name: 'a failed message becomes a dead letter, and blocks no other message or subscriber',
      },
    ],
    why: 'A message that fails would be lost without a trace.',
  },
  {
    name: 'dead letters: a redriven one that fails again stays redriven',
    file: `${src}/effects/messages/queries/dead-messages.ts`,
    text: 'failure = excluded.failure, is_redriven = false, died_at',
    replacement: 'failure = excluded.failure, died_at',
    killedBy: [{ file: locks, name: 'a dead letter that fails again is no longer redriven' }],
    why: 'A message that always fails would be handled again and again.',
  },
  {
    name: 'inbox: a consumed message is consumed again',
    file: `${src}/effects/messages/queries/consume.ts`,
    text: 'on conflict do nothing',
    replacement: 'on conflict (service, consumer, message_id) do update set message_id = excluded.message_id',
    killedBy: [
      {
        file: `${src}/effects/messages/consumer.postgres.test.ts`,
        name: 'a message that is dispatched again has no second effect, for each consumer',
      },
    ],
    why: 'A message that is dispatched twice would have its effect twice.',
  },
  {
    name: 'publishing: keys are not locked',
    file: `${src}/effects/messages/queries/insert-messages.ts`,
    text: "select pg_advisory_xact_lock(hashtextextended('holdfast messages', 0) # bucket) from (",
    replacement: 'select bucket from (',
    killedBy: [
      {
        file: `${src}/effects/messages/publish.postgres.test.ts`,
        name: 'messages of a key are in commit order, no matter which transaction began or published first',
      },
    ],
    why: 'The messages of a key would not be numbered in the order of their commits.',
  },
  {
    name: 'admin: a subscription is moved without a notification',
    file: `${src}/effects/messages/subscriptions-admin.ts`,
    text: `await runStatement(within, notify([{ kind: 'messages', service: publisher, names }]))`,
    replacement: 'void names, publisher',
    killedBy: [{ file: wakes, name: 'a relay that is moved back sends again' }],
    why: 'Running processes would read the messages again only at their next poll.',
  },
  {
    name: 'admin: messages are redriven without a notification',
    file: `${src}/effects/messages/messages-admin.ts`,
    text: 'if (wakes.length > 0) await runStatement(within, notify(wakes))',
    replacement: 'void notify(wakes)',
    killedBy: [{ file: wakes, name: 'a dead letter that is redriven is handled' }],
    why: 'Running processes would handle the dead letters only at their next poll.',
  },
]
