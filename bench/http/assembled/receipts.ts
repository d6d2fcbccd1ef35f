import { Queue, Worker } from 'bullmq'
import { insertReceipt, type Transfer } from '../work.ts'

const queue = 'receipts'

/** Jobs in BullMQ, which are added after their transaction. */
export interface Receipts {
  /** Adds the job of a transfer. */
  send(transfer: Transfer): Promise<unknown>
}

/** Opens the queue, and starts its worker if `WORKER` is `on`. */
export function openReceipts(env: NodeJS.ProcessEnv): Receipts {
  const connection = { host: '127.0.0.1', port: Number(env['REDIS_PORT']) }
  const receipts = new Queue<{ transfer: number }>(queue, { connection })
  if (env['WORKER'] === 'on') {
    const options = { connection: { ...connection, maxRetriesPerRequest: null } }
    new Worker<{ transfer: number }>(queue, ({ data: { transfer } }) => insertReceipt(transfer), options)
  }
  return {
    send: ({ id }) =>
      receipts.add('send', { transfer: id }, { attempts: 5, backoff: { type: 'exponential' } }),
  }
}
