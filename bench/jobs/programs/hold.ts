import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { engineNamed } from '../engine-named.ts'
import { readTask, type Task } from './task.ts'

/**
 * A task that runs until it is stopped. Its jobs wait until they are released, then write their
 * rows and end.
 */
export interface HoldTask extends Task {
  /** The name of the process in the table `holders`. */
  readonly holder: string
}

const { engine, settings, url, holder } = readTask<HoldTask>()
const client = new pg.Client({ connectionString: url })
await client.connect()
const member = await (
  await engineNamed(engine)
).open(url, settings, async (_, write) => {
  await client.query('update holders set has_begun = true where name = $1', [holder])
  while (await isHeld()) await sleep(10)
  await write()
})
await client.query('insert into holders (name) values ($1)', [holder])
process.once('SIGTERM', () => void stop())

async function stop(): Promise<void> {
  await member.stop()
  await client.end()
}

async function isHeld(): Promise<boolean> {
  const { rowCount } = await client.query('select from holders where name = $1 and is_held', [holder])
  return rowCount === 1
}
