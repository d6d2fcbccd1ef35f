import { holdfast, schedule } from 'holdfast'
import { serve } from 'holdfast/node'
import { postgres } from 'holdfast/postgres'
import { z } from 'zod'

// A service with every kind of work that depends on the leader.
const { job, service } = holdfast({ database: postgres() })
const input = z.object({})

const due = job({ name: 'due', input, run: () => {} })
const limited = job({ name: 'limited', input, concurrency: { limit: 1 }, run: () => {} })
const ticking = job({ name: 'ticking', input, run: () => {} })
const held = job({
  name: 'held',
  input: z.object({ first: z.boolean().optional() }),
  retry: { attempts: 5, initialDelay: '10ms' },
  // The first attempt runs in the killed process, and never ends.
  run: ({ attempt }) => (attempt === 1 ? new Promise<void>(() => {}) : undefined),
})
const everyMinute = schedule({
  name: 'every-minute',
  cron: '* * * * *',
  job: ticking,
  missed: 'once',
  input: () => ({}),
})

await serve(
  service({
    name: 'led',
    operations: {},
    jobs: [due, limited, ticking, held],
    schedules: [everyMinute],
  }),
  { telemetry: false, documentation: false },
)
