import { beforeEach, describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import type { AnnotationRecord } from '../../../shared/domain/records.ts'
import { createFakeBridge } from '../../app/fake-bridge.test-support.ts'
import type { FakeBridge } from '../../app/fake-bridge.test-support.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { openImage, openProject, resetSession, session, setActiveClass } from '../../app/session.ts'
import { LearnPanel } from './LearnPanel.tsx'

const drawn: AnnotationRecord = {
  id: 'a1',
  imageId: 'i0',
  classId: 'c0',
  kind: 'mask',
  origin: 'drawn',
  state: 'accepted',
  score: null,
  versionId: null,
  polygon: null,
  crowd: false,
  box: null,
  createdAt: '2026-03-01T10:00:00.000Z',
  area: 100,
  bounds: [0, 0, 10, 10],
  maskRevision: 1,
}

async function show(): Promise<FakeBridge> {
  const fake = createFakeBridge()
  await render(
    <Surroundings fake={fake}>
      <LearnPanel whenSaved={() => Promise.resolve(true)} />
    </Surroundings>,
  )
  await expect.poll(() => fake.calls.some(({ name }) => name === 'images.get')).toBe(true)
  return fake
}

const use = page.getByRole('button', { name: 'Use as example' })

describe('use as example', () => {
  beforeEach(() => {
    resetSession()
    openProject('p1')
    openImage('i0')
    setActiveClass('c0')
  })

  it('takes what was stored a moment ago, before the window has heard of it', async () => {
    const fake = await show()
    fake.annotations.push(drawn)
    await use.click()
    await expect
      .poll(() => fake.calls.find(({ name }) => name === 'supports.set')?.input)
      .toEqual({ projectId: 'p1', annotationIds: ['a1'], role: 'example' })
  })

  it('says what to do where nothing is outlined', async () => {
    const fake = await show()
    await use.click()
    await expect
      .poll(() => session.getState().announcements.map(({ text }) => text))
      .toEqual(['Select an accepted annotation, or draw one of the active class, then use it as an example.'])
    expect(fake.calls.some(({ name }) => name === 'supports.set')).toBe(false)
  })
})
