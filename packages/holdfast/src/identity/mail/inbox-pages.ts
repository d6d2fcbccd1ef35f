import type {
  CapabilityPage,
  CapabilityPageAnswer,
  CapabilityPageRequest,
} from '../../kernel/background/open-capability.ts'
import type { ReceivedMail } from './received-mail.ts'
import { listPage, mailPage, missingPage, withPolicy } from './inbox-page.ts'
import { isLoopback } from './loopback.ts'

/*
 * The pages of an inbox. Mails contain tokens, so the pages answer only to this machine:
 * - The connection comes from a loopback address, and no proxy has forwarded it.
 * - The request names a host of this machine. Otherwise, a page of another site whose name resolves
 *   to 127.0.0.1 (DNS rebinding) could read the mails.
 * - The HTML of a mail is in a frame without scripts, without an origin and without remote content.
 */

/** Returns the pages of an inbox: the list, each mail, and the frame with the HTML of a mail. */
export function inboxPages(mails: readonly ReceivedMail[]): readonly CapabilityPage[] {
  const of = (answer: (mail: ReceivedMail) => CapabilityPageAnswer) => (request: CapabilityPageRequest) => {
    const mail = mails.find(({ number }) => String(number) === request.parameters['number'])
    return mail ? answer(mail) : missingPage()
  }
  return [
    {
      route: 'GET /dev/mail',
      announcement: 'mails are shown at this address, to clients on this machine',
      answer: onlyLocal(() => listPage(mails)),
    },
    { route: 'GET /dev/mail/{number}', answer: onlyLocal(of(mailPage)) },
    {
      route: 'GET /dev/mail/{number}/html',
      answer: onlyLocal(of(({ html }) => (html === undefined ? missingPage() : withPolicy(html)))),
    },
  ]
}

const forwardedHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

function onlyLocal(answer: CapabilityPage['answer']): CapabilityPage['answer'] {
  return (request) => (isLocal(request) ? answer(request) : missingPage())
}

function isLocal({ connectionAddress, header }: CapabilityPageRequest): boolean {
  if (connectionAddress === undefined || !isLoopback(withoutPrefix(connectionAddress))) return false
  if (forwardedHeaders.some((name) => header(name) !== undefined)) return false
  const host = URL.parse(`http://${header('host') ?? ''}`)?.hostname ?? ''
  return isLoopback(host.replace(/^\[(.*)\]$/, '$1'))
}

/** Returns the IPv4 address of a client of a socket that listens to IPv6, too. */
function withoutPrefix(address: string): string {
  return address.replace(/^::ffff:/i, '')
}
