import { accessMatrix, type OperationAccess, type Service } from 'holdfast'
import { type Command, offlineCommand } from '../command.ts'
import { loadService } from '../load-service.ts'
import { text } from '../option.ts'
import type { Column } from '../table.ts'
import { table } from '../table.ts'

/** Shows who may call the operations of a service. */
export const access: Command = offlineCommand({
  name: 'access',
  summary: 'Show who may call the operations of a service.',
  details:
    'The module exports the service, and does not start it: src/service.ts. In the table, yes: all callers of this kind are admitted; if: it depends on the caller, the input or a row; no: no caller of this kind.',
  arguments: ['module'],
  options: {
    export: text(
      'name',
      'The export that is the service. Default: the only service that the module exports.',
    ),
  },
  async run({ arguments: [module = ''], options }) {
    const service: Service = await loadService(module, options.export)
    const operations = accessMatrix(service)
    return {
      data: { service: service.name, operations },
      text: (screen) => table(columns, operations, screen),
    }
  },
})

const columns: readonly Column<OperationAccess>[] = [
  { title: 'OPERATION', value: ({ operation }) => operation, isFlexible: true },
  { title: 'ROUTE', value: ({ route }) => route, isFlexible: true },
  { title: 'ANONYMOUS', value: ({ anonymous }) => anonymous },
  { title: 'USER', value: ({ user }) => user },
  { title: 'SERVICE', value: ({ service }) => service },
  { title: 'RULE', value: ruleOf, isFlexible: true },
]

function ruleOf({ rule, publicBecause }: OperationAccess): string {
  return publicBecause ? `${rule}: ${publicBecause.join('; ')}` : rule
}
