/** The point at which a process dies: the nth time it reaches this label. */
export interface Checkpoint {
  readonly label: string
  /** Counts how often the label has occurred, starting at 1. */
  readonly occurrence: number
}

/** A request to a process that counts checkpoints. */
export interface CheckpointRequest {
  /** True to start serving. This is the first request. */
  readonly begin?: boolean
  /** Starts counting, and makes the process die at the given checkpoint. */
  readonly kill?: Checkpoint
  /** Stops counting, and asks for the checkpoints that the process has passed. */
  readonly report?: boolean
}

/** The reply of a process to a {@link CheckpointRequest}. */
export interface CheckpointReport {
  readonly checkpoints: readonly string[]
}

/** Converts a list of labels to checkpoints, each with its occurrence number. */
export function toCheckpoints(labels: readonly string[]): readonly Checkpoint[] {
  const times = new Map<string, number>()
  return labels.map((label) => {
    const occurrence = (times.get(label) ?? 0) + 1
    times.set(label, occurrence)
    return { label, occurrence }
  })
}
