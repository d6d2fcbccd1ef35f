import { anyone, holdfast } from 'holdfast'
import { z } from 'zod'

const { query, service } = holdfast()

/** A service whose responses take the requested number of milliseconds. */
export const longService = service({
  name: 'long',
  operations: {
    wait: query({
      route: 'GET /wait',
      access: anyone('a test'),
      input: z.object({ ms: z.int() }),
      output: z.object({ waited: z.int() }),
      deadline: '1m',
      async run({ input, log }) {
        log.info('waiting')
        await new Promise((resolve) => setTimeout(resolve, input.ms))
        return { waited: input.ms }
      },
    }),
  },
})
