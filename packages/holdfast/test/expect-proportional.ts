import { expect } from 'vitest'

const factor = 8
// The max ratio between the times of the two inputs. With eight times the length and an eighth of
// the repetitions, proportional work takes the same time, and quadratic work takes eight times as
// long.
const tolerated = 3
const minMs = 10
const rounds = 3

/**
 * Asserts that work takes time in proportion to the length of its input, including after
 * optimization by the compiler. Compares CPU times of this thread, so the verdict does not depend
 * on the speed or load of the machine.
 *
 * @param make Creates an input of about `length` characters.
 * @param length The length of the shorter of the two inputs.
 */
export function expectProportional<Input>(
  work: (input: Input) => unknown,
  make: (length: number) => Input,
  length: number,
): void {
  const [short, long] = [make(length), make(length * factor)]
  const repetitions = repetitionsFor(work, short)
  let ratio = Infinity
  // Other processes can only make a measurement longer, so one good measurement is enough.
  for (let round = 0; round < rounds && ratio > tolerated; round += 1) {
    const shortMs = timeOf(work, short, repetitions)
    ratio = timeOf(work, long, repetitions / factor) / shortMs
  }
  expect(ratio, `${factor} times the length: cost relative to proportional work`).toBeLessThan(tolerated)
}

/**
 * Returns how many repetitions take long enough to be measured. Finding this number also warms up
 * the code.
 */
function repetitionsFor<Input>(work: (input: Input) => unknown, input: Input): number {
  for (let repetitions = factor; ; repetitions *= 2) {
    if (timeOf(work, input, repetitions) >= minMs) return repetitions
  }
}

function timeOf<Input>(work: (input: Input) => unknown, input: Input, repetitions: number): number {
  const before = process.threadCpuUsage()
  for (let times = 0; times < repetitions; times += 1) work(input)
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}
