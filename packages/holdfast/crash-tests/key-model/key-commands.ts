import { randomUUID, randomUUIDv7 } from 'node:crypto'
import type { Duration } from 'holdfast'
import { until } from 'holdfast/testing'
import fc from 'fast-check'
import { describeCut } from '../cut-sweep.ts'
import type { Cut } from '../../test/cutting-proxy.ts'
import { type KeyFleet, retentions } from './key-fleet.ts'
import { isReused, KeyModel, type Reply, type Request } from './key-model.ts'
import { type Mishap, operationNames } from './key-service.ts'

const keyCount = 3
const instanceCount = 2
// A mutation has about this many messages in each direction.
const maxMessage = 12
// Long enough for a call without a fault, and short enough not to wait for a silent connection.
const faultTimeout = '300ms'

/** State of one run: a client's knowledge of its keys. */
export class ModelRun {
  // One of them is not a UUIDv7, and is looked up and stored differently.
  readonly keys: readonly string[] = [randomUUIDv7(), randomUUIDv7(), randomUUID()]
  readonly models: readonly KeyModel[] = this.keys.map(() => new KeyModel())
}

type Command = fc.AsyncCommand<ModelRun, KeyFleet>

interface Target {
  readonly key: number
  readonly request: Request
  readonly instance: number
  /** The timeout that the client sets for the call. Default: none. */
  readonly timeout?: string
}

abstract class Step implements Command {
  check(): boolean {
    return true
  }

  async run(run: ModelRun, fleet: KeyFleet): Promise<void> {
    await this.act(run, fleet)
    const violations = await fleet.findViolations(run.keys)
    if (violations.length > 0) throw new Error(violations.join('\n'))
  }

  abstract act(run: ModelRun, fleet: KeyFleet): Promise<void>
  abstract toString(): string
}

class Send extends Step {
  readonly #target: Target

  constructor(target: Target) {
    super()
    this.#target = target
  }

  async act(run: ModelRun, fleet: KeyFleet): Promise<void> {
    const { key, request } = this.#target
    const answer = await send(run, fleet, this.#target)
    expectNoFault(run.models[key]!.take({ request, answer, isDisturbed: false }))
  }

  toString(): string {
    return `send ${describe(this.#target)}`
  }
}

class SendWithMishap extends Step {
  readonly #target: Target
  readonly #mishap: Mishap

  constructor(target: Target, mishap: Mishap) {
    super()
    this.#target = target
    this.#mishap = mishap
  }

