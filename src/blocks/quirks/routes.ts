// /api/quirk-profiles: what charge points of a vendor, model and firmware need. GET one exports it, PUT imports it.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest, notFound } from '../../api/errors.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { body, errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { StatorError } from '../../base/errors.ts'
import { quirkProfilesMax } from '../../base/limits.ts'
import type { QuirkProfile as Profile } from '../../ocpp/quirk-profile.ts'
import { profileName, QuirkProfile, QuirkProfileInput } from './route-profile-schema.ts'
import { shippedQuirkProfiles } from './shipped.ts'

const tags = ['Quirks']

const ListedProfile = z
  .object({
    source: z.enum(['shipped', 'imported']).openapi({
      description: 'Whether it comes with Stator, or an operator has imported it.',
    }),
    profile: QuirkProfile,
  })
  .openapi('ListedQuirkProfile')

const ProfileParams = z.object({ name: profileName.openapi({ param: { name: 'name', in: 'path' } }) })

const path = '/api/quirk-profiles/{name}'

const listRoute = routeFor('quirk:read', {
  method: 'get',
  path: '/api/quirk-profiles',
  operationId: 'listQuirkProfiles',
  tags,
  summary: 'List quirk profiles',
  description:
    'By name. A profile says what charge points of a vendor, model and firmware need. Which one applies to a charge point is decided by its boot (the pattern with the most characters), or by an operator: see `quirkProfile` and `appliedQuirkProfile` of the charge point.',
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, quirkProfiles: z.array(ListedProfile) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const getRoute = routeFor('quirk:read', {
  method: 'get',
  path,
  operationId: 'getQuirkProfile',
  tags,
  summary: 'Export a quirk profile',
  description: 'As a file has it: it can be imported at another Stator.',
  request: { params: ProfileParams },
  responses: { 200: json(QuirkProfile, 'The profile.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

const putRoute = routeFor('quirk:write', {
  method: 'put',
  path,
  operationId: 'storeQuirkProfile',
  tags,
  summary: 'Import a quirk profile',
  description:
    'The file is the body. It counts at once, at other nodes within ten seconds. One with the name of a profile that comes with Stator counts instead of it. `askForBoot`, `askForStatus` and `readBack` have Stator send CALLs by itself.',
  request: { params: ProfileParams, body: body(QuirkProfileInput, true) },
  responses: {
    200: json(QuirkProfile, 'It was imported before, and is replaced.'),
    201: json(QuirkProfile, 'It is imported.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const deleteRoute = routeFor('quirk:write', {
  method: 'delete',
  path,
  operationId: 'deleteQuirkProfile',
  tags,
  summary: 'Delete an imported quirk profile',
  description:
    'If one of this name comes with Stator, that one counts again. To switch that off, import one of its name that says nothing. Charge points for which an operator has chosen it have no profile then.',
  request: { params: ProfileParams },
  responses: { 204: { description: 'It is gone.' }, ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

/** Quirk profiles. */
export function quirkProfileRoutes({ queries, quirks, clock }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()
  const named = async (name: string) => (await queries.importedQuirkProfiles()).find((each) => each.name === name)
  const shipped = (name: string) => shippedQuirkProfiles.find((each) => each.name === name)

  app.openapi(listRoute, async (c) => {
    const page = c.req.valid('query')
    const imported = await queries.importedQuirkProfiles()
    const names = new Set(imported.map(({ name }) => name))
    const all = [
      ...shippedQuirkProfiles.filter(({ name }) => !names.has(name)).map((each) => listed('shipped', each)),
      ...imported.map((each) => listed('imported', each)),
    ].toSorted((a, b) => (a.profile.name < b.profile.name ? -1 : 1))
    const from = (page.page - 1) * page.pageSize
    const paged = pageOf({ totalCount: all.length, items: [] }, page)
    return c.json({ ...paged, quirkProfiles: all.slice(from, from + page.pageSize) }, 200)
  })

  app.openapi(getRoute, async (c) => {
    const { name } = c.req.valid('param')
    const profile = (await named(name)) ?? shipped(name)
    if (profile === undefined) throw notFound('Quirk profile', name)
    return c.json(viewOf(profile), 200)
  })

  app.openapi(putRoute, async (c) => {
    const { name } = c.req.valid('param')
    const { name: written = name, ...rest } = c.req.valid('json')
    if (written !== name) throw badRequest('name', `Name '${written}' must be left out, or '${name}' as in the path`)
    const profile: Profile = { name, ...rest }
    const before = await named(name)
    const stored = await queries.storeQuirkProfile(profile, clock.nowMs())
    if (stored === null) throw new StatorError('CONFLICT', `There are ${quirkProfilesMax} profiles; delete one`)
    await quirks.refresh()
    const view = viewOf(profile)
    noteChange(c, { ...(before === undefined ? {} : { before: viewOf(before) }), after: view })
    return stored === 'created' ? c.json(view, 201) : c.json(view, 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const { name } = c.req.valid('param')
    const before = await named(name)
    if (before === undefined || !(await queries.deleteQuirkProfile(name)))
      throw notFound('Imported quirk profile', name)
    await quirks.refresh()
    noteChange(c, { before: viewOf(before) })
    return c.body(null, 204)
  })

  return app
}

function listed(source: 'shipped' | 'imported', profile: Profile) {
  return { source, profile: viewOf(profile) }
}

function viewOf({ appliesTo, ...rest }: Profile) {
  return { ...rest, ...(appliesTo === undefined ? {} : { appliesTo: [...appliesTo] }) }
}
