import { problem } from 'holdfast'
import { z } from 'zod'

export const AccountNotFound = problem('account-not-found', {
  status: 404,
  title: 'Account not found',
  description: 'You have no account with this id.',
})

export const PayeeNotFound = problem('payee-not-found', {
  status: 404,
  title: 'Payee not found',
  description:
    'No account in the currency of the paying account has the id in `to`. Nothing was transferred.',
})

export const TransferNotFound = problem('transfer-not-found', {
  status: 404,
  title: 'Transfer not found',
  description: 'Your accounts have no transfer with this id.',
})

export const InsufficientFunds = problem('insufficient-funds', {
  status: 409,
  title: 'Insufficient balance',
  description: 'The balance of the paying account is smaller than the amount. Nothing was transferred.',
  extra: z.object({ balance: z.int() }),
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
  description: 'You have sent no transfer with this id, or its receipt has not been created yet.',
})

export const PayoutNotFound = problem('payout-not-found', {
  status: 404,
  title: 'Payout not found',
  description: 'You have no payout with this id.',
})
