import { beforeEach, describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { AppError } from '../../../shared/errors.ts'
import { defaultPreferences } from '../../../shared/domain/preferences.ts'
import { createFakeBridge, fakeModel } from '../../app/fake-bridge.test-support.ts'
import type { FakeBridge, FakeOptions } from '../../app/fake-bridge.test-support.ts'
import { preferences } from '../../app/preferences.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { openProject, resetSession, session } from '../../app/session.ts'
import { SegmentDialog } from '../batch/SegmentDialog.tsx'
import { LearnPanel } from '../learn/LearnPanel.tsx'
import { ModelPanel } from './ModelPanel.tsx'

async function show(options: FakeOptions = {}): Promise<FakeBridge> {
  const fake = createFakeBridge(options)
  await render(
    <Surroundings fake={fake}>
      <ModelPanel />
    </Surroundings>,
  )
  return fake
}

describe('the model panel', () => {
  beforeEach(() => {
    resetSession()
    preferences.setState({ ...defaultPreferences, language: 'en', predictor: 'msdnet' }, true)
    return () => preferences.setState(defaultPreferences, true)
  })

  it('names the model in use with what it is, and changes it', async () => {
    await show()
    await expect.element(page.getByRole('radio', { name: /MSDNet/ })).toBeChecked()
    await expect.element(page.getByText(/20\.4 MB · trained on photographs · Apache-2\.0/)).toBeVisible()
    await page.getByRole('radio', { name: /Training-free/ }).click()
    expect(preferences.getState().predictor).toBe('training-free')
  })

  it('says why a model cannot be used, and lets the person choose another one', async () => {
    const path = '/opt/models/msdnet-light.onnx'
    const error = { key: 'modelMissing', params: { path } }
    await show({
      models: [
        fakeModel({ problem: { name: 'msdnet', reason: 'x', error } }),
        fakeModel({ name: 'training-free' }),
        fakeModel({ name: 'old', origin: 'added', problem: { name: 'old', reason: 'It is damaged.' } }),
      ],
    })
    // The one in use stays chosen: nothing else takes its place by itself.
    await expect.element(page.getByRole('radio', { name: /MSDNet/ })).toBeChecked()
    await expect.element(page.getByTestId('problems')).toMatchTextContent(/The model file \/opt\/models\/msdnet-light\.onnx cannot be read/)
    await expect.element(page.getByRole('radio', { name: /old/ })).toBeDisabled()
    await expect.element(page.getByRole('radio', { name: /Training-free/ })).toBeEnabled()
  })

  it('says so when the chosen model is gone', async () => {
    preferences.setState({ predictor: 'borrowed' })
    await show()
    await expect.element(page.getByTestId('model-gone')).toMatchTextContent(/borrowed is not here any more/)
  })

  it('adds a model from its folder', async () => {
    const fake = await show()
    await page.getByRole('button', { name: 'Add a model…' }).click()
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'Add this folder' }).click()
    await expect.element(page.getByRole('radio', { name: /workshop-net/ })).toBeVisible()
    expect(fake.calls.find(({ name }) => name === 'models.add')?.input).toEqual({ placeId: 'home' })
    expect(session.getState().announcements.map(({ text }) => text)).toEqual([
      'The model workshop-net was added and can be chosen.',
    ])
  })

  it('shows why a model is not added', async () => {
    await show({
      addModel: new AppError('ModelMismatch', 'modelFault', 'x', { params: { path: 'a.onnx', fault: 'it has no output' } }),
    })
    await page.getByRole('button', { name: 'Add a model…' }).click()
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'Add this folder' }).click()
    await expect.element(page.getByRole('alert')).toMatchTextContent(/a\.onnx cannot be used: it has no output/)
  })
})

describe('a class that another model taught', () => {
  beforeEach(() => {
    resetSession()
    openProject('p1')
  })

  it('learns again by one press in the panel of its examples', async () => {
    const fake = createFakeBridge()
    fake.classes.splice(0, 1, { ...fake.classes[0]!, unlearned: 0, learnAgain: true })
    session.setState({ activeClassId: 'c0' })
    await render(
      <Surroundings fake={fake}>
        <LearnPanel whenSaved={() => Promise.resolve(true)} />
      </Surroundings>,
    )
    await expect.element(page.getByTestId('learn-costs')).toMatchTextContent(/Version 2 was made with another model/)
    await page.getByRole('button', { name: /Learn again/ }).click()
    await expect.poll(() => fake.calls.filter(({ name }) => name === 'learn.run').length).toBe(1)
  })

  it('cannot be segmented before, and learns again where that is asked for', async () => {
    const fake = createFakeBridge()
    fake.classes.splice(0, 1, { ...fake.classes[0]!, learnAgain: true })
    await render(
      <Surroundings fake={fake}>
        <SegmentDialog onClose={() => undefined} />
      </Surroundings>,
    )
    await expect.element(page.getByTestId('learn-again')).toMatchTextContent(/bolt was learnt with another model/)
    await expect.element(page.getByRole('button', { name: 'Start' })).toBeDisabled()
    await page.getByRole('button', { name: 'Learn again' }).click()
    await expect.poll(() => fake.calls.find(({ name }) => name === 'learn.run')?.input).toEqual({
      projectId: 'p1',
      classId: 'c0',
    })
    fake.classes.splice(0, 1, { ...fake.classes[0]!, learnAgain: false })
    fake.emitChanged({ all: true })
    await expect.element(page.getByRole('button', { name: 'Start' })).toBeEnabled()
  })
})
