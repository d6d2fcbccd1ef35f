import type { DatabaseCapability, OpenCapability } from '../../storage/capability/database-capability.ts'
import { messageMigrations } from './migrations.ts'
import { MessagesWorkerPart, type MessagesWorkerParts } from './messages-worker-part.ts'
import { registerAll } from './register-subscriptions.ts'
import { declarationsOf } from './subscription.ts'
import { publishIn } from './transaction-messages.ts'
import { warnIfUndispatched } from './warn-if-undispatched.ts'

/** The parts of an open database that messages need. */
export type MessagesHost = Omit<MessagesWorkerParts, 'onStarted'>

/** The messages of a service: publishing, consumers, subscribers and relays. */
export const messagesCapability: DatabaseCapability<MessagesHost> = {
  migrations: messageMigrations,
  effects: ({ service, waker }) => {
    const parts = { service, waker }
    return { publish: (session) => publishIn(session, parts) }
  },
  open: openMessages,
}

function openMessages(host: MessagesHost): OpenCapability {
  const { service, pools, clock, log } = host
  const watching = warnIfUndispatched({ pool: pools.own, clock, log })
  return {
    register: (background) => registerAll(service, declarationsOf(service, background), pools.write),
    workerPart: (workload) =>
      // A process with a worker dispatches messages itself.
      new MessagesWorkerPart({ ...host, onStarted: () => watching.stop() }, workload),
    close: () => watching.stop(),
  }
}
