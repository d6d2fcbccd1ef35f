import type { Engine } from './engine.ts'

/** The engines that are compared. */
export type EngineName = 'graphile-worker' | 'pg-boss' | 'holdfast'

const engines: Readonly<Record<EngineName, () => Promise<{ readonly engine: Engine }>>> = {
  'graphile-worker': () => import('./engines/graphile-worker.ts'),
  'pg-boss': () => import('./engines/pg-boss.ts'),
  holdfast: () => import('./engines/holdfast.ts'),
}

/** Loads only the engine with this name. */
export async function engineNamed(name: EngineName): Promise<Engine> {
  return (await engines[name]()).engine
}
