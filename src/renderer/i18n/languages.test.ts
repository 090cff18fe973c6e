import { expect, test } from 'vitest'
import { german } from './de/index.ts'
import { english } from './en/index.ts'
import { languageFor } from './index.ts'

/** The words of a language by their full key. */
function flat(text: object, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(text).flatMap(([key, value]: [string, unknown]) =>
      typeof value === 'object' && value !== null
        ? [...flat(value, `${prefix}${key}.`)]
        : [[`${prefix}${key}`, String(value)] as const],
    ),
  )
}

const source = flat(english)
const others = { de: flat(german) } as const

/** Same in both languages: names, signs, and words that German has taken over. By key, or all below one. */
const sameWords: Readonly<Record<keyof typeof others, readonly string[]>> = {
  de: [
    'batch.details.normal',
    'classes.version',
    'common.appName',
    'common.name',
    'devices.milliseconds',
    'devices.names.coreml',
    'devices.names.cpu',
    'devices.names.cuda',
    'devices.names.directml',
    'devices.names.webgpu',
    'devices.runtime',
    'devices.times',
    'editor.area',
    'editor.command.polygon',
    'editor.percent',
    'editor.pixels',
    'errors.badTransport',
    'errors.episodeImageMissing',
    'errors.fileMalformed',
    'errors.noAcceptedAnnotation',
    'errors.noEpisodes',
    'errors.portUnavailable',
    'errors.predictorUnknown',
    'errors.tooFewSupports',
    'export.defaultName',
    'export.format',
    'export.formats.coco',
    'export.formats.cvat',
    'export.formats.labelme',
    'export.formats.voc',
    'export.formats.yolo',
    'export.readers',
    'gallery.certainty',
    'gallery.status',
    'help.groups.editor',
    'keys.Alt',
    'keys.ArrowDown',
    'keys.ArrowLeft',
    'keys.ArrowRight',
    'keys.ArrowUp',
    'keys.Escape',
    'keys.Tab',
    'learn.score',
    'learn.version',
    'models.names.msdnet',
    'models.size',
    'settings.languages.de',
    'settings.languages.en',
    'settings.percent',
    'settings.version',
    'welcome.version',
  ],
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{[^}]*\}\}/g)].map(([whole]) => whole).toSorted()
}

/** `_zero` is i18next's own, English and German have `one` and `other`: the forms are the same keys. */
test.each(Object.keys(others) as (keyof typeof others)[])('%s has every text of English and no other', (language) => {
  const words = others[language]
  const missing = [...source.keys()].filter((key) => !words.has(key))
  expect(missing, `missing in src/renderer/i18n/${language}: ${missing.join(', ')}`).toEqual([])
  expect([...words.keys()].filter((key) => !source.has(key))).toEqual([])
})

test.each(Object.keys(others) as (keyof typeof others)[])('%s fills in the same places as English', (language) => {
  const wrong = [...others[language]].filter(([key, text]) => {
    // Sentences of errors may say more or less than in English; `error-sentences.test.ts` checks theirs.
    if (key.startsWith('errors.')) return false
    return placeholders(text).join() !== placeholders(source.get(key) ?? text).join()
  })
  expect(wrong).toEqual([])
})

test.each(Object.keys(others) as (keyof typeof others)[])('%s leaves nothing untranslated', (language) => {
  const isAllowed = (key: string): boolean =>
    sameWords[language].some((same) => key === same || key.startsWith(`${same}.`))
  const same = [...others[language]].filter(([key, text]) => text === source.get(key)).map(([key]) => key)
  const left = same.filter((key) => !isAllowed(key))
  expect(left, `as in English in src/renderer/i18n/${language}: ${left.join(', ')}`).toEqual([])
  const unneeded = sameWords[language].filter((each) => !same.some((key) => key === each || key.startsWith(`${each}.`)))
  expect(unneeded).toEqual([])
})

test('no text is empty or has loose ends', () => {
  for (const words of [source, ...Object.values(others)]) {
    expect([...words].filter(([, text]) => text.trim() === '' || text !== text.trim() || text.includes('  '))).toEqual(
      [],
    )
  }
})

test("the system's languages are asked in their order; a choice wins", () => {
  expect(languageFor('system', ['fr-CH', 'de-CH', 'en'])).toBe('de')
  expect(languageFor('system', ['fr', 'en-GB', 'de'])).toBe('en')
  expect(languageFor('system', ['fr', 'constructor'])).toBe('en')
  expect(languageFor('en', ['de'])).toBe('en')
})
