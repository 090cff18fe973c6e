import { findCommandForKey, invokeCommand, isKeyBound } from './commands.ts'

/** The parts of a `KeyboardEvent` that decide which command it calls. */
export interface KeyPress {
  readonly key: string
  readonly code: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
  readonly altKey: boolean
}

interface Chord {
  readonly ctrl: boolean
  readonly shift: boolean
  readonly alt: boolean
  readonly key: string
}

function parseChord(text: string): Chord {
  const parts = text === '+' ? ['+'] : text.split('+')
  const key = parts.at(-1) ?? ''
  return { ctrl: parts.includes('Ctrl'), shift: parts.includes('Shift'), alt: parts.includes('Alt'), key }
}

const bracketCodes: Readonly<Record<string, string>> = { '[': 'BracketLeft', ']': 'BracketRight' }

/**
 * Whether a key press is the one written as `chord`. Digits and brackets go by their place on the
 * keyboard (`event.code`), letters and names by what they print, other characters by what they print
 * whatever modifier makes them (`?` is Shift+ß on a German keyboard). `Ctrl` means Cmd on a Mac.
 */
export function matchesKey(press: KeyPress, chord: string): boolean {
  const wanted = parseChord(chord)
  const ctrl = press.ctrlKey || press.metaKey
  const sameModifiers = wanted.ctrl === ctrl && wanted.alt === press.altKey
  if (/^[0-9]$/.test(wanted.key)) {
    const sameCode = press.code === `Digit${wanted.key}` || press.code === `Numpad${wanted.key}`
    return sameModifiers && wanted.shift === press.shiftKey && sameCode
  }
  const bracket = bracketCodes[wanted.key]
  if (bracket !== undefined) return sameModifiers && wanted.shift === press.shiftKey && press.code === bracket
  if (wanted.key.length === 1 && !/[a-z]/i.test(wanted.key)) {
    return press.key === wanted.key && (wanted.ctrl ? ctrl : !press.metaKey)
  }
  const printed = press.key === ' ' ? 'space' : press.key.toLowerCase()
  return sameModifiers && wanted.shift === press.shiftKey && printed === wanted.key.toLowerCase()
}

function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true
  const typeless = ['button', 'checkbox', 'color', 'file', 'image', 'radio', 'reset', 'submit', 'range']
  return target instanceof HTMLInputElement && !typeless.includes(target.type)
}

/** Keys a focused control needs for itself: typing in a field, pressing a button, moving a slider. */
function belongsToControl(event: KeyboardEvent): boolean {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey
  const target = event.target
  if (isTextField(target)) {
    if (/^F\d+$/.test(event.key)) return false
    if (event.key === 'Escape') return false
    return plain || /^[acvxyz]$/i.test(event.key) || /^(Arrow|Home|End|Backspace|Delete)/.test(event.key)
  }
  if (!(target instanceof HTMLElement) || !plain) return false
  if (event.key === 'Enter' || event.key === ' ')
    return target.closest('button, a[href], summary, [role=menuitem]') !== null
  if (event.key.startsWith('Arrow') || event.key === 'Home' || event.key === 'End') {
    return (
      target instanceof HTMLInputElement || target.closest('[role=menu], [role=tablist], [role=radiogroup]') !== null
    )
  }
  return false
}

/** A modal dialog or an open menu takes all keys; the window behind it must not act. */
function isModalOpen(): boolean {
  return document.querySelector('dialog:modal, [role=menu][data-state=open]') !== null
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || isModalOpen() || belongsToControl(event)) return
  const matches = (chord: string): boolean => matchesKey(event, chord)
  const command = findCommandForKey(matches)
  if (command !== undefined) {
    event.preventDefault()
    invokeCommand(command, { source: 'key' })
    return
  }
  // A disabled command's key must not fall through to the browser (Ctrl+S, Ctrl+F, F1, …). Plain Tab,
  // Enter and arrows stay the page's own, or it could not be walked by keyboard.
  const special = event.ctrlKey || event.metaKey || /^F\d+$/.test(event.key)
  if (special && isKeyBound(matches)) event.preventDefault()
}

/** Starts the window's only key listener. Returns the function that stops it. */
export function startKeyboard(target: Window): () => void {
  target.addEventListener('keydown', onKeyDown)
  return () => target.removeEventListener('keydown', onKeyDown)
}
