/** One claim of a job: what all bookkeeping of an attempt is by. */
export interface ClaimOf {
  readonly id: string
  /** The fencing token. */
  readonly claim: number
}

/** Returns the key of a claim in a map. By its id alone, two claims of one job would overwrite each other. */
export function claimKey({ id, claim }: ClaimOf): string {
  return `${id} ${claim}`
}
