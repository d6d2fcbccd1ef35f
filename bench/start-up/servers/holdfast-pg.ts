import { anyone, holdfast } from 'holdfast'
import { serve } from 'holdfast/node'
import { postgres } from 'holdfast/postgres'
import { z } from 'zod'

const { query, service } = holdfast({ database: postgres() })

const hello = query({
  route: 'GET /hello',
  access: anyone('a benchmark'),
  output: z.object({ hello: z.string() }),
  run: () => ({ hello: 'world' }),
})

await serve(service({ name: 'hello', operations: { hello } }))
