import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readHovers } from './language-server.ts'

test('editors show the types of definitions in the words of their author', async () => {
  const hovers = await readHovers(fileURLToPath(new URL('program.ts', import.meta.url)))
  const limitExceeded = 'ProblemErrorWith<"limit-exceeded", { limit: number; }>'
  const getAccount = `Query<{ id: string; }, { balance: number; }, ${limitExceeded}>`
  const transfer = `Mutation<{ amount: number; }, { id: string; }, ProblemError<"insufficient-funds"> | ${limitExceeded}>`
  const wire = 'readonly limit?: number; readonly count?: boolean; readonly cursor?: string; owner: string;'
  const request =
    'readonly limit: number; readonly style?: "cursor"; readonly count?: boolean | undefined; readonly cursor?: string | undefined; owner: string;'
  const values = '{ readonly BANK_URL: string | undefined; readonly MODE: "dry" | "live"; }'
  expect(hovers).toEqual([
    'const InsufficientFunds: Problem<"insufficient-funds">',
    'const LimitExceeded: ProblemWith<"limit-exceeded", { limit: number; }>',
    'const occurred: ProblemError<"insufficient-funds">',
    'const TransferCreated: EventType<{ id: string; }, { id: string; }>',
    'const member: Access<{ kind: string; id: string; }, undefined, unknown>',
    `const getAccount: ${getAccount}`,
    `(parameter) given: ${values}`,
    `const listAccounts: Query<{ ${wire} }, Page<{ id: string; }, "cursor">, never>`,
    `(parameter) input: { ${request} }`,
    `const filters: Schema<{ ${wire} }, { ${request} }>`,
    `const transfer: ${transfer}`,
    'const closeAccount: Mutation<Record<string, never>, void, never>',
    'const settle: Job<{ id: string; }>',
    `(property) JobDefinition<ZodObject<{ id: ZodString; }, $strip>, SqlDatabase, ${values}>.deadline?: Duration`,
    'const sent: { receipt: string; }',
    'const seen: Message<{ id: string; }> | undefined',
    `const bank: Service<{ readonly getAccount: ${getAccount}; readonly transfer: ${transfer}; }>`,
    `const mixed: Service<{ readonly getAccount: ${getAccount}; }>`,
  ])
})
