import { workerData } from 'node:worker_threads'
import { DriverClient } from '../../../storage/postgres/session/driver-client.ts'

// Sets a flag once more heartbeats have reached the database. Runs in a separate thread, since the
// waiting thread is blocked.
const { url, flag } = workerData as { readonly url: string; readonly flag: Int32Array }
const further = 2
const client = new DriverClient({ connectionString: url })
await client.connect()
const seen = new Set<string>()
while (seen.size <= further) {
  const { rows } = await client.query<{ at: string }>('select at::text as at from holdfast.job_heartbeats')
  for (const { at } of rows) seen.add(at)
}
await client.end()
Atomics.store(flag, 0, 1)
Atomics.notify(flag, 0)
