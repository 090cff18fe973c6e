import type { review as english } from '../en/review.ts'
import type { Translated } from '../translated.ts'

export const review: Translated<typeof english> = {
  toolbar: 'Prüfen',
  queueLeft_zero: 'Nichts mehr zu prüfen',
  queueLeft_one: '{{count, number}} offen',
  queueLeft_other: '{{count, number}} offen',
  withProposals_one: '{{count, number}} mit Vorschlägen',
  withProposals_other: '{{count, number}} mit Vorschlägen',
  noNext: 'Das ist das letzte Bild.',
  noPrevious: 'Das ist das erste Bild.',
  allReviewed: 'Alle Bilder sind geprüft. Als Nächstes: exportieren.',
  accepted_zero: 'Geprüft. Es gab nichts zu bestätigen.',
  accepted_one: '{{count}} Vorschlag bestätigt.',
  accepted_other: '{{count, number}} Vorschläge bestätigt.',
  notHere_zero: '„{{name}}“ ist nicht in diesem Bild. Vermerkt.',
  notHere_one: '„{{name}}“ ist nicht vorhanden: {{count}} Annotation entfernt.',
  notHere_other: '„{{name}}“ ist nicht vorhanden: {{count}} Annotationen entfernt.',
  markedReviewed: 'Als geprüft markiert.',
  reopened: 'Wieder offen zum Prüfen.',
  command: {
    next: 'Nächstes Bild',
    previous: 'Voriges Bild',
    nextOpen: 'Nächstes ungeprüftes Bild',
    previousOpen: 'Voriges ungeprüftes Bild',
    acceptNext: 'Bestätigen und weiter',
    acceptNextEnter: 'Bestätigen und weiter (nichts ausgewählt)',
    accept: 'Alle Vorschläge hier bestätigen',
    notHere: 'Nicht vorhanden',
    toggleReviewed: 'Als geprüft markieren oder wieder öffnen',
  },
}
