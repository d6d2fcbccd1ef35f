import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A function in a profile. */
export interface Frame {
  readonly functionName: string
  /** The URL of its module; empty for native code. */
  readonly url: string
}

/** A V8 CPU profile, as `--cpu-prof` writes it. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: Frame
    readonly children?: readonly number[]
  }[]
  /** The id of the node that ran at each sample. */
  readonly samples: readonly number[]
  /** The time before each sample, in microseconds. */
  readonly timeDeltas: readonly number[]
}

// The share of a profile at its start that is ignored: the start of the process, and code that is
// not optimized yet.
const warmUp = 0.5

/**
 * Reads the profile in a folder. Returns the share of the CPU time for each category. `categoryOf`
 * gets the stack of a sample, innermost function first, and returns `undefined` for idle time.
 */
export function readShares(
  folder: string,
  categoryOf: (stack: readonly Frame[]) => string | undefined,
): ReadonlyMap<string, number> {
  const [file] = readdirSync(folder)
  if (file === undefined) throw new Error(`The server has written no profile to ${folder}.`)
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile
  const categories = categoriesOf(profile, categoryOf)
  const times = new Map<string, number>()
  let total = 0
  for (const [index, id] of profile.samples.entries()) {
    const category = categories.get(id)
    if (index < profile.samples.length * warmUp || category === undefined) continue
    const time = profile.timeDeltas[index]!
    times.set(category, (times.get(category) ?? 0) + time)
    total += time
  }
  return new Map([...times].map(([category, time]) => [category, time / total]))
}

/** Returns the category of each node. */
function categoriesOf(
  { nodes }: CpuProfile,
  categoryOf: (stack: readonly Frame[]) => string | undefined,
): ReadonlyMap<number, string | undefined> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
  return new Map(
    nodes.map(({ id }) => {
      const stack: Frame[] = []
      for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
        stack.push(byId.get(at)!.callFrame)
      }
      return [id, categoryOf(stack)]
    }),
  )
}
