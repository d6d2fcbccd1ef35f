import * as accounts from './accounts.ts'
import * as apiKeys from './api-keys.ts'
import { service } from './app.ts'
import { checkBalances, listBalanceChecks, nightly } from './balance-check.ts'
import { customers } from './customers.ts'
import * as deposits from './deposits.ts'
import { createPayout, getPayout, payOut } from './payouts.ts'
import { getReceipt, sendReceipt } from './receipts.ts'
import { transferWebhooks } from './transfer-webhooks.ts'
import * as transfers from './transfers.ts'
import { countVolume, listVolumes } from './volumes.ts'
import * as webhookEndpoints from './webhook-endpoints.ts'

/** The ledger: accounts and transfers between them, in whole minor units. */
export const ledger = service({
  name: 'ledger',
  operations: {
    ...customers.operations,
    ...apiKeys,
    ...accounts,
    ...deposits,
    ...transfers,
    ...webhookEndpoints,
    createPayout,
    getPayout,
    getReceipt,
    listBalanceChecks,
    listVolumes,
  },
  jobs: [checkBalances, payOut, sendReceipt],
  consumers: [countVolume],
  schedules: [nightly],
  capabilities: [customers, transferWebhooks],
})
