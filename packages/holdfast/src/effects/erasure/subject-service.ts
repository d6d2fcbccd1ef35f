import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { checkSubject } from '../../kernel/background/subject.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { subjectIdOf } from '../subjects/subject-id.ts'
import { findSubjectServices } from './queries/find-services.ts'

/** Selects the service whose rows of the subject are read or erased. */
export interface SubjectOf {
  /**
   * The name of the service. Default: the only service that has rows of the subject. Other services
   * on the database are never touched.
   */
  readonly service?: string
}

/** A subject, and the services that have rows of this subject. */
export interface LocatedSubject {
  /** The stored form of the subject. */
  readonly subject: string
  /** The selected service; `undefined` if no service is given and no service has rows. */
  readonly service: string | undefined
  /** The other services that have rows of the subject. */
  readonly otherServices: readonly string[]
}

/**
 * Returns the stored form of a subject, and the selected service.
 *
 * @throws HoldfastError `subject-invalid`, or `subject-service-ambiguous` if no service is given
 *   and several have rows of the subject.
 */
export async function locateSubject(
  client: StatementClient,
  subject: string,
  { service: given }: SubjectOf,
): Promise<LocatedSubject> {
  checkSubject(subject, 'The call')
  const id = subjectIdOf(subject)
  const rows = await runStatement<{ service: string }>(client, findSubjectServices(id))
  const services = rows.map(({ service }) => service)
  if (given === undefined && services.length > 1)
    throw new HoldfastError(
      'subject-service-ambiguous',
      `Several services on this database have data about the subject ${JSON.stringify(subject)}. Name one of them: ${services.join(', ')}.`,
    )
  const service = given ?? services[0]
  return { subject: id, service, otherServices: services.filter((one) => one !== service) }
}
