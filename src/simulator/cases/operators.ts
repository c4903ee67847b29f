// Who does what the operator of a central system does in a case: the REST API of a Stator, a person, or nobody.

import type { Payload } from '../../blocks/values.ts'
import { type Operator, type RestAnswer, type RestRequest, Skipped } from './site.ts'

/** An operator that can take away again what it has made known. */
export interface RestOperator extends Operator {
  /** Deletes the charge points and id tokens. Returns the paths of those that stay: open transactions keep them. */
  removeMade(): Promise<readonly string[]>
}

/** Over the REST API of the Stator at `origin` (`http://host:port`), whose certificate is not checked. */
export function restOperator(origin: string, apiKey: string, password: string): RestOperator {
  const made: string[] = []
  const rest = async ({ path, method, body }: RestRequest): Promise<RestAnswer> => {
    const answer = await fetch(`${origin}${path}`, {
      method,
      headers: { 'X-API-Key': apiKey, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      tls: { rejectUnauthorized: false },
    })
    return { status: answer.status, body: parsed(await answer.text()) }
  }
  const create = async (path: string, id: string, body: Payload): Promise<void> => {
    const { status, body: told } = await rest({ path, method: 'POST', body })
    if (status !== 201) throw new Error(`POST ${path} answered ${status} ${JSON.stringify(told)}.`)
    made.push(`${path}/${encodeURIComponent(id)}`)
  }
  const isRemoved = async (path: string): Promise<boolean> => {
    const answer = await rest({ path, method: 'DELETE' }).catch(() => null)
    return answer?.status === 204 || answer?.status === 404
  }
  return {
    rest,
    provision: (chargePointId, settings) =>
      create('/api/chargepoints', chargePointId, { chargePointId, password, ...settings }),
    addIdToken: (idTag, more) => create('/api/id-tags', idTag, { idTag, status: 'Accepted', ...more }),
    async ask() {},
    async request() {},
    async removeMade() {
      const left: string[] = []
      for (const path of made.splice(0)) if (!(await isRemoved(path))) left.push(path)
      return left
    },
  }
}

/** How a person is asked: `ask` waits until they say that it is done, `request` does not wait. */
export type Asking = Pick<Operator, 'ask' | 'request'>

/** A person. `isKnown`: the charge point that was given on the command line exists. */
export function personOperator(asking: Asking, password: string, isKnown: boolean): Operator {
  return {
    ...asking,
    rest: null,
    async provision(identity, settings) {
      const more = Object.keys(settings).length === 0 ? '' : ` with ${JSON.stringify(settings)}`
      if (isKnown && more === '') return
      await asking.ask(`Make charge point ${identity} known${more}, with password ${password}.`)
    },
    addIdToken: (idToken, more) =>
      asking.ask(`Make id token ${idToken} known: ${JSON.stringify({ status: 'Accepted', ...more })}.`),
  }
}

/** Nobody is there: a case that needs an operator is skipped. */
export const nobody: Asking = { ask: needsOperator, request: needsOperator }

function needsOperator(sentence: string): Promise<never> {
  return Promise.reject(new Skipped(`it needs --api-key of a Stator, or a person at a terminal. ${sentence}`))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
