import { keysAtScale } from './bench/scale/keys.ts'
import { toMarkdown } from './bench/to-markdown.ts'
const ends: (() => unknown)[] = []
const t = await keysAtScale({ rounds: Number(process.env.ROUNDS ?? 1), seconds: 1, processes: undefined as never, atEnd: (f) => void ends.unshift(f), notify: console.error })
console.log(toMarkdown(t))
for (const end of ends) await end()
process.exit(0)