  async act(run: ModelRun, fleet: KeyFleet): Promise<void> {
    const { key, request } = this.#target
    fleet.mishap = this.#mishap
    const timeout = this.#mishap === 'exceeds its deadline' ? '100ms' : undefined
    const answer = await send(run, fleet, { ...this.#target, ...(timeout === undefined ? {} : { timeout }) })
    const hasHappened = fleet.mishap === undefined
    fleet.mishap = undefined
    const reply: Reply = { request, answer, isDisturbed: hasHappened || timeout !== undefined }
    const model = run.models[key]!
    const isPassing = hasHappened && this.#mishap === 'meets a lock'
    expectNoFault(isPassing ? model.takePassing(reply) : model.take(reply))
  }

  toString(): string {
    return `send ${describe(this.#target)}, whose handler ${this.#mishap}`
  }
}

class SendThroughCut extends Step {
  readonly #target: Target
  readonly #cut: Cut

  constructor(target: Target, cut: Cut) {
    super()
    this.#target = target
    this.#cut = cut
  }

  async act(run: ModelRun, fleet: KeyFleet): Promise<void> {
    const armed = fleet.instance(this.#target.instance).proxy.cut(this.#cut)
    try {
      await sendUntilFinal(run, fleet, { ...this.#target, timeout: faultTimeout })
    } finally {
      armed.disarm()
    }
  }

  toString(): string {
    return `send ${describe(this.#target)} until it is final, first ${describeCut(this.#cut)}`
  }
}

/** What happens to all sessions while requests run. */
const harms = ['none', 'cancel', 'terminate'] as const
type Harm = (typeof harms)[number]

class SendTogether extends Step {
  readonly #key: number
  readonly #targets: readonly Omit<Target, 'key'>[]
  readonly #harm: Harm

  constructor(key: number, targets: readonly Omit<Target, 'key'>[], harm: Harm) {
    super()
    this.#key = key
    this.#targets = targets
    this.#harm = harm
  }

  async act(run: ModelRun, fleet: KeyFleet): Promise<void> {
    const targets = this.#targets.map((target) => ({ ...target, key: this.#key }))
    const model = run.models[this.#key]!
    for (const { request } of targets) model.sending(request)
    const sent = Promise.all(targets.map((target) => send(run, fleet, target)))
    const harmed = this.#harm === 'none' ? undefined : harmSessions(fleet, this.#harm)
    const answers = await sent
    await harmed
    for (const [n, answer] of answers.entries()) {
      // The key was refused because of another running request, which may have failed since: that
      // settles nothing.
      if (isReused(answer)) continue
      expectNoFault(model.take({ request: targets[n]!.request, answer, isDisturbed: true }))
    }
    await sendUntilFinal(run, fleet, targets[0]!)
  }

  toString(): string {
    const harm = this.#harm === 'none' ? '' : ` while all sessions are harmed: ${this.#harm}`
    return `send together ${this.#targets.map((target) => describe({ ...target, key: this.#key })).join(' and ')}${harm}`
  }
}

class Restart extends Step {
  readonly #instance: number
  readonly #retention: Duration

  constructor(instance: number, retention: Duration) {
    super()
    this.#instance = instance
    this.#retention = retention
  }

  act(_run: ModelRun, fleet: KeyFleet): Promise<void> {
    return fleet.restart(this.#instance, this.#retention)
  }

  toString(): string {
    return `restart ${this.#instance} with the retention ${this.#retention}`
  }
}

class AlterTable extends Step {
  async act(_run: ModelRun, fleet: KeyFleet): Promise<void> {
    await fleet.sql('alter table effects add column if not exists spare int')
    await fleet.sql('alter table effects drop column spare')
  }

  toString(): string {
    return 'alter the table'
  }
}

/** All commands, in any order. */
export const commands: fc.Arbitrary<Iterable<Command>> = arbitraryCommands()

function arbitraryCommands(): fc.Arbitrary<Iterable<Command>> {
  const instance = fc.nat({ max: instanceCount - 1 })
  const key = fc.nat({ max: keyCount - 1 })
  const request: fc.Arbitrary<Request> = fc.record({
    operation: fc.constantFrom(...operationNames),
    // Few, so that a key is often used again for the same request.
    amount: fc.constantFrom(1, 1, 1, 2),
    isRefused: fc.constantFrom(false, false, false, true),
  })
  const target = fc.record({ key, request, instance })
  const cut: fc.Arbitrary<Cut> = fc.record({
    application: fc.constant(/^holdfast$/),
    sender: fc.constantFrom('frontend', 'backend'),
    message: fc.integer({ min: 1, max: maxMessage }),
    place: fc.constantFrom('before', 'middle', 'after'),
    mode: fc.constantFrom('destroyed', 'destroyed', 'silent'),
  })
  const mishap = fc.constantFrom<Mishap>(
    'throws',
    'meets a lock',
    'meets another transaction',
    'exceeds its deadline',
  )
  const together = fc.array(fc.record({ request, instance }), { minLength: 2, maxLength: 5 })
  return fc.commands(
    [
      target.map((to) => new Send(to)),
      fc.tuple(target, mishap).map(([to, what]) => new SendWithMishap(to, what)),
      fc.tuple(target, cut).map(([to, where]) => new SendThroughCut(to, where)),
      fc
        .tuple(key, together, fc.constantFrom(...harms))
        .map(([of, targets, harm]) => new SendTogether(of, targets, harm)),
      fc
        .tuple(instance, fc.constantFrom(...retentions))
        .map(([which, retention]) => new Restart(which, retention)),
      fc.constant(new AlterTable()),
    ],
    { maxCommands: 12 },
  )
}

function send(run: ModelRun, fleet: KeyFleet, { key, ...target }: Target): ReturnType<KeyFleet['send']> {
  return fleet.send({ key: run.keys[key]!, ...target })
}

/**
 * Sends a request repeatedly, as a client does, until the response is final. Only the first attempt
 * has a timeout.
 */
async function sendUntilFinal(run: ModelRun, fleet: KeyFleet, { timeout, ...target }: Target): Promise<void> {
  let next: Target = timeout === undefined ? target : { ...target, timeout }
  let fault: string | undefined
  await until(
    async () => {
      const answer = await send(run, fleet, next)
      next = target
      const reply: Reply = { request: target.request, answer, isDisturbed: true }
      fault = run.models[target.key]!.take(reply)
      return fault !== undefined || KeyModel.isFinal(reply)
    },
    { timeoutMs: 60_000, what: `a final answer to ${describe(target)}` },
  )
  expectNoFault(fault)
}

async function harmSessions(fleet: KeyFleet, harm: Exclude<Harm, 'none'>): Promise<void> {
  await fleet.sql(
    `select pg_${harm}_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'holdfast' and state <> 'idle'`,
  )
}

function expectNoFault(fault: string | undefined): void {
  if (fault !== undefined) throw new Error(fault)
}

function describe({ key, request, instance }: Target): string {
  const { operation, amount, isRefused } = request
  return `key ${key} ${operation} ${amount}${isRefused ? ' (refused)' : ''} to ${instance}`
}
