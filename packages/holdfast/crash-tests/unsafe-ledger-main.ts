import { holdfast } from 'holdfast'
import { drizzle } from 'holdfast/drizzle'
import { serve } from 'holdfast/node'
import * as schema from '../../../examples/ledger/src/schema.ts'
import { ledger } from '../../../examples/ledger/src/service.ts'
import { withSeparateStore } from './separate-store.ts'

const migrations = new URL('../../../examples/ledger/migrations/', import.meta.url)
const { service } = holdfast({
  database: withSeparateStore(drizzle(schema, { casing: 'snake_case', migrations })),
})

await serve(service({ name: 'ledger with a separate store', operations: ledger.operations }))
