import { join } from 'node:path'
import { expect, test } from 'vitest'
import { areaIn, endOwner, finalPath, newOwner, preparedName, stagingIn } from './export-owners.ts'
import { temporaryPath } from './text-file.ts'

test('errors about files in preparation name the place where they were to go', () => {
  const owner = newOwner()
  endOwner(owner)
  const out = join('/data', 'out')
  const staging = stagingIn(areaIn(out, owner))
  const labels = join(staging, 'labels', 'a.txt')
  expect(finalPath(labels)).toBe(join(out, 'labels', 'a.txt'))
  expect(finalPath(temporaryPath(labels))).toBe(join(out, 'labels', 'a.txt'))
  expect(finalPath(temporaryPath(join(out, 'images', 'a.jpg')))).toBe(join(out, 'images', 'a.jpg'))
  expect(finalPath(staging)).toBe(out)
  // The trial whether a sub-folder may be written to.
  expect(finalPath(areaIn(join(out, 'labels'), owner))).toBe(join(out, 'labels'))
  expect(finalPath(join(out, '.hidden', 'a.tmp'))).toBe(join(out, '.hidden', 'a.tmp'))
  expect(preparedName(labels)).toBe(join('labels', 'a.txt'))
  expect(preparedName(join(out, 'labels', 'a.txt'))).toBeNull()
})
