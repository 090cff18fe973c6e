import { afterEach, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { setLanguage } from '../i18n/index.ts'
import { createFakeBridge } from './fake-bridge.test-support.ts'
import { ProblemList } from './ProblemList.tsx'
import { Surroundings } from './render.test-support.tsx'

afterEach(() => setLanguage('en'))

it('says reasons in the language of the page, and what is only a sentence as it came', async () => {
  const reason = 'bad.png is empty (0 bytes); copy it again from its source.'
  await render(
    <Surroundings fake={createFakeBridge()}>
      <ProblemList
        problems={[
          { name: 'bad.png', reason, error: { key: 'imageEmpty', params: { file: 'bad.png' } } },
          { name: 'odd.json', reason: 'It is listed twice; the first entry was read.' },
        ]}
      />
    </Surroundings>,
  )
  await expect.element(page.getByTestId('problems')).toMatchTextContent(/bad\.png is empty \(0 bytes\)/)
  setLanguage('de')
  await expect.element(page.getByTestId('problems')).toMatchTextContent(/bad\.png ist leer \(0 Byte\)/)
  await expect.element(page.getByTestId('problems')).toMatchTextContent(/It is listed twice/)
})
