import type { help as english } from '../en/help.ts'
import type { Translated } from '../translated.ts'

export const help: Translated<typeof english> = {
  title: 'Tastatur',
  search: 'Aktionen suchen',
  none: 'Keine Aktion passt zu „{{text}}“.',
  noKey: 'keine Taste',
  hint: 'Die Liste zeigt, was auf dem Bildschirm dahinter möglich ist. Einzelne Buchstaben ruhen, solange in ein Feld geschrieben wird.',
  groups: {
    app: 'Überall',
    welcome: 'Startbildschirm',
    gallery: 'Galerie',
    classes: 'Klassen',
    editor: 'Editor',
    review: 'Prüfen',
    learn: 'Lernen',
    batch: 'Segmentieren',
    export: 'Exportieren',
    tour: 'Rundgang',
    help: 'Hilfe',
    canvas: 'Maus und Pfeiltasten',
  },
  gesture: {
    pan: 'Ansicht verschieben',
    zoom: 'Am Mauszeiger vergrößern oder verkleinern',
    brushSize: 'Pinselgröße',
    line: 'Gerade Linie vom letzten Strich aus',
    opposite: 'Umgekehrt malen: radieren oder hinzufügen',
    subtract: 'Polygon schließen und abziehen',
    close: 'Polygon schließen',
    select: 'Objekt auswählen',
    extend: 'Alles dazwischen auswählen',
    toggle: 'Zur Auswahl hinzufügen oder herausnehmen',
    open: 'Bild öffnen',
    walk: 'Im Raster bewegen',
  },
  command: {
    open: 'Tastenkürzel',
  },
}
