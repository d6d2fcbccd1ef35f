import { problem } from 'holdfast'
import { z } from 'zod'

export const AccountNotFound = problem('account-not-found', {
  status: 404,
  title: 'Account not found',
  description: 'The ledger has no account with this id.',
  extra: z.object({ account: z.uuid() }),
})

export const TransferNotFound = problem('transfer-not-found', {
  status: 404,
  title: 'Transfer not found',
  description: 'The ledger has no transfer with this id.',
})

export const InsufficientFunds = problem('insufficient-funds', {
  status: 409,
  title: 'Insufficient balance',
  description: 'The balance of the paying account is smaller than the amount. Nothing was transferred.',
  extra: z.object({ balance: z.int() }),
})

export const CurrencyMismatch = problem('currency-mismatch', {
  status: 409,
  title: 'Currency mismatch',
  description: 'Transfers are only possible between accounts of one currency. Nothing was transferred.',
  extra: z.object({ from: z.string(), to: z.string() }),
})

export const BalanceOutOfRange = problem('balance-out-of-range', {
  status: 409,
  title: 'Balance limit exceeded',
  description:
    'A balance is counted exactly up to 9,007,199,254,740,991 minor units. Nothing was transferred.',
})

export const ReceiptNotFound = problem('receipt-not-found', {
  status: 404,
  title: 'Receipt not found',
  description: 'No transfer has this id, or its receipt has not been created yet.',
})

export const PayoutNotFound = problem('payout-not-found', {
  status: 404,
  title: 'Payout not found',
  description: 'The ledger has no payout with this id.',
})
