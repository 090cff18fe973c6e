import type { settings as english } from '../en/settings.ts'
import type { Translated } from '../translated.ts'

export const settings: Translated<typeof english> = {
  title: 'Einstellungen',
  appearance: 'Darstellung',
  model: 'Modell',
  device: 'Gerät',
  about: 'Über',
  theme: 'Farbschema',
  themes: { system: 'Wie das System', light: 'Hell', dark: 'Dunkel' },
  language: 'Sprache',
  languages: { system: 'Wie das System', en: 'English', de: 'Deutsch' },
  motion: 'Weniger Bewegung',
  motions: { system: 'Wie das System', on: 'Ein', off: 'Aus' },
  motionHint: 'Mit weniger Bewegung gleitet, blendet und dreht sich nichts.',
  maskOpacity: 'Deckkraft der Masken',
  maskOpacityHint: 'Wie stark Masken im Editor das Bild überdecken. Dort ändern die Tasten , und . sie.',
  percent: '{{percent, number}} %',
  version: 'Version {{version}}',
  local: 'Alles läuft auf diesem Computer. Bilder, Masken und Gelerntes verlassen ihn nicht.',
  licence: 'Lizenz',
  licenceText:
    'Apache License 2.0. Der Text ist die Datei LICENSE im Programmordner; die Pakete darin bringen ihre eigenen mit.',
  program: 'Programmordner',
  configuration: 'Einstellungen und zuletzt geöffnete Projekte',
  projects: 'Projekte',
  projectsText:
    'Jedes Projekt ist der Ordner, der dafür gewählt wurde: die Datenbank project.db und ein Zwischenspeicher, der jederzeit gelöscht werden darf.',
  command: { open: 'Einstellungen' },
}
