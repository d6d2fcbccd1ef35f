import { serve } from 'holdfast/node'
import { ledger } from '../../../examples/ledger/src/service.ts'

await serve(ledger)
