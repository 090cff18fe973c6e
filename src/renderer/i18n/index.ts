import i18next from 'i18next'
import type { ParseKeys } from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'
import type { Preferences } from '../../shared/domain/preferences.ts'
import { german } from './de/index.ts'
import { english } from './en/index.ts'

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof english }
  }
}

/** A key of the language files, e.g. `gallery.title`. */
export type TranslationKey = ParseKeys

const resources = { en: { translation: english }, de: { translation: german } } as const
export type Language = keyof typeof resources

function isLanguage(name: string): name is Language {
  return Object.hasOwn(resources, name)
}

/** The chosen language, or the first one of the system's that there is; English else. */
export function languageFor(choice: Preferences['language'], wanted: readonly string[]): Language {
  if (choice !== 'system') return choice
  return wanted.map((locale) => locale.split('-')[0] ?? '').find(isLanguage) ?? 'en'
}

/** Makes the text ready; synchronous, since all of it is part of the program. */
export function startTranslation(language: Language = 'en'): void {
  void i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    initAsync: false,
    resources,
    // React escapes by itself.
    interpolation: { escapeValue: false },
  })
}

/** Switches every text that is shown, at once, and tells assistive technology which language the page is in. */
export function setLanguage(language: Language): void {
  document.documentElement.lang = language
  if (i18next.language !== language) void i18next.changeLanguage(language)
}

/** For numbers and dates: the language shown, in the system's own variety of it (`de-AT`) where it has one. */
export function useLocale(): string {
  const { language } = useTranslation().i18n
  return navigator.languages.find((locale) => locale.split('-')[0] === language) ?? language
}

type Params = Readonly<Record<string, string | number>>

/** Text of a key that a command or a history entry carries; its parameters cannot be checked by type. */
export function translate(key: TranslationKey, params: Params = {}): string {
  const lookUp = i18next.t as (key: string, params: Params) => string
  return lookUp(key, params)
}

/** Text whose key is only known at run time (an error's, a history entry's), or the fallback. */
export function translateOr(key: string, params: Params, fallback: string): string {
  return i18next.exists(key, params) ? translate(key as TranslationKey, params) : fallback
}
