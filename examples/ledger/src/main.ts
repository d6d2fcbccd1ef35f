import { readMode } from 'holdfast'
import { readDevelopmentKey } from 'holdfast/identity'
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

const key = readDevelopmentKey(process.env)
if (key !== undefined)
  console.error(`
Try it, with the development key:
  auth='Authorization: Bearer ${key}'
  curl ${url}/accounts -H "$auth" -H 'Idempotency-Key: "open-alice"' --json '{"name":"Alice","currency":"EUR"}'
  curl ${url}/accounts -H "$auth"
  curl ${url}/deposits -H "$auth" -H 'Idempotency-Key: "first-deposit"' --json '{"account":"<the id of Alice>","amount":1250}'
`)
