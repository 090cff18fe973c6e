import type { Preferences } from '../../shared/domain/preferences.ts'

/**
 * The built page with theme, motion and language on its root element, so that the very first paint is right: the
 * page's own script runs after it. Says nothing a stranger could use. With `system` the page decides by itself.
 */
export function personalisePage(html: string, preferences: Preferences): string {
  const { theme, reducedMotion, language } = preferences
  const lang = language === 'system' ? 'en' : language
  return html.replace(
    /<html lang="[^"]*"[^>]*>/,
    `<html lang="${lang}" data-theme="${theme}" data-motion="${reducedMotion}">`,
  )
}
