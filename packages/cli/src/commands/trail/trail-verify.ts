import { type VerifiedTrail, verifyTrail } from 'holdfast/identity'
import { type Command, command } from '../../command.ts'
import { count } from '../../count.ts'
import { text } from '../../option.ts'
import { present } from '../../present.ts'
import { printable } from '../../printable.ts'

/** Verifies the trail. */
export const trailVerify: Command = command({
  name: 'trail verify',
  summary: 'Recompute the hashes of the trail. Fails if a row was changed, deleted or added.',
  options: { service: text('name', 'Only the trail of this service.') },
  async run({ options: { service }, client }) {
    const trails = await verifyTrail(client, present({ service }))
    return {
      data: { trails },
      text: () => (trails.length === 0 ? 'None found.' : trails.map(describe).join('\n')),
      exitCode: trails.some((trail) => trail.break) ? 1 : 0,
    }
  },
})

function describe({ service, rows, position, hash, unchained, break: found }: VerifiedTrail): string {
  const name = printable(service)
  if (found) return `${name}: broken at position ${found.position} (${found.reason}).`
  return `${name}: ${count(rows, 'row')} verified, up to position ${position} (${hash}). Not chained yet: ${unchained}.`
}
