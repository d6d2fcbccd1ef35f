import { randomInt, randomUUID } from 'node:crypto'
import { sendAtRate } from './send-at-rate.ts'

/** The answers to a flood of sign-ins. */
export interface Flood {
  /** Attempts whose password was checked, per second. */
  readonly checkedPerSecond: number
  /** Attempts that were refused with 503, per second. */
  readonly refusedPerSecond: number
}

const [, , url = '', seconds = '3'] = process.argv

// Several times the number of passwords that a core can check.
const perSecond = 200

// Each attempt comes from another address, so that the limits of attempts do not end the flood.
const answers = await sendAtRate(`${url}/auth/sign-in`, { perSecond, seconds: Number(seconds) }, () => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    'idempotency-key': randomUUID(),
    'sec-fetch-site': 'same-origin',
    'x-forwarded-for': `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`,
  },
  body: JSON.stringify({ email: `${randomUUID()}@example.com`, password: 'a password that is wrong' }),
}))
const perSecondOf = (status: number): number =>
  answers.filter((answer) => answer.status === status).length / Number(seconds)
const flood: Flood = { checkedPerSecond: perSecondOf(401), refusedPerSecond: perSecondOf(503) }
const unexpected = answers.find(({ status }) => status !== 401 && status !== 503)
if (unexpected) throw new Error(`A sign-in got ${unexpected.status}.`)
process.stdout.write(JSON.stringify(flood))
