// Paths of requests as the log shows them.

import { expect, test } from 'bun:test'
import { shownPath } from '../../../src/api/shown-path.ts'

test.each([
  ['/api/id-tags/USER123', '/api/id-tags/{idTag}'],
  ['/api/id-tags/A%20B/erase', '/api/id-tags/{idTag}/erase'],
  ['/api/id-tags/A/B/erase/', '/api/id-tags/{idTag}/erase'],
  ['/api//id-tags//USER123', '/api//id-tags//{idTag}'],
  ['/API/ID-TAGS/USER123/', '/API/ID-TAGS/{idTag}'],
  ['/api/idTag/USER123/ersae', '/api/idTag/{idTag}'],
  ['/api/id-tags/A\nB', '/api/id-tags/{idTag}'],
  ['/api/id-tags/', '/api/id-tags/'],
  ['/api/id-token-erasures/3', '/api/id-token-erasures/3'],
  ['/api/id-tags', '/api/id-tags'],
  ['/api/id-tags:batch', '/api/id-tags:batch'],
  ['/api/id-tags.csv', '/api/id-tags.csv'],
  ['/api/chargepoints/CP001', '/api/chargepoints/CP001'],
])('%s is shown as %s', (path, shown) => expect(shownPath(path)).toBe(shown))
