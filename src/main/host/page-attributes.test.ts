import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultPreferences } from '../../shared/domain/preferences.ts'
import { personalisePage } from './page-attributes.ts'

const html = readFileSync(join(import.meta.dirname, '..', '..', 'renderer', 'index.html'), 'utf8')

test('the page carries theme, motion and language before its script has run', () => {
  const page = personalisePage(html, { ...defaultPreferences, theme: 'dark', language: 'de', reducedMotion: 'on' })
  expect(page).toContain('<html lang="de" data-theme="dark" data-motion="on">')
  expect(page.replace(/<html[^>]*>/, '')).toBe(html.replace(/<html[^>]*>/, ''))
  expect(personalisePage(html, defaultPreferences)).toContain(
    '<html lang="en" data-theme="system" data-motion="system">',
  )
})
