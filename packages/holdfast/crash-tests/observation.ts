/** A client's observations of one key. */
export interface Observation {
  readonly key: string
  readonly kind: 'transfer' | 'payout'
  /** The account number of the payout, which is unique to the key. */
  readonly iban: string
  /** The final response of each duplicate: status and bytes. */
  readonly answers: readonly ObservedAnswer[]
}

/** A final response. */
export interface ObservedAnswer {
  readonly status: number
  readonly body: string
  readonly isReplay: boolean
}
