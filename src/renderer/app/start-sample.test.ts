import { beforeEach, expect, it } from 'vitest'
import { defaultPreferences } from '../../shared/domain/preferences.ts'
import { createFakeBridge } from './fake-bridge.test-support.ts'
import { preferences } from './preferences.ts'
import { leaveTour, openProject, resetSession, session } from './session.ts'
import { startSample } from './start-sample.ts'

beforeEach(() => {
  resetSession()
  preferences.setState(defaultPreferences, true)
})

it('begins with the tour until a person has left it, in whatever window that was', async () => {
  const project = await createFakeBridge().bridge.project.info({ projectId: 'p1' })
  openProject('p1')
  startSample(project)
  expect(session.getState().tourStep).toBe(0)
  leaveTour()
  expect(session.getState().tourStep).toBeNull()

  // Another window knows the preferences, which the Node side keeps, and nothing else.
  resetSession()
  openProject('p2')
  startSample(project)
  expect(session.getState()).toMatchObject({ activeClassId: project.classes[0]?.id, tourStep: null })
})
