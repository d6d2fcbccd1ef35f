/** A client's observations of one key. */
export interface Observation {
  readonly key: string
  readonly kind: 'transfer' | 'payout'
  /** The account that a payout goes to: a number used by its key alone. */
  readonly iban: string
  /** Every final response, one for each duplicate: status and bytes. */
  readonly answers: readonly ObservedAnswer[]
}

/** A final response. */
export interface ObservedAnswer {
  readonly status: number
  readonly body: string
  readonly isReplay: boolean
}
