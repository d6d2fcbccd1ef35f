import { holdfast } from 'holdfast'
import { drizzle } from 'holdfast/drizzle'
import { serve } from 'holdfast/node'
import { databaseOptions, identify, ledgerSettings } from '../../../examples/ledger/src/app.ts'
import * as schema from '../../../examples/ledger/src/schema.ts'
import { ledger } from '../../../examples/ledger/src/service.ts'
import { withSeparateStore } from './separate-store.ts'

const { service } = holdfast({
  settings: ledgerSettings,
  database: withSeparateStore(drizzle(schema, databaseOptions)),
  identify,
})

await serve(service({ name: 'ledger with a separate store', operations: ledger.operations }))
