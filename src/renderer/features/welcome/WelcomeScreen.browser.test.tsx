import { beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { drop, dragOver } from '../../app/drop.test-support.ts'
import { createFakeBridge } from '../../app/fake-bridge.test-support.ts'
import { takeHandedOver } from '../../app/handed-over.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { resetSession, session } from '../../app/session.ts'
import { WelcomeScreen } from './WelcomeScreen.tsx'

describe('the welcome screen', () => {
  beforeEach(() => resetSession())

  it('makes a project of that name in the folder browsed to', async () => {
    const fake = createFakeBridge()
    await render(
      <Surroundings fake={fake}>
        <WelcomeScreen onSample={() => undefined} />
      </Surroundings>,
    )
    await page.getByRole('button', { name: 'New project' }).click()
    const dialog = page.getByTestId('new-project')
    const create = dialog.getByRole('button', { name: 'Create project' })
    // The name has the focus already.
    await userEvent.keyboard('Bolts')
    await expect.element(create).toBeDisabled()
    await dialog.getByRole('button', { name: 'home', exact: true }).click()
    await expect.element(dialog.getByText('Creates the folder “Bolts” in “home”.')).toBeVisible()
    await create.click()
    await expect.poll(() => session.getState().screen).toBe('gallery')
    expect(fake.calls).toContainEqual({ name: 'project.create', input: { placeId: 'home', name: 'Bolts' } })
  })

  it('starts a project with what is dropped on it', async () => {
    await render(
      <Surroundings fake={createFakeBridge()}>
        <WelcomeScreen onSample={() => undefined} />
      </Surroundings>,
    )
    dragOver({ 'a.jpg': 'x' })
    await expect.element(page.getByTestId('drop-hint')).toMatchTextContent(/to start a project with them/)
    drop({ photos: { 'a.jpg': 'x' } })
    const dialog = page.getByTestId('new-project')
    await expect.element(dialog).toMatchTextContent(/What you dropped is imported as soon as the project is made\./)
    await userEvent.keyboard('Bolts')
    await dialog.getByRole('button', { name: 'home', exact: true }).click()
    await dialog.getByRole('button', { name: 'Create project' }).click()
    await expect.poll(() => session.getState().screen).toBe('gallery')
    const paths: string[] = []
    for await (const { path } of takeHandedOver()?.given.walk() ?? []) paths.push(path)
    expect(paths).toEqual(['a.jpg'])
    expect(takeHandedOver()).toBeNull()
  })

  it('does not take a project, but says how it is opened', async () => {
    await render(
      <Surroundings fake={createFakeBridge()}>
        <WelcomeScreen onSample={() => undefined} />
      </Surroundings>,
    )
    drop({ workshop: { 'project.db': 'x', images: { 'a.jpg': 'x' } } })
    const notice = page.getByTestId('dropped-project')
    await expect.element(notice).toMatchTextContent(/“workshop” is a project already, so it is not uploaded\./)
    await notice.getByRole('button', { name: 'Open project' }).click()
    await expect.element(page.getByTestId('open-project')).toBeVisible()
    expect(takeHandedOver()).toBeNull()
  })

  it('opens only folders that hold a project, and shows why a folder cannot be made', async () => {
    const fake = createFakeBridge()
    await render(
      <Surroundings fake={fake}>
        <WelcomeScreen onSample={() => undefined} />
      </Surroundings>,
    )
    await page.getByRole('button', { name: 'Open project' }).click()
    const dialog = page.getByTestId('open-project')
    await dialog.getByRole('button', { name: 'home', exact: true }).click()
    await expect.element(dialog.getByText('This folder holds no project yet.')).toBeVisible()
    await dialog.getByRole('button', { name: 'workshop project' }).click()
    await dialog.getByRole('button', { name: 'Open “workshop”' }).click()
    await expect.poll(() => session.getState().projectId).toBe('p1')
    expect(fake.calls).toContainEqual({ name: 'project.open', input: { placeId: 'workshop' } })
  })

  it('shows a failed new folder as a sentence and keeps the dialog', async () => {
    await render(
      <Surroundings fake={createFakeBridge()}>
        <WelcomeScreen onSample={() => undefined} />
      </Surroundings>,
    )
    await page.getByRole('button', { name: 'New project' }).click()
    const dialog = page.getByTestId('new-project')
    await dialog.getByRole('button', { name: 'home', exact: true }).click()
    await dialog.getByRole('button', { name: 'New folder' }).click()
    await userEvent.keyboard('photos{Enter}')
    await expect.element(dialog.getByRole('alert')).toMatchTextContent(/There is a folder "photos" already\./)
    await userEvent.keyboard('{Escape}')
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument()
  })

  it('opens a recent project but not a missing one', async () => {
    const recent = [
      { recentId: 'r1', name: 'Bolts', missing: false },
      { recentId: 'r2', name: 'Gone', missing: true },
    ]
    const fake = createFakeBridge({ recent })
    await render(
      <Surroundings fake={fake}>
        <WelcomeScreen onSample={() => undefined} />
      </Surroundings>,
    )
    await expect.element(page.getByRole('button', { name: /^Open Gone/ })).toBeDisabled()
    await page.getByRole('button', { name: /^Open Bolts/ }).click()
    await expect.poll(() => session.getState().projectId).toBe('p1')
    expect(fake.calls).toContainEqual({ name: 'project.open', input: { recentId: 'r1' } })
  })

  it('opens the sample project with one click and hands it on; without its pictures it is not offered', async () => {
    const fake = createFakeBridge({ hasSample: true })
    const opened: string[] = []
    const screen = await render(
      <Surroundings fake={fake}>
        <WelcomeScreen onSample={(project) => opened.push(project.name)} />
      </Surroundings>,
    )
    const card = page.getByTestId('sample-card')
    await expect.element(card).toBeVisible()
    const pictures = card.element().querySelectorAll('img')
    await expect.poll(() => [...pictures].every((each) => each.complete && each.naturalWidth > 0)).toBe(true)
    await card.click()
    await expect.poll(() => session.getState().projectId).toBe('p1')
    expect(opened).toEqual(['Workshop parts'])
    await screen.unmount()
    resetSession()
    await render(
      <Surroundings fake={createFakeBridge()}>
        <WelcomeScreen onSample={() => undefined} />
      </Surroundings>,
    )
    await expect.element(page.getByText('No projects yet.', { exact: false })).toBeVisible()
    await expect.element(page.getByTestId('sample-card')).not.toBeInTheDocument()
  })
})
