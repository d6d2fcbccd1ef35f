export type { KyselyRead, KyselyWrite } from './databases/kysely/bind-kysely.ts'
export { kysely, type KyselyOptions } from './databases/kysely/kysely.ts'
export { list, type ListOptions, type ListStatement } from './databases/kysely/list.ts'
export { type KyselyOwnsOptions, owns } from './databases/kysely/owns.ts'
