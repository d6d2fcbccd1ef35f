import type { Bench } from './benchmark.ts'

/**
 * Measures every participant once per round, so that a temporary load on the machine affects all
 * participants. The first round is a warm-up. Returns the figures of each participant by round.
 */
export async function interleave<Participant extends { readonly name: string }, Figure>(
  participants: readonly Participant[],
  { rounds, notify }: Pick<Bench, 'rounds' | 'notify'>,
  measure: (participant: Participant) => Promise<Figure>,
): Promise<ReadonlyMap<Participant, readonly Figure[]>> {
  const figures = new Map<Participant, Figure[]>(participants.map((participant) => [participant, []]))
  for (let round = 0; round <= rounds; round += 1) {
    notify(round === 0 ? 'warming up' : `round ${round} of ${rounds}`)
    for (const participant of participants) {
      const figure = await measure(participant)
      if (round > 0) figures.get(participant)!.push(figure)
    }
  }
  return figures
}
