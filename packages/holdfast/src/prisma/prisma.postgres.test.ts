import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AnyPrismaClient, prisma, type PrismaAdapter } from 'holdfast/prisma'
import { afterAll } from 'vitest'
import { testConformance } from '../../test/query-builders/conformance.ts'
import { generatePrismaClient } from '../../test/query-builders/generate-prisma-client.ts'
import type { Author, Sample } from '../../test/query-builders/query-builder.ts'

/** What of the generated client is used here. Its types are tested by the page of the documentation. */
interface Client extends AnyPrismaClient {
  readonly author: {
    findUnique(args: object): Promise<Author | null>
    create(args: object): Promise<Author>
  }
  readonly sample: {
    create(args: object): Promise<unknown>
    findUniqueOrThrow(
      args: object,
    ): Promise<Omit<Sample, 'day'> & { readonly id: number; readonly day: Date }>
  }
  $transaction<T>(run: (db: Client) => Promise<T>): Promise<T>
  $queryRawUnsafe(text: string): Promise<unknown>
}

// Below the packages, so that what the generated code imports is found.
const parent = join(import.meta.dirname, '../../test/.run')
await mkdir(parent, { recursive: true })
const folder = await mkdtemp(`${parent}/`)
afterAll(() => rm(folder, { recursive: true }))

await generatePrismaClient(
  folder,
  `generator client {
     provider   = "prisma-client"
     output     = "./generated"
     engineType = "client"
     generatedFileExtension = "ts"
     importFileExtension    = "ts"
   }
   datasource db {
     provider = "postgresql"
   }
   model Author {
     id   Int    @id
     name String @unique
     @@map("authors")
   }
   model Sample {
     id       Int      @id
     big      BigInt
     at       DateTime @db.Timestamptz(3)
     day      DateTime @db.Date
     document Json
     tags     String[]
     bytes    Bytes
     note     String?
     @@map("samples")
   }`,
)
const { PrismaClient } = (await import(
  /* @vite-ignore */ pathToFileURL(join(folder, 'generated/client.ts')).href
)) as { readonly PrismaClient: new (options: { readonly adapter: PrismaAdapter }) => Client }

await testConformance<Client>({
  database: (options) => prisma((adapter) => new PrismaClient({ adapter }), options) as never,
  findAuthor: (db, id) => db.author.findUnique({ where: { id } }),
  insertAuthor: (db, author) => db.author.create({ data: author }),
  nest: (db, run) => db.$transaction(run),
  refusesConcurrentNesting: /Concurrent nested transactions are not supported/,
  run: (db, text) => db.$queryRawUnsafe(text),
  writeSample: (db, { day, ...sample }) =>
    db.sample.create({ data: { id: 1, ...sample, day: new Date(`${day}T00:00:00Z`) } }),
  async readSample(db) {
    const { id: _, day, ...sample } = await db.sample.findUniqueOrThrow({ where: { id: 1 } })
    return { ...sample, day: day.toISOString().slice(0, 10) }
  },
})
