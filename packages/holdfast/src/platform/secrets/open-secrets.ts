import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { SettingsSource } from '../../kernel/host/settings.ts'
import type { OpenSecretManager, SecretManager } from './secret-manager.ts'
import { fillTemplate, parseSecretTemplate, type SecretTemplate, showReference } from './secret-reference.ts'
import { type SecretBinding, SecretRotation } from './secret-rotation.ts'
import { SecretRound } from './secret-round.ts'

/** A variable that names its source: `BANK_KEY_FROM=vault:secret/data/shop#bank-key`. */
export interface ReferringVariable {
  readonly name: string
  /** The value of the variable with the suffix `_FROM`. */
  readonly value: string
  /** True if a changed secret replaces the value while the service runs. */
  readonly isSecret: boolean
}

/** A secret in a file. */
export interface SecretFile {
  readonly name: string
  readonly path: string
  readonly text: string
  /** Reads the file. Throws if the file cannot be used. */
  readonly read: () => string
}

/** The secrets to read. */
export interface SecretsToRead {
  readonly managers: readonly SecretManager[]
  readonly variables: readonly ReferringVariable[]
  readonly files: readonly SecretFile[]
  readonly source: Pick<SettingsSource, 'env' | 'mode'>
}

/** The secrets of a service that starts. */
export interface OpenSecrets {
  /** The values of the variables. */
  readonly values: ReadonlyMap<string, string>
  /** The names of the variables without a value. */
  readonly unreadable: ReadonlySet<string>
  /** The errors, one or two sentences each. */
  readonly issues: readonly string[]
  readonly rotation: SecretRotation
}

const startRetryMs = 20_000
const knownManagers: Readonly<Record<string, string>> = { vault: 'vault()', aws: 'awsSecretsManager()' }

/** Reads the secrets that variables refer to, in parallel. Never rejects. */
export async function openSecrets({
  managers,
  variables,
  files,
  source,
}: SecretsToRead): Promise<OpenSecrets> {
  const issues = doubles(managers)
  const unreadable = new Set<string>()
  const refer = variables.flatMap((variable) => {
    const template = parseSecretTemplate(variable.value)
    const issue = template ? unknownManager(variable, template, managers) : notAReference(variable)
    if (issue === undefined) return [{ ...variable, template: template! }]
    issues.push(issue)
    unreadable.add(variable.name)
    return []
  })
  const named = new Set(refer.flatMap(({ template }) => template.references.map(({ scheme }) => scheme)))
  const opened = await openManagers(
    managers.filter(({ scheme }) => named.has(scheme)),
    source,
  )
  issues.push(...opened.issues)
  const round = new SecretRound({
    managers: opened.managers,
    isRefused: false,
    retryMs: startRetryMs,
    stopping: new AbortController().signal,
  })
  const values = new Map<string, string>()
  await Promise.all(
    refer.map(async ({ name, value, template }) => {
      // The error of the manager itself is reported once, and not for each of its secrets.
      if (template.references.some(({ scheme }) => !opened.managers.has(scheme))) {
        unreadable.add(name)
        return
      }
      try {
        values.set(name, await readTemplate(template, round))
      } catch (error) {
        unreadable.add(name)
        issues.push(`${name}_FROM is ${shown(value, template)}. ${(error as Error).message}`)
      }
    }),
  )
  const bindings: SecretBinding[] = [
    ...refer
      .filter(({ isSecret }) => isSecret)
      .map(({ name, value, template }) => ({
        name,
        origin: shown(value, template),
        read: (later: SecretRound) => readTemplate(template, later),
      })),
    ...files.map(({ name, path, read }) => ({ name, origin: path, read: async () => read() })),
  ]
  const texts = new Map([...values, ...files.map(({ name, text }) => [name, text] as const)])
  const { refreshAfterMs } = round
  const rotation = new SecretRotation({ bindings, texts, managers: opened.managers, refreshAfterMs })
  return { values, unreadable, issues, rotation }
}

async function readTemplate(template: SecretTemplate, round: SecretRound): Promise<string> {
  return fillTemplate(
    template,
    await Promise.all(template.references.map((reference) => round.read(reference))),
  )
}

/** Returns the references of a variable. Other text may contain a secret, and is left out. */
function shown(value: string, { references }: SecretTemplate): string {
  const all = references.map(showReference)
  return all[0] === value ? value : `a text with ${all.join(' and ')}`
}

function notAReference({ name }: ReferringVariable): string {
  return `${name}_FROM is not a reference to a secret (value hidden, because it may be the secret itself). Expected vault:path#field, or a text with such references in braces.`
}

function unknownManager(
  { name }: ReferringVariable,
  { references }: SecretTemplate,
  managers: readonly SecretManager[],
): string | undefined {
  const unknown = references.find(({ scheme }) => !managers.some((manager) => manager.scheme === scheme))
  if (!unknown) return undefined
  const factory = knownManagers[unknown.scheme]
  if (factory !== undefined) {
    return `${name}_FROM refers to the secret manager "${unknown.scheme}", which the program does not use. Pass it to the program: serve(service, { secrets: [${factory}] }).`
  }
  const known = managers.map(({ scheme }) => `${scheme}:`).join(', ')
  return `${name}_FROM refers to an unknown secret manager (value hidden, because it may be the secret itself). ${known === '' ? 'The program uses no secret manager: pass one in the option secrets of serve' : `A reference begins with ${known}`}.`
}

function doubles(managers: readonly SecretManager[]): string[] {
  const schemes = managers.map(({ scheme }) => scheme)
  const issues = schemes
    .filter((scheme, index) => schemes.indexOf(scheme) !== index)
    .map((scheme) => `The option secrets has two managers with the scheme "${scheme}". Change one scheme.`)
  const invalid = schemes.filter((scheme) => !/^[a-z][a-z0-9-]*$/.test(scheme))
  return [
    ...issues,
    ...invalid.map(
      (scheme) =>
        `The scheme of a secret manager is ${JSON.stringify(scheme)}; it must consist of lower-case letters, digits and hyphens, and begin with a letter.`,
    ),
  ]
}

async function openManagers(
  managers: readonly SecretManager[],
  source: Pick<SettingsSource, 'env' | 'mode'>,
) {
  const open = new Map<string, OpenSecretManager>()
  const issues: string[] = []
  await Promise.all(
    managers.map(async (manager) => {
      const found = (await manager.settings?.check(source)) ?? []
      issues.push(...found)
      if (found.length > 0) return
      try {
        open.set(manager.scheme, await manager.open(source))
      } catch (error) {
        issues.push(messageOf(error, manager))
      }
    }),
  )
  return { managers: open, issues }
}

function messageOf(error: unknown, { scheme }: SecretManager): string {
  if (error instanceof HoldfastError) return error.message
  return `The secret manager "${scheme}" could not be opened: ${String(error)}`
}
