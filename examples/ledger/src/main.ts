import { serve } from 'holdfast/node'
import { ledger } from './service.ts'

const { url } = await serve(ledger)

console.error(`
Try it:
  curl ${url}/accounts -H 'Idempotency-Key: "open-alice"' --json '{"name":"Alice","currency":"EUR"}'
  curl ${url}/accounts
  curl ${url}/deposits -H 'Idempotency-Key: "first-deposit"' --json '{"account":"<the id of Alice>","amount":1250}'
`)
