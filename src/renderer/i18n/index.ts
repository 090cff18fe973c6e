import i18next from 'i18next'
import type { ParseKeys } from 'i18next'
import { initReactI18next } from 'react-i18next'
import { english } from './en/index.ts'

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof english }
  }
}

/** A key of the language files, e.g. `gallery.title`. */
export type TranslationKey = ParseKeys

/** Makes the text ready; synchronous, since all of it is part of the program. */
export function startTranslation(): void {
  void i18next.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    initAsync: false,
    resources: { en: { translation: english } },
    // React escapes by itself.
    interpolation: { escapeValue: false },
  })
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
