/** What a client learned of one key. */
export interface Observation {
  readonly key: string
  readonly kind: 'transfer' | 'payout'
  /** Where a payout goes: a number that belongs to its key alone. */
  readonly iban: string
  /** Every final answer that it got, one for each duplicate: status and bytes. */
  readonly answers: readonly ObservedAnswer[]
}

/** A final answer. */
export interface ObservedAnswer {
  readonly status: number
  readonly body: string
  readonly isReplay: boolean
}
