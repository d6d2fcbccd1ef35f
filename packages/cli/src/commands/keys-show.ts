import type { Json } from 'holdfast'
import { showKey, type StoredKey } from 'holdfast/idempotency'
import { type Command, command } from '../command.ts'
import { fields } from '../fields.ts'
import { formatTime } from '../format-time.ts'
import { flag, text } from '../option.ts'
import { printable, printableJson } from '../printable.ts'
import { redactJson, redactText } from '../redact-stored.ts'
import { present } from '../present.ts'
import type { Screen } from '../screen.ts'

/** Shows one idempotency key. */
export const keysShow: Command = command({
  name: 'keys show',
  summary: 'Show an idempotency key and its stored answer.',
  arguments: ['key'],
  options: {
    scope: text('scope', 'The caller who used the key. Required if several callers used the same key.'),
    'show-body': flag('Show the answer unredacted. By default, values with sensitive names are hidden.'),
  },
  async run({ arguments: [key = ''], options, client }) {
    const found = await showKey(client, key, present({ scope: options.scope }))
    const shown = options['show-body'] ? found : redactKey(found)
    return { data: shown, text: (screen) => describe(shown, screen) }
  },
})

function redactKey(key: StoredKey): StoredKey {
  const headers = redactJson(key.headers) as StoredKey['headers']
  return { ...key, headers, body: key.body === null ? null : redactBody(key.body) }
}

function redactBody(body: string): string {
  const json = parseJson(body)
  return json === undefined ? redactText(body) : JSON.stringify(redactJson(json))
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    // The response of an operation need not be JSON.
    return undefined
  }
}

function describe(
  { key, scope, status, createdAt, isSealed, headers, body }: StoredKey,
  screen: Screen,
): string {
  const json = body === null ? undefined : parseJson(body)
  return [
    fields(
      [
        ['Key', key],
        ['Scope', scope === '' ? '(no caller)' : scope],
        ['Answered', formatTime(createdAt, screen.now)],
        ['Status', String(status)],
        ...(isSealed ? [['Answer', 'sealed; only a retry with the key can read it'] as const] : []),
        ...Object.entries(headers).map(([name, value]) => [`  ${name}`, value] as const),
      ],
      screen,
    ),
    ...(body === null ? [] : ['', json === undefined ? printable(body) : printableJson(json)]),
  ].join('\n')
}
