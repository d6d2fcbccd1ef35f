import { serve } from 'holdfast/node'
import { startFakeBank } from './fake-bank.ts'
import { ledger } from './service.ts'

// Nobody wants money to move while they try this out.
process.env['BANK_URL'] ??= (await startFakeBank()).url

const { url } = await serve(ledger)

console.error(`
Try it:
  curl ${url}/accounts -H 'Idempotency-Key: "open-alice"' --json '{"name":"Alice","currency":"EUR"}'
  curl ${url}/accounts
  curl ${url}/deposits -H 'Idempotency-Key: "first-deposit"' --json '{"account":"<the id of Alice>","amount":1250}'
`)
