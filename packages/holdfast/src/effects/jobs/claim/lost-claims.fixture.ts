import { createLogger, holdfast, systemClock } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { z } from 'zod'

const { job, service } = holdfast({ database: postgres() })

// In a child process, the jobs hang or kill the process. In the test's own process, they do
// nothing.
let isChild = false

const hang = job({
  name: 'hang',
  input: z.object({ n: z.int() }),
  retry: { attempts: 1 },
  async run({ input: { n } }) {
    if (!isChild) return
    process.send!({ began: n })
    await new Promise<void>(() => {})
  },
})

const kill = job({
  name: 'kill',
  input: z.object({ n: z.int() }),
  retry: { attempts: 2 },
  run() {
    process.send!({ began: 0 }, () => process.kill(process.pid, 'SIGKILL'))
    // Blocks the event loop, so that the delayed marking of started jobs cannot run.
    for (const endMs = performance.now() + 30; performance.now() < endMs;);
  },
})

/** A service whose jobs kill their worker. */
export const losing = service({ name: 'losing', operations: {}, jobs: [hang, kill] })

/** Runs these jobs in this process, ten per name at a time, until the process is killed. */
export async function startLosingWorker(): Promise<void> {
  isChild = true
  const running = await losing.start({
    env: process.env,
    mode: 'test',
    clock: systemClock,
    notify: () => {},
    log: createLogger({ level: 'error', write: (line) => console.error(line) }),
  })
  // One slot is reserved for jobs with the other name.
  await running.startWorker({ concurrency: 11 })
}
