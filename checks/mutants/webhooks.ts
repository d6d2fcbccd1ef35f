import type { KillingTest, Mutant } from './mutant.ts'

const queries = 'packages/holdfast/src/effects/webhooks/queries'
const killedBy: readonly KillingTest[] = [
  {
    file: 'packages/holdfast/src/effects/webhooks/two-services.postgres.test.ts',
    name: 'two services with endpoints of one owner send, list, change and replay only their own',
  },
]

/** Mutants of webhooks. */
export const webhookMutants: readonly Mutant[] = [
  {
    name: 'webhooks: deliveries to the endpoints of every service are planned',
    file: `${queries}/plan-deliveries.ts`,
    text: 'where service = $2 and owner = message.owner',
    replacement: 'where owner = message.owner',
    killedBy,
    why: 'The messages of one service would be sent to endpoints that customers of another have added.',
  },
  {
    name: 'webhooks: endpoints of every service are listed',
    file: `${queries}/endpoints.ts`,
    text: 'service === null ? empty : sql`and service = ${service}`',
    replacement: 'service === null ? empty : empty',
    killedBy,
    why: 'A customer of one service would see the endpoints of another customer with the same name.',
  },
  {
    name: 'webhooks: an endpoint of any service is disabled',
    file: `${queries}/endpoints.ts`,
    text: 'where id = $1 and ($2::text is null or service = $2) and ($3::text is null or owner = $3)',
    replacement: 'where id = $1 and ($2::text is null or true) and ($3::text is null or owner = $3)',
    killedBy,
    why: 'A customer of one service could disable an endpoint of another.',
  },
  {
    name: 'webhooks: a delivery of any service is replayed',
    file: `${queries}/find-replay-endpoint.ts`,
    text: 'and ($2::text is null or endpoint.service = $2)',
    replacement: 'and ($2::text is null or true)',
    killedBy,
    why: 'A customer of one service could have deliveries of another sent again.',
  },
  {
    name: 'webhooks: messages of every service are pruned',
    file: `${queries}/prune-messages.ts`,
    text: 'where service = $3 and created_at',
    replacement: 'where $3::text is not null and created_at',
    killedBy,
    why: 'The shortest retention on a database would delete the deliveries of all its services.',
  },
  {
    name: 'webhooks: a replay without a notification',
    file: `${queries}/replay-deliveries.ts`,
    text: 'select id, (select count(*) from notified) as services from inserted',
    replacement: 'select id from inserted',
    killedBy: [
      {
        file: 'packages/holdfast/src/databases/assembly/admin-wakes.postgres.test.ts',
        name: 'a webhook delivery that is replayed is sent',
      },
    ],
    why: 'Replayed deliveries would be sent only at the next poll of the leader.',
  },
]
