/** A point at which a process ends: the so-manieth time that it comes to what has this label. */
export interface Checkpoint {
  readonly label: string
  /** From 1. */
  readonly occurrence: number
}

/** What a process is told that counts its checkpoints. */
export interface CheckpointRequest {
  /** Begins to count, and ends the process there. */
  readonly kill?: Checkpoint
  /** Ends the counting, and tells what was passed. */
  readonly report?: boolean
}

/** What it answers. */
export interface CheckpointReport {
  readonly checkpoints: readonly string[]
}

/** Each point by itself: the labels that were passed, and how often before. */
export function toCheckpoints(labels: readonly string[]): readonly Checkpoint[] {
  const times = new Map<string, number>()
  return labels.map((label) => {
    const occurrence = (times.get(label) ?? 0) + 1
    times.set(label, occurrence)
    return { label, occurrence }
  })
}
