import * as accounts from './accounts.ts'
import { service } from './app.ts'
import * as deposits from './deposits.ts'
import * as transfers from './transfers.ts'

/** Money that moves between accounts, in whole minor units. */
export const ledger = service({
  name: 'ledger',
  operations: { ...accounts, ...deposits, ...transfers },
})
