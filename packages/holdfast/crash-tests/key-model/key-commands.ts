import { randomUUID, randomUUIDv7 } from 'node:crypto'
import type { Duration } from 'holdfast'
import { until } from 'holdfast/testing'
import fc from 'fast-check'
import { describeCut } from '../cut-sweep.ts'
import { type CommandParts, createCommand } from '../model-command.ts'
import type { Cut } from '../../test/cutting-proxy.ts'
import { type KeyFleet, retentions } from './key-fleet.ts'
import { isReused, KeyModel, type Reply, type Request } from './key-model.ts'
import { type Mishap, operationNames } from './key-service.ts'

const keyCount = 3
const instanceCount = 2
// Approximate number of messages that a mutation exchanges in each direction.
const maxMessage = 12
// The timeout of an attempt with a fault. Long enough for a call without a fault, but no longer,
// because a call on a silent connection takes the whole timeout.
const faultTimeout = '300ms'

/** The state of one run: a client's knowledge of its keys. */
export class ModelRun {
  // The keys. The last one is not a UUIDv7: such keys are stored and looked up differently.
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

const command = (parts: CommandParts<ModelRun, KeyFleet>): Command =>
  createCommand(parts, (run, fleet) => fleet.findViolations(run.keys))

function sendOnce(target: Target): Command {
  return command({
    name: `send ${describe(target)}`,
    async act(run, fleet) {
      const { key, request } = target
      const answer = await send(run, fleet, target)
      expectNoFault(run.models[key]!.take({ request, answer, isDisturbed: false }))
    },
  })
}

function sendWithMishap(target: Target, mishap: Mishap): Command {
  return command({
    name: `send ${describe(target)}, whose handler ${mishap}`,
    async act(run, fleet) {
      const { key, request } = target
      fleet.mishap = mishap
      const isShort = mishap === 'exceeds its deadline'
      const answer = await send(run, fleet, isShort ? { ...target, timeout: '100ms' } : target)
      const hasHappened = fleet.mishap === undefined
      fleet.mishap = undefined
      const reply: Reply = { request, answer, isDisturbed: hasHappened || isShort }
      const model = run.models[key]!
      const isPassing = hasHappened && mishap === 'meets a lock'
      expectNoFault(isPassing ? model.takePassing(reply) : model.take(reply))
    },
  })
}

function sendThroughCut(target: Target, cut: Cut): Command {
  return command({
    name: `send ${describe(target)} until it is final, first ${describeCut(cut)}`,
    async act(run, fleet) {
      const armed = fleet.instance(target.instance).proxy.cut(cut)
      try {
        await sendUntilFinal(run, fleet, { ...target, timeout: faultTimeout })
      } finally {
        armed.disarm()
      }
    },
  })
}

/** An event that affects all sessions while requests run. */
const harms = ['none', 'cancel', 'terminate'] as const
type Harm = (typeof harms)[number]

function sendTogether(targets: readonly Target[], harm: Harm): Command {
  const harmed = harm === 'none' ? '' : ` during a fault in all sessions: ${harm}`
  return command({
    name: `send together ${targets.map(describe).join(' and ')}${harmed}`,
    async act(run, fleet) {
      const [first] = targets as readonly [Target]
      const model = run.models[first.key]!
      for (const { request } of targets) model.sending(request)
      const sent = Promise.all(targets.map((target) => send(run, fleet, target)))
      if (harm !== 'none') await harmSessions(fleet, harm)
      for (const [n, answer] of (await sent).entries()) {
        // The key belonged to a different running request, which may have failed since. Therefore
        // the outcome is still unknown.
        if (isReused(answer)) continue
        expectNoFault(model.take({ request: targets[n]!.request, answer, isDisturbed: true }))
      }
      await sendUntilFinal(run, fleet, first)
    },
  })
}

function restart(instance: number, retention: Duration): Command {
  return command({
    name: `restart ${instance} with the retention ${retention}`,
    act: (_run, fleet) => fleet.restart(instance, retention),
  })
}

function alterTable(): Command {
  return command({
    name: 'alter the table',
    async act(_run, fleet) {
      await fleet.sql('alter table effects add column if not exists spare int')
      await fleet.sql('alter table effects drop column spare')
    },
  })
}

/** All commands, in any order. */
export const commands: fc.Arbitrary<Iterable<Command>> = arbitraryCommands()

function arbitraryCommands(): fc.Arbitrary<Iterable<Command>> {
  const instance = fc.nat({ max: instanceCount - 1 })
  const key = fc.nat({ max: keyCount - 1 })
  const request: fc.Arbitrary<Request> = fc.record({
    operation: fc.constantFrom(...operationNames),
    // There are few values, so that a key is often reused for the same request.
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
      target.map(sendOnce),
      fc.tuple(target, mishap).map(([to, what]) => sendWithMishap(to, what)),
      fc.tuple(target, cut).map(([to, where]) => sendThroughCut(to, where)),
      fc.tuple(key, together, fc.constantFrom(...harms)).map(([of, targets, harm]) =>
        sendTogether(
          targets.map((to) => ({ ...to, key: of })),
          harm,
        ),
      ),
      fc
        .tuple(instance, fc.constantFrom(...retentions))
        .map(([which, retention]) => restart(which, retention)),
      fc.constant(alterTable()),
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
    { what: `a final answer to ${describe(target)}` },
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
