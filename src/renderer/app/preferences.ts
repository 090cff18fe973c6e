import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import type { Bridge } from '../../shared/contract/contract.ts'
import { defaultPreferences } from '../../shared/domain/preferences.ts'
import type { Preferences } from '../../shared/domain/preferences.ts'
import { languageFor, setLanguage } from '../i18n/index.ts'

/** What the person has chosen, as this window shows it. The Node side keeps it; see `keepPreferences`. */
export const preferences = createStore<Preferences>(() => defaultPreferences)

export function usePreference<Part>(select: (state: Preferences) => Part): Part {
  return useStore(preferences, select)
}

/** Takes effect at once, in every window, and is kept. */
export function changePreferences(change: Partial<Preferences>): void {
  preferences.setState(change)
}

/** @param opacity of the masks' fill; kept within 0 and 1, whole percents */
export function setMaskOpacity(opacity: number): void {
  changePreferences({ maskOpacity: Math.min(1, Math.max(0, Math.round(opacity * 100) / 100)) })
}

/** Shows the page as chosen: theme and motion are attributes that the style sheet reads. */
function applyPreferences({ theme, reducedMotion, language }: Preferences): void {
  const root = document.documentElement
  if (root.dataset['theme'] !== theme) {
    // All at once: with their transitions, hundreds of colours would fade one by one.
    root.dataset['switching'] = ''
    root.dataset['theme'] = theme
    getComputedStyle(root).getPropertyValue('color')
    requestAnimationFrame(() => delete root.dataset['switching'])
  }
  root.dataset['motion'] = reducedMotion
  setLanguage(languageFor(language, navigator.languages))
}

function difference(from: Preferences, to: Preferences): Partial<Preferences> {
  const names = Object.keys(to) as (keyof Preferences)[]
  return Object.fromEntries(names.filter((name) => from[name] !== to[name]).map((name) => [name, to[name]]))
}

/** Reads what is kept, before anything is shown. */
export async function loadPreferences(bridge: Bridge): Promise<void> {
  preferences.setState(await bridge.preferences.get({}), true)
  applyPreferences(preferences.getState())
}

/**
 * Sends what is changed here to the Node side, one call at a time (a slider changes many times a second), and takes
 * over what another window changes. Returns the function that stops it.
 */
export function keepPreferences(bridge: Bridge, onFailure: (error: unknown) => void): () => void {
  let kept = preferences.getState()
  let sending = false

  async function send(): Promise<void> {
    const change = difference(kept, preferences.getState())
    if (sending || Object.keys(change).length === 0) return
    sending = true
    const sent = { ...kept, ...change }
    try {
      kept = await bridge.preferences.set(change)
      // With what another window has changed meanwhile; what was changed here meanwhile is sent next.
      preferences.setState({ ...kept, ...difference(sent, preferences.getState()) })
    } catch (error) {
      // It holds here all the same; sending it again and again would not help.
      kept = sent
      onFailure(error)
    } finally {
      sending = false
    }
    await send()
  }

  function takeOver(now: Preferences): void {
    // While something is on its way from here, its answer says what holds.
    if (sending) return
    kept = now
    if (Object.keys(difference(preferences.getState(), now)).length > 0) preferences.setState(now, true)
  }

  /** What was changed while no event could come: since the page began to load, or the connection was lost. */
  function read(): void {
    bridge.preferences.get({}).then(takeOver, onFailure)
  }

  const stops = [
    preferences.subscribe((now) => {
      applyPreferences(now)
      void send()
    }),
    bridge.preferences.changed(takeOver),
    bridge.connection((state) => {
      if (state === 'connected') read()
    }),
  ]
  read()
  return () => {
    for (const stop of stops) stop()
  }
}
