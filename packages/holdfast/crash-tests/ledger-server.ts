import { randomUUID } from 'node:crypto'
import { scopes } from '../../../examples/ledger/src/scopes.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const developmentKey = 'hf_dev_KeyOfTheCrashTestsOfTheLedger'

/** Starts a server of the ledger. In the mode `test`, it has a role to which policies apply. */
export function startLedger(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
  main = './ledger-main.ts',
): Promise<ServerProcess> {
  return startServer(new URL(main, import.meta.url), {
    NODE_ENV: 'test',
    DATABASE_URL: databaseUrl,
    HOLDFAST_DEV_KEY: developmentKey,
    LOG_LEVEL: 'error',
    ...env,
  })
}

/** Creates an API key of the ledger. Returns the value of `Authorization`. */
export async function createApiKey({ url }: Pick<ServerProcess, 'url'>): Promise<string> {
  const answer = await fetch(`${url}/api-keys`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${developmentKey}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({ name: 'crash tests', scopes }),
  })
  const text = await answer.text()
  if (answer.status !== 201) throw new Error(`No API key was created: ${answer.status} ${text}`)
  return `Bearer ${(JSON.parse(text) as { readonly key: string }).key}`
}
