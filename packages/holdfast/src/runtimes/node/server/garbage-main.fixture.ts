import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { anyone, holdfast } from 'holdfast'
import { serve } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'

// A main file with calls that must retain no memory after their responses. It reports the retained
// memory.
const { query, mutation, service } = holdfast({ database: postgres() })
const Answer = z.object({ n: z.int() })

const read = query({
  route: 'GET /read',
  access: anyone('a test'),
  output: Answer,
  async run({ db }) {
    const [row] = await db.query<z.infer<typeof Answer>>(sql`select ${1}::int as n`)
    return row!
  },
})

const write = mutation({
  route: 'POST /write',
  access: anyone('a test'),
  idempotency: { optional: 'what is tested is not what is written' },
  output: Answer,
  async run({ db }) {
    const [row] = await db.query<z.infer<typeof Answer>>(sql`select ${1}::int as n`)
    return row!
  },
})

const kept: unknown[] = []

/** A negative control: each call retains more memory than allowed. */
const leak = query({
  route: 'GET /leak',
  access: anyone('a test'),
  output: Answer,
  async run({ db }) {
    kept.push(Array.from({ length: 500 }, () => 0.5))
    const [row] = await db.query<z.infer<typeof Answer>>(sql`select ${1}::int as n`)
    return row!
  },
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options: { readonly type: 'major' | 'minor' }) => void

/**
 * Returns the number of bytes in the old generation. Collections of the young generation do not
 * free them.
 */
const old = query({
  route: 'GET /old',
  access: anyone('a test'),
  input: z.object({ after: z.enum(['major', 'minor']) }),
  output: z.object({ bytes: z.int() }),
  run({ input }) {
    // Objects that survive two collections are promoted to the old generation.
    for (let times = 0; times < 3; times += 1) collect({ type: input.after })
    const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => name.startsWith('old'))
    return { bytes: spaces.reduce((sum, { space_used_size: bytes }) => sum + bytes, 0) }
  },
})

const { url } = await serve(service({ name: 'garbage', operations: { read, write, leak, old } }))
process.send?.({ url })
