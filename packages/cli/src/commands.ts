import type { Command } from './command.ts'
import { access } from './commands/access.ts'
import { cursorsRotate } from './commands/cursors-rotate.ts'
import { dbCommands } from './commands/db/db-commands.ts'
import { jobsCancel } from './commands/jobs-cancel.ts'
import { jobsList } from './commands/jobs-list.ts'
import { jobsPause } from './commands/jobs-pause.ts'
import { jobsRedrive } from './commands/jobs-redrive.ts'
import { jobsResume } from './commands/jobs-resume.ts'
import { jobsRetry } from './commands/jobs-retry.ts'
import { jobsShow } from './commands/jobs-show.ts'
import { jobsSkip } from './commands/jobs-skip.ts'
import { keysCommands } from './commands/keys-commands.ts'
import { messagesCommands } from './commands/messages-commands.ts'
import { secretsGenerate } from './commands/secrets-generate.ts'
import { subjectCommands } from './commands/subjects/subject-commands.ts'
import { tenantsPolicies } from './commands/tenants-policies.ts'
import { webhookCommands } from './commands/webhooks/webhook-commands.ts'
import { trailCommands } from './commands/trail/trail-commands.ts'

/** All commands, in the order of the help. */
export const commands: readonly Command[] = [
  jobsList,
  jobsShow,
  jobsRetry,
  jobsCancel,
  jobsRedrive,
  jobsSkip,
  jobsPause,
  jobsResume,
  ...messagesCommands,
  ...keysCommands,
  ...webhookCommands,
  ...subjectCommands,
  ...trailCommands,
  access,
  cursorsRotate,
  secretsGenerate,
  tenantsPolicies,
  ...dbCommands,
]
