import { setTimeout as sleep } from 'node:timers/promises'
import { sendAtRate } from './send-at-rate.ts'

/** The response times of a probe. */
export interface Probe {
  readonly p50Ms: number
  readonly p99Ms: number
  /** Number of answers other than 200. */
  readonly failed: number
}

const [, , url = '', seconds = '3'] = process.argv

// The flood has filled the queue of passwords by then.
await sleep(1_000)
const answers = await sendAtRate(
  `${url}/accounts/1`,
  { perSecond: 200, seconds: Number(seconds) },
  () => ({}),
)
const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b)
const at = (share: number): number => times[Math.floor(times.length * share)]!
const failed = answers.filter(({ status }) => status !== 200).length
const probe: Probe = { p50Ms: at(0.5), p99Ms: at(0.99), failed }
process.stdout.write(JSON.stringify(probe))
