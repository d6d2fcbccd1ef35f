import { serve } from 'holdfast/node'
import { longService } from './long-service.fixture.ts'

// A main file, for tests that end its process.
const graceMs = Number(process.env['GRACE_MS'] ?? 10_000)
const { url } = await serve(longService, { graceMs })
process.send?.({ url })

if (process.env['KEEP_ALIVE']) setInterval(() => {}, 1_000)
process.on('message', (message) => {
  if (message === 'throw') throw new TypeError('nobody catches this')
  if (message === 'reject') void Promise.reject(new TypeError('nobody handles this'))
})
process.channel?.unref()
