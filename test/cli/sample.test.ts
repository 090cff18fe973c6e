import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { exemplarJson } from '../support/run-exemplar.ts'

describe('exemplar new --sample', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-sample-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('makes the sample project where it is told to', async () => {
    const project = join(folder, 'try')
    const made = await exemplarJson(['new', project, '--sample', '--name', 'First try'])
    expect(made).toMatchObject({ name: 'First try', location: project, imageCount: 24, images: { unlabelled: 24 } })
    expect(await exemplarJson(['info', project])).toMatchObject({
      classes: [{ name: 'washer' }, { name: 'nut' }, { name: 'bolt' }],
    })
    await exemplarJson(['new', project, '--sample'], 1)
  })
})
