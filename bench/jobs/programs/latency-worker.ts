import { once } from 'node:events'
import { engineNamed } from '../engine-named.ts'
import { readTask, type Task } from './task.ts'

// Reports the start time of each job to its parent, by the clock that all processes on the machine
// share.
const { engine, settings, url } = readTask<Task>()
const member = await (
  await engineNamed(engine)
).open(url, settings, (n) => {
  process.send!({ n, startedNs: String(process.hrtime.bigint()) })
})
process.send!({ n: 0, startedNs: '0' })
await once(process, 'message')
await member.stop()
process.disconnect?.()
