import { problem } from 'holdfast'
import { z } from 'zod'

export const AccountNotFound = problem('account-not-found', {
  status: 404,
  title: 'There is no such account',
  description: 'The ledger has no account with this id.',
  extra: z.object({ account: z.uuid() }),
})

export const TransferNotFound = problem('transfer-not-found', {
  status: 404,
  title: 'There is no such transfer',
  description: 'The ledger has no transfer with this id.',
})

export const InsufficientFunds = problem('insufficient-funds', {
  status: 409,
  title: 'The account holds too little',
  description: 'The balance of the paying account is smaller than the amount. Nothing was moved.',
  extra: z.object({ balance: z.int() }),
})

export const CurrencyMismatch = problem('currency-mismatch', {
  status: 409,
  title: 'The accounts are in different currencies',
  description: 'Money moves between accounts of one currency only. Nothing was moved.',
  extra: z.object({ from: z.string(), to: z.string() }),
})

export const BalanceOutOfRange = problem('balance-out-of-range', {
  status: 409,
  title: 'The balance would become too large',
  description: 'A balance is counted exactly up to 9,007,199,254,740,991 minor units. Nothing was moved.',
})

export const ReceiptNotFound = problem('receipt-not-found', {
  status: 404,
  title: 'There is no such receipt',
  description: 'No transfer has this id, or its receipt has not been made yet.',
})

export const PayoutNotFound = problem('payout-not-found', {
  status: 404,
  title: 'There is no such payout',
  description: 'The ledger has no payout with this id.',
})
