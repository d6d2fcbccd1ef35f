import {
  type IdempotencyHost,
  idempotencyCapability,
  type IdempotencyOptions,
} from '../../effects/idempotency/idempotency.ts'
import { jobsCapability, type JobsHost, type JobsOptions } from '../../effects/jobs/jobs.ts'
import { messagesCapability, type MessagesHost } from '../../effects/messages/messages.ts'
import { accountsCapability } from '../../identity/accounts/account-capability.ts'
import { providersCapability } from '../../identity/oidc/provider-capability.ts'
import { passkeyMigrations } from '../../identity/passkeys/migrations.ts'
import { sessionsCapability } from '../../identity/sessions/session-capability.ts'
import { subjectsCapability } from '../../effects/subjects/subjects.ts'
import { webhookMigrations } from '../../effects/webhooks/migrations.ts'
import type { TenantsOptions } from '../../identity/tenants/tenant-options.ts'
import { tenantsCapability, type TenantsHost } from '../../identity/tenants/tenants.ts'
import { trailCapability } from '../../identity/trail/trail.ts'
import { apiKeyMigrations } from '../../identity/api-keys/migrations.ts'
import type { DatabaseCapability } from '../../storage/capability/database-capability.ts'
import { signingKeysCapability } from '../../storage/pages/signing-keys.ts'
import { readsCapability, type ReadsHost, type ReadsOptions } from '../../storage/reads/reads.ts'

/** The options of the capabilities. */
export interface CapabilityOptions extends IdempotencyOptions, ReadsOptions, JobsOptions, TenantsOptions {}

/** The parts of an open database that its capabilities can use. */
export interface AssemblyHost extends IdempotencyHost, ReadsHost, JobsHost, MessagesHost, TenantsHost {
  readonly options: CapabilityOptions
}

/**
 * The capabilities of a database: its tables, stages, effects and background work. Their
 * migrations, stages and parts of a worker run in this order. Messages start after jobs, because
 * the jobs' leader dispatches the messages. Webhooks only have tables, because they are used
 * through handlers' transactions.
 */
export const capabilities: readonly DatabaseCapability<AssemblyHost, CapabilityOptions>[] = [
  signingKeysCapability,
  readsCapability,
  idempotencyCapability,
  jobsCapability,
  messagesCapability,
  { migrations: webhookMigrations },
  { migrations: apiKeyMigrations },
  trailCapability,
  subjectsCapability,
  tenantsCapability,
  sessionsCapability,
  accountsCapability,
  { migrations: passkeyMigrations },
  providersCapability,
]
