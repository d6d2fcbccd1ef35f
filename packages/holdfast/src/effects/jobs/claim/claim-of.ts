/** One claim of a job, which identifies an attempt in all bookkeeping. */
export interface ClaimOf {
  readonly id: string
  /** The fencing token, which grows with each claim of the job. */
  readonly claim: number
}

/**
 * Returns the map key of a claim. If it were only the id, two claims of one job would overwrite
 * each other.
 */
export function claimKey({ id, claim }: ClaimOf): string {
  return `${id} ${claim}`
}
