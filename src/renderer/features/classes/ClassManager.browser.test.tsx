import { beforeEach, describe, expect, it, vi } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import type { HistoryEntry } from '../../../shared/domain/history.ts'
import { palettes } from '../../../shared/domain/palette.ts'
import { createFakeBridge } from '../../app/fake-bridge.test-support.ts'
import type { FakeBridge } from '../../app/fake-bridge.test-support.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { openProject, resetSession, session } from '../../app/session.ts'
import { ClassManager } from './ClassManager.tsx'

const names = ['bolt', 'nut', 'washer', 'screw']
let fake: FakeBridge

async function open(classNames: readonly string[] = names): Promise<void> {
  fake = createFakeBridge({ classNames: [...classNames] })
  await render(
    <Surroundings fake={fake}>
      <ClassManager whenSaved={() => Promise.resolve(true)} onClose={() => undefined} />
    </Surroundings>,
  )
  await expect.poll(order).toEqual(classNames)
}

function row(name: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[data-testid=manager-row][data-class-name="${name}"]`)
  if (found === null) throw new Error(`no row of ${name}`)
  return found
}

function order(): (string | undefined)[] {
  return [...document.querySelectorAll<HTMLElement>('[data-testid=manager-row]')].map(
    (each) => each.dataset['className'],
  )
}

function committed(): HistoryEntry[] {
  return fake.calls
    .filter((call) => call.name === 'history.commit')
    .map((call) => (call.input as { readonly entry: HistoryEntry }).entry)
}

function called(name: string): unknown[] {
  return fake.calls.filter((call) => call.name === name).map((call) => call.input)
}

beforeEach(async () => {
  await page.viewport(1280, 800)
  resetSession()
  openProject('p1')
})

describe('ClassManager', () => {
  it('says what each class has and finds classes by name', async () => {
    await open()
    await expect.poll(() => row('bolt').textContent).toContain('812 proposed')
    expect(row('bolt').textContent).toContain('3 examples')
    expect(row('nut').textContent).toContain('nothing yet')
    await page.getByRole('searchbox', { name: 'Search classes' }).fill('S')
    await expect.poll(order).toEqual(['washer', 'screw'])
    await page.getByRole('searchbox').fill('zebra')
    await expect.element(page.getByText('No class matches “zebra”.')).toBeVisible()
  })

  it('renames in place, refuses a name that exists in another case, and takes it back by Esc', async () => {
    await open()
    const field = page.getByRole('textbox', { name: 'Name of nut' })
    await field.fill('BOLT')
    await expect.element(page.getByRole('alert')).toMatchTextContent(/There is a class “BOLT” already/)
    await userEvent.keyboard('{Enter}')
    expect(committed()).toEqual([])
    await userEvent.keyboard('{Escape}')
    await expect.element(field).toHaveValue('nut')
    await field.fill('hex nut')
    await userEvent.keyboard('{Enter}')
    await expect.poll(order).toContain('hex nut')
    expect(committed()).toHaveLength(1)
    expect(committed()[0]).toMatchObject({ labelKey: 'changeClass', labelParams: { class: 'hex nut' } })
  })

  it('changes colour, key, kind and the class above, each in one step', async () => {
    await open()
    await page.getByRole('button', { name: 'Colour of nut' }).click()
    await page.getByRole('button', { name: palettes.strong[2] }).click()
    await expect.poll(() => committed().length).toBe(1)
    await page.getByRole('combobox', { name: 'Key of nut' }).selectOptions('1')
    await expect.poll(() => committed().length).toBe(2)
    await page.getByRole('combobox', { name: 'Proposals of nut' }).selectOptions('Separate objects')
    await expect.poll(() => committed().length).toBe(3)
    const above = page.getByRole('combobox', { name: 'Class above nut' })
    await above.click()
    await above.selectOptions('bolt')
    await expect.poll(() => committed().length).toBe(4)
    expect(fake.classes.find((each) => each.name === 'nut')).toMatchObject({
      colour: palettes.strong[2],
      key: '1',
      split: 'instances',
      parentId: 'c0',
    })
    // The key went over from the class that had it, in the same step.
    expect(fake.classes.find((each) => each.name === 'bolt')?.key).toBeNull()
    await page.getByRole('combobox', { name: 'Class above bolt' }).click()
    const options = page.getByRole('combobox', { name: 'Class above bolt' }).element().querySelectorAll('option')
    expect([...options].map((option) => option.textContent)).toEqual(['none', 'washer', 'screw'])
  })

  it('changes the order by keyboard and by drag, each in one step', async () => {
    await open()
    page
      .getByRole('button', { name: /^Move bolt/ })
      .element()
      .focus()
    await userEvent.keyboard('{ArrowDown}')
    await expect.poll(order).toEqual(['nut', 'bolt', 'washer', 'screw'])
    await userEvent.keyboard('{ArrowDown}')
    await expect.poll(order).toEqual(['nut', 'washer', 'bolt', 'screw'])
    expect(session.getState().announcements.at(-1)?.text).toBe('bolt is now 3 of 4.')
    await userEvent.dragAndDrop(page.getByRole('button', { name: /^Move screw/ }), page.elementLocator(row('nut')))
    await expect.poll(order).toEqual(['screw', 'nut', 'washer', 'bolt'])
    expect(committed().map((entry) => entry.labelKey)).toEqual(['moveClass', 'moveClass', 'moveClass'])
    await page.getByRole('searchbox').fill('s')
    expect(row('screw').querySelector('button')?.disabled).toBe(true)
  })

  it('deletes an empty class at once, several of them in one step, and asks about one that has something', async () => {
    await open()
    await page.getByRole('button', { name: 'Delete nut' }).click()
    await expect.poll(order).toEqual(['bolt', 'washer', 'screw'])
    expect(called('classes.remove')).toEqual([{ projectId: 'p1', classIds: ['c1'] }])
    expect(page.getByRole('checkbox', { name: 'Select bolt' }).element()).toHaveProperty('disabled', true)
    await page.getByRole('checkbox', { name: 'Select all that have nothing (2)' }).click()
    await page.getByRole('button', { name: 'Delete selected (2)' }).click()
    await expect.poll(order).toEqual(['bolt'])
    expect(called('classes.remove').at(-1)).toEqual({ projectId: 'p1', classIds: ['c2', 'c3'] })
    await page.getByRole('button', { name: 'Delete or merge bolt' }).click()
    expect(order()).toEqual(['bolt'])
    await page.getByRole('button', { name: 'Delete with everything' }).click()
    await expect.poll(order).toEqual([])
  })

  it('merges a class into another', async () => {
    await open()
    await page.getByRole('button', { name: 'Delete or merge bolt' }).click()
    await expect.element(page.getByTestId('class-removal')).toMatchTextContent(/812 proposed, 3 examples, 2 versions/)
    await page.getByRole('combobox', { name: 'Merge into' }).selectOptions('washer')
    await page.getByRole('button', { name: 'Merge', exact: true }).click()
    await expect.poll(order).toEqual(['nut', 'washer', 'screw'])
    expect(called('classes.merge')).toEqual([{ projectId: 'p1', classId: 'c0', intoId: 'c2' }])
    expect(session.getState().announcements.at(-1)?.text).toBe(
      '908 annotations of “bolt” now belong to “washer”. Undo takes it back.',
    )
  })

  it('hides and locks a class in the editor', async () => {
    await open()
    await page.getByRole('button', { name: 'Hide nut in the editor' }).click()
    await page.getByRole('button', { name: 'Lock nut in the editor' }).click()
    expect([...session.getState().hiddenClassIds]).toEqual(['c1'])
    expect([...session.getState().lockedClassIds]).toEqual(['c1'])
    await page.getByRole('button', { name: 'Show nut in the editor' }).click()
    expect([...session.getState().hiddenClassIds]).toEqual([])
  })

  it('stays usable with a hundred classes', async () => {
    const many = Array.from({ length: 100 }, (_, index) => `class ${String(index).padStart(2, '0')}`)
    await open(many)
    const startedMs = performance.now()
    await page.getByRole('searchbox').fill('class 42')
    await vi.waitFor(() => expect(order()).toEqual(['class 42']))
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    expect(document.querySelectorAll('option').length).toBeLessThan(50)
  })
})
