import type { JobDefinition, Schema } from 'holdfast'

type Style = 'plain' | 'fancy'

type Duration = JobDefinition<Schema, unknown>['deadline']

interface Common {
  readonly name: string
  readonly timeout: Duration
}

/** Options whose types take every form that a table shortens. */
export interface PlantedOptions<Input extends object> extends Partial<Omit<Common, 'name'>> {
  readonly style: Style
  readonly name?: Common['name']
  readonly sizes?: readonly (number | string)[] | undefined
  readonly input?: NoInfer<Input> | ((size: number) => Input)
  run(context: Input): string | Promise<string>
}
