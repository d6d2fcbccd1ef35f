import { anyone, createLogger, holdfast, systemClock } from 'holdfast'
import { z } from 'zod'

const { query, service } = holdfast()

const greet = query({
  route: 'GET /greetings/{name}',
  access: anyone(),
  input: z.object({ name: z.string().max(20) }),
  output: z.object({ greeting: z.string() }),
  run: ({ input }) => ({ greeting: `Hello ${input.name}` }),
})

const running = await service({ name: 'consumer', operations: { greet } }).start({
  env: {},
  mode: 'production',
  clock: systemClock,
  log: createLogger({ level: 'error', write: (line) => console.error(line) }),
  notify: console.error,
})
const answer = await running.call({
  operation: 'greet',
  input: { path: { name: 'world' }, query: {}, body: undefined },
  header: () => undefined,
})
console.log(answer.body)
await running.stop()
