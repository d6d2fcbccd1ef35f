import { readMode } from 'holdfast'
import { readSettings, serve } from 'holdfast/node'
import { ledgerSettings } from './app.ts'
import { ledger } from './service.ts'

// Outside production, a fake bank makes the payments. In production, the service does not start
// without BANK_URL.
if (readMode(process.env) !== 'production' && (await readSettings(ledgerSettings)).BANK_URL === undefined) {
  const { startFakeBank } = await import('./fake-bank.ts')
  process.env['BANK_URL'] = (await startFakeBank()).url
}

const { url } = await serve(ledger)

console.error(`
Try it:
  curl ${url}/accounts -H 'Idempotency-Key: "open-alice"' --json '{"name":"Alice","currency":"EUR"}'
  curl ${url}/accounts
  curl ${url}/deposits -H 'Idempotency-Key: "first-deposit"' --json '{"account":"<the id of Alice>","amount":1250}'
`)
