import { randomUUIDv7 } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { Observation, ObservedAnswer } from './observation.ts'

// The clients of a storm, in a separate process. Each request is sent as several concurrent
// duplicates, and each duplicate is repeated until its response is final. When the clients are
// stopped, they write all responses to a file.
interface Plan {
  readonly urls: readonly string[]
  /** The number of keys in flight at once. */
  readonly concurrency: number
  readonly duplicates: number
  readonly authorization: string
  /** The file to write the observations to. */
  readonly file: string
}

const plan = JSON.parse(process.env['STORM_CLIENTS']!) as Plan
const accountCount = 8
const openingBalance = 20_000
const observations: Observation[] = []
let requests = 0
let finished = 0
let isEnding = false

function post(
  url: string,
  path: string,
  { key, body }: { readonly key: string; readonly body: object },
): Promise<Response> {
  requests += 1
  return fetch(url + path, {
    method: 'POST',
    headers: {
      authorization: plan.authorization,
      'content-type': 'application/json',
      'idempotency-key': `"${key}"`,
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  })
}

async function openAccounts(): Promise<readonly string[]> {
  const ids: string[] = []
  for (let index = 0; index < accountCount; index += 1) {
    const url = plan.urls[0]!
    const body = { name: `Account ${index}`, currency: index % 2 === 0 ? 'EUR' : 'USD' }
    const account = await post(url, '/accounts', { key: randomUUIDv7(), body })
    const { id } = (await account.json()) as { id: string }
    await post(url, '/deposits', { key: randomUUIDv7(), body: { account: id, amount: openingBalance } })
    ids.push(id)
  }
  return ids
}

/** Sends one of the duplicates repeatedly, to any server, until the response is final. */
async function sendUntilFinal(
  path: string,
  request: { readonly key: string; readonly body: object },
): Promise<ObservedAnswer> {
  for (;;) {
    const url = plan.urls[Math.floor(Math.random() * plan.urls.length)]!
    try {
      const answer = await post(url, path, request)
      const body = await answer.text()
      if (isFinal(answer.status, body))
        return {
          status: answer.status,
          body,
          isReplay: answer.headers.get('idempotency-replayed') === 'true',
        }
    } catch {
      // The server was killed, or has not started yet. In both cases, the client retries.
    }
    await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 40))
  }
}

function isFinal(status: number, body: string): boolean {
  if (status < 300) return true
  return status < 500 && !body.includes('idempotency-key-in-flight')
}

const payoutShare = 0.15

async function client(accounts: readonly string[]): Promise<void> {
  while (!isEnding) {
    const key = randomUUIDv7()
    const iban = `DE02${key.replaceAll('-', '').toUpperCase().slice(-28)}`
    const kind = Math.random() < payoutShare ? 'payout' : 'transfer'
    const amount = 1 + Math.floor(Math.random() * 500)
    const from = Math.floor(Math.random() * accountCount)
    // Every second account has the same currency. One in ten transfers is between currencies, and
    // is refused.
    const to = (from + (Math.random() < 0.9 ? 2 : 1)) % accountCount
    const request =
      kind === 'payout'
        ? { key, body: { account: accounts[from], amount, iban } }
        : { key, body: { from: accounts[from], to: accounts[to], amount, memo: key } }
    const sending = Array.from({ length: plan.duplicates }, () => sendUntilFinal(`/${kind}s`, request))
    observations.push({ key, kind, iban, answers: await Promise.all(sending) })
    finished += 1
    process.send!({ finished })
  }
}

process.on('message', () => (isEnding = true))
process.on('disconnect', () => process.exit(1))

const accounts = await openAccounts()
process.send!({ isReady: true })
await Promise.all(Array.from({ length: plan.concurrency }, () => client(accounts)))
writeFileSync(plan.file, JSON.stringify(observations))
process.send!({ requests }, () => process.disconnect?.())
